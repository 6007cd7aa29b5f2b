//! How much a configuration may hold.
//!
//! A configuration is read by every run and by every command that looks at a deployment, so it may cost no more
//! than its size allows. Each list has a bound of its own; the bounds are far beyond what people write, and small
//! enough that the most expensive legal document is read in less than a second and 64 MiB. What lies beyond a bound is
//! a mistake at its path, and is not read.
//!
//! The published JSON Schema states each of these bounds that it can express.

use tidewaiter_model::mistake::Mistake;

/// How many values a document may hold: texts, numbers, lists, objects, and everything in them.
pub(crate) const VALUES: usize = 100_000;

/// How many imports a document may configure.
pub(crate) const IMPORTS: Bound = Bound {
    most: 1_000,
    things: "imports",
    advice: "move some of them to another universe, with a document of its own",
};
/// How many scopes a document may add or change.
pub(crate) const SCOPES: Bound =
    Bound { most: 200, things: "scopes", advice: "move some of them to another universe" };
/// How many scopes may be named in `scope_order`.
pub(crate) const SCOPE_ORDER: Bound =
    Bound { most: 250, things: "scopes", advice: "list only those that come first" };
/// How many recipients a list may name: a mail service takes no more for one mail.
pub(crate) const RECIPIENTS: Bound =
    Bound { most: 50, things: "recipients", advice: "use the address of a mailing list instead" };
/// How many days a list may name.
pub(crate) const DAYS: Bound = Bound { most: 7, things: "days", advice: "name each day once" };

/// How many times of the day a schedule may have.
pub(crate) const TIMES: Bound =
    Bound { most: 48, things: "times", advice: "use an interval such as \"15 minutes\"" };
/// How many days of a month a schedule may have.
pub(crate) const DAYS_OF_MONTH: Bound = Bound { most: 31, things: "days", advice: "use \"every\": \"day\"" };
/// How many dates a schedule may have.
pub(crate) const SCHEDULED_DATES: Bound =
    Bound { most: 366, things: "dates", advice: "keep those of the next year" };

/// The longest query, in bytes.
pub(crate) const SQL_BYTES: Bound =
    Bound { most: 65_536, things: "bytes of SQL", advice: "make a view of it, and select from that" };

/// How many fields a document may give to one scope.
pub(crate) const FIELDS: Bound =
    Bound { most: 5_000, things: "fields", advice: "split the scope into several that refer to each other" };
/// How many fields all scopes of a document may have together.
pub(crate) const ALL_FIELDS: Bound =
    Bound { most: 10_000, things: "fields in all scopes together", advice: "split the document by universe" };
/// How many columns a key, a reference or a set of columns may have.
pub(crate) const COLUMNS: Bound = Bound { most: 16, things: "columns", advice: "use fewer columns" };
/// How many references a document may give to one scope.
pub(crate) const REFERENCES: Bound =
    Bound { most: 20, things: "references", advice: "split the scope into several that refer to each other" };
/// How many scopes a reference may look in besides its first.
pub(crate) const OR_IN: Bound = Bound { most: 16, things: "scopes", advice: "refer to fewer scopes" };
/// How many sets of columns `requireAny` may name.
pub(crate) const SETS: Bound =
    Bound { most: 20, things: "sets of columns", advice: "leave out what others imply" };
/// How many texts may mean "no value", true, or false.
pub(crate) const WORDS: Bound =
    Bound { most: 50, things: "texts", advice: "ask the partner to use fewer of them" };
/// How many values an `enum` may list.
pub(crate) const ENUM: Bound = Bound {
    most: 1_000,
    things: "values",
    advice: "keep longer lists as records of a scope and reference them with foreignKeys",
};
/// How many patterns of file names an import may have.
pub(crate) const FILE_PATTERNS: Bound =
    Bound { most: 20, things: "patterns", advice: "use `*` for what differs, or make several imports" };
/// How many tags an import may have.
pub(crate) const TAGS: Bound = Bound { most: 20, things: "tags", advice: "use fewer of them" };
/// How many groups a right may be given to.
pub(crate) const GROUPS: Bound =
    Bound { most: 50, things: "groups", advice: "make one group of several in the directory of your users" };
/// How many subscriptions a line may have.
pub(crate) const SUBSCRIPTIONS: Bound =
    Bound { most: 20, things: "subscriptions", advice: "split the import into several" };
/// How many columns a line may adjust in another record.
pub(crate) const ADJUSTED: Bound = Bound { most: 20, things: "columns", advice: "adjust fewer columns" };

/// The longest pattern, in bytes.
pub(crate) const PATTERN_BYTES: Bound =
    Bound { most: 1_000, things: "bytes", advice: "list the values in an enum, or check less" };
/// The longest format of a date or time, in bytes: `%d/%m/%Y`.
pub(crate) const FORMAT_BYTES: Bound =
    Bound { most: 64, things: "bytes", advice: "write it like `%d/%m/%Y`" };

/// How many configurations may be active in a repository.
pub(crate) const UNIVERSES: Bound = Bound {
    most: 100,
    things: "universes in this repository",
    advice: "move some of them to another repository",
};
/// How many imports all active configurations of a repository may have together.
pub(crate) const ALL_IMPORTS: Bound = Bound {
    most: 5_000,
    things: "imports in all documents of the repository together",
    advice: "move some universes to another repository",
};
/// How many patterns of file names all active configurations of a repository may have together.
pub(crate) const ALL_FILE_PATTERNS: Bound = Bound {
    most: 500,
    things: "patterns of file names in all documents of the repository together",
    advice: "move some universes to another repository",
};
/// How large all active configurations of a repository may be together, in bytes.
pub(crate) const ALL_BYTES: Bound = Bound {
    most: 4 << 20,
    things: "bytes in all documents of the repository together",
    advice: "move some universes to another repository",
};
/// How many recipients the settings of all active configurations of a repository may name together, in each list.
pub(crate) const ALL_RECIPIENTS: Bound = Bound {
    most: 50,
    things: "recipients in all documents of the repository together",
    advice: RECIPIENTS.advice,
};
/// How much the patterns of all active configurations of a repository may cost together, in bytes.
pub(crate) const ALL_PATTERNS: Bound = Bound {
    most: 32 << 20,
    things: "bytes of compiled patterns in all documents of the repository together",
    advice: "move some universes to another repository, or repeat less in patterns",
};

/// How many of some things there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    /// The most that are allowed.
    pub(crate) most: usize,
    /// What is counted, for messages.
    things: &'static str,
    /// What to do about more.
    advice: &'static str,
}

impl Bound {
    /// The mistake at a path if there are more than allowed.
    pub(crate) fn check(&self, path: impl AsRef<str>, count: usize) -> Option<Mistake> {
        let Self { most, things, advice } = self;
        (count > *most).then(|| {
            Mistake::new(path, format!("{count} {things} where at most {most} are allowed"))
                .with_hint(*advice)
        })
    }
}
