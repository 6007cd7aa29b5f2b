//! The options of one configured import.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;

use super::access::{self, Access};
use super::dialect::{DialectOptions, LineBreaks};
use super::expected::Expected;
use super::fields::Fields;
use super::files::FilePatterns;
use super::location::{self, Location};
use super::match_by::{self, MatchBy};
use super::query::QueryOptions;
use super::subscriptions::{self, Subscription};
use super::values::{Email, PREFIX, PhonePrefix, Recipients};
use crate::bounds;

/// One configured import, all options resolved: an empty object `{}` in the document is complete.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImportOptions {
    /// Names that its files may have, besides `<universe>_<scope>_<name>_<yyyymmdd>.csv`: a pattern such as
    /// `products_{date}.csv`, or a list of them. `{date}` stands for a day (`20261128`, `2026-11-28`, `2026_11_28`), and
    /// `{date:dd-mm-yyyy}` for one in another form; without it, the date of a file is the day on which it arrives.
    /// `{suffix}` stands for letters and digits, `*` for anything. What a file is packed in (`.gz`, `.zip`) does not
    /// count. Two imports whose patterns fit the same name are a mistake.
    pub files: FilePatterns,
    /// The query that fetches its rows from a database. Files may be dropped as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<QueryOptions>,
    /// Which records lines may touch.
    pub mode: Mode,
    /// How many rejected lines a file may have.
    pub policy: Policy,
    /// What an empty cell means for a record that exists. Unless given, `ignore`; `clear` for an import with a query.
    pub empty: Empty,
    /// How the files are written.
    #[serde(flatten)]
    pub dialect: DialectOptions,
    /// True if repairs that are beyond doubt are made when a file is imported, and counted in its report: those of
    /// `tidewaiter check --fix`. Only for files in the strict form; a file of more than 16 MiB is imported as it is.
    pub fix: bool,
    /// What records are matched by; their key unless given. A column, such as `customer_key`; or, for contacts, the address
    /// of a subscription.
    pub match_by: Option<MatchBy>,
    /// What is filled from where an IP address is.
    pub location: Option<Location>,
    /// What lines subscribe their contacts to.
    #[schemars(length(max = bounds::SUBSCRIPTIONS.most))]
    pub subscriptions: Vec<Subscription>,
    /// True if the changes that its files make are marked in the change feed: nothing is to be started because of them, such
    /// as the messages that a new contact gets.
    pub quiet: bool,
    /// When it is checked that the records which lines refer to exist.
    pub check_references: CheckReferences,
    /// The file is the whole of the scope or of a list: what it does not name is removed or unsubscribed.
    pub replace_all: Option<ReplaceAll>,
    /// What becomes of a file with the same content as one that this import has taken before.
    pub duplicates: Duplicates,
    /// When files are expected: if none has come by then, those who get alerts are told.
    pub expected: Option<Expected>,
    /// The country code of telephone numbers that begin with one 0; that of the settings unless given.
    pub phone_prefix: Option<PhonePrefix>,
    /// The recipients of the report of each run; those of the settings unless given.
    #[schemars(length(max = bounds::RECIPIENTS.most))]
    pub report_recipients: Vec<Email>,
    /// The recipients of an alert when a file is refused or an import fails; those of the settings unless given.
    #[schemars(length(max = bounds::RECIPIENTS.most))]
    pub alert_recipients: Vec<Email>,
    /// Which reports are mailed to those who get reports; as the settings say unless given.
    pub report_on: ReportOn,
    /// Which reports go into one mail to those who get reports; as the settings say unless given. Alerts are never
    /// held back for it.
    pub digest: Digest,
    /// Short texts by which the page finds imports.
    #[schemars(length(max = bounds::TAGS.most), inner(regex(pattern = access::NAME)), extend("uniqueItems" = true))]
    pub tags: Vec<String>,
    /// Which groups may see, change or run the import on the page. The command line is the operator's, who may do all.
    pub access: Access,
}

/// Which reports are mailed to those who get reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportOn {
    /// All.
    #[default]
    Always,
    /// Those of files that need attention: not imported, partly imported, or with findings.
    Problems,
}

/// Which reports go into one mail.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Digest {
    /// None: each file has a mail of its own.
    #[default]
    None,
    /// Those of a run: the mail is sent when the repository has nothing left to do, and no later than an hour after
    /// the first file of it.
    Run,
    /// Those of an hour, in UTC.
    Hour,
    /// Those of a day, in UTC.
    Day,
}

impl Digest {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Run => "run",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// Which records the lines of a file may touch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Create those that do not exist, change those that do.
    #[default]
    Upsert,
    /// Only create; a line whose record exists leaves it alone and counts as unchanged.
    Create,
    /// Only change; a line whose record does not exist is left alone and counts as unchanged.
    Update,
}

/// What an empty cell does to the value of a record that exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Empty {
    /// Nothing: the value stays.
    #[default]
    Ignore,
    /// The value is removed.
    Clear,
}

/// What becomes of a file that came before under another name, or again under the same one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// It is imported like any other.
    #[default]
    Import,
    /// It is put under `notprocessed/`, and nothing of it is loaded.
    Skip,
    /// It is imported, and the report says so.
    Alert,
}

/// When it is checked that the records which lines refer to exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckReferences {
    /// When lines are loaded: those whose parent is missing are rejected, and the policy has no say.
    #[default]
    Load,
    /// Also before anything is loaded, and the policy counts them. A parent that comes earlier in the same
    /// group is there.
    Group,
}

/// A file that is the whole of a scope or of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReplaceAll {
    /// The list whose members the file names: those it does not name leave the list. All records of the
    /// scope unless given: those it does not name are removed.
    #[schemars(range(max = MOST_LISTS))]
    pub list: Option<u32>,
    /// The greatest share of the records that may go, from 0 to 1: a file that would remove more is
    /// refused as a whole, since it is likely to be cut off.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_removed: f64,
}

/// The greatest number of a list.
const MOST_LISTS: u32 = 999_999_999;

impl Default for ReplaceAll {
    fn default() -> Self {
        Self { list: None, max_removed: 0.1 }
    }
}

impl ReplaceAll {
    /// Judges a file by the records there are and those it would remove: `None` if it passes, otherwise
    /// why not, in words and numbers.
    ///
    /// ```
    /// use tidewaiter_schema::config::ReplaceAll;
    ///
    /// let guard = ReplaceAll { max_removed: 0.2, ..ReplaceAll::default() };
    /// assert_eq!(guard.verdict(10, 2), None);
    /// assert_eq!(
    ///     guard.verdict(10, 3).as_deref(),
    ///     Some("the file would remove 3 of 10 records, but max_removed allows at most 20 %")
    /// );
    /// ```
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 records")]
    pub fn verdict(&self, records: u64, removed: u64) -> Option<String> {
        let passes = records == 0 || removed as f64 / records as f64 <= self.max_removed;
        let (what, of) = match self.list {
            None => ("remove", "records".to_owned()),
            Some(list) => ("take", format!("members off list {list}")),
        };
        let allowed = percent(self.max_removed);
        (!passes).then(|| {
            format!("the file would {what} {removed} of {records} {of}, but max_removed allows at most {allowed} %")
        })
    }

    fn read(fields: &mut Fields<'_>) -> Self {
        let list = fields.read_number("list", 0..=MOST_LISTS.into());
        let share =
            fields.read_checked("max_removed", "a share from 0 to 1", |share| (0.0..=1.0).contains(share));
        let default = Self::default();
        Self {
            list: list.and_then(|list| u32::try_from(list).ok()),
            max_removed: share.unwrap_or(default.max_removed),
        }
    }
}

/// How many rejected lines a file may have before none of it is loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Any number: they are put aside, the others are loaded.
    #[default]
    Quarantine,
    /// None.
    Strict,
    /// At most this many.
    MaxRejected(#[schemars(range(max = MOST_REJECTED))] u64),
    /// At most this share of the lines read, from 0 to 1.
    MaxRejectedShare(#[schemars(range(min = 0.0, max = 1.0))] f64),
}

/// More lines than any file has, and still exact wherever JSON is read.
const MOST_REJECTED: u64 = 1 << 53;

impl Policy {
    /// Judges a file by its lines: `None` if it passes, otherwise why not, in words and numbers.
    ///
    /// ```
    /// use tidewaiter_schema::config::Policy;
    ///
    /// assert_eq!(Policy::MaxRejectedShare(0.05).verdict(100, 5), None);
    /// assert_eq!(
    ///     Policy::Strict.verdict(120, 1).as_deref(),
    ///     Some("1 of 120 lines was rejected, but the policy allows none")
    /// );
    /// ```
    #[expect(clippy::cast_precision_loss, reason = "no file has 2^53 lines")]
    pub fn verdict(&self, read: u64, rejected: u64) -> Option<String> {
        let (passes, allowed) = match *self {
            Self::Quarantine => return None,
            Self::Strict => (rejected == 0, "none".to_owned()),
            Self::MaxRejected(most) => (rejected <= most, format!("at most {most}")),
            // Divided, not multiplied: 29 of 100 is then exactly the share that people write as 0.29.
            Self::MaxRejectedShare(most) => {
                (read == 0 || rejected as f64 / read as f64 <= most, format!("at most {} %", percent(most)))
            }
        };
        let were = if rejected == 1 { "was" } else { "were" };
        let lines = if read == 1 { "line" } else { "lines" };
        (!passes)
            .then(|| format!("{rejected} of {read} {lines} {were} rejected, but the policy allows {allowed}"))
    }

    fn is_possible(&self) -> bool {
        match self {
            Self::Quarantine | Self::Strict => true,
            Self::MaxRejected(most) => *most <= MOST_REJECTED,
            Self::MaxRejectedShare(share) => (0.0..=1.0).contains(share),
        }
    }
}

/// A share as a percentage, without the digits that binary fractions add.
fn percent(share: f64) -> f64 {
    (share * 100.0 * 1e9).round() / 1e9
}

impl ImportOptions {
    /// Reads the options at a path. What is wrong is reported, and its default taken.
    pub(super) fn read(
        path: &str,
        value: Value,
        defaults: &super::Settings,
        mistakes: &mut Vec<Mistake>,
    ) -> Self {
        let Some(mut fields) = Fields::open(path, value, mistakes) else { return Self::default() };
        let mode = fields.read_word("mode", &["upsert", "create", "update"]);
        let policy = fields.read_checked("policy", POLICY, Policy::is_possible);
        let empty = fields.read_word("empty", &["ignore", "clear"]);
        let files = FilePatterns::read(&mut fields);
        let query = fields.read_object("query", QueryOptions::read);
        let says_line_breaks = fields.has("line_breaks");
        let mut dialect = DialectOptions::read(&mut fields);
        if query.is_some() {
            QueryOptions::check_form(&mut fields, &dialect);
            // Texts of databases hold line breaks, which the files of a query keep within quotes.
            if !says_line_breaks {
                dialect.line_breaks = LineBreaks::Keep;
            }
        }
        let fix = fields.read("fix", "true or false").unwrap_or_default();
        if fix && !dialect.is_strict() {
            let message =
                "`fix` repairs files in the strict form; leave it out, or what says how files are written";
            let at = fields.at("fix");
            fields.mistakes.push(Mistake::new(at, message));
        }
        let match_by = match_by::read(&mut fields);
        let location = location::read(&mut fields);
        let subscriptions = subscriptions::read(&mut fields);
        let quiet = fields.read("quiet", "true or false").unwrap_or_default();
        let check_references = fields.read_word("check_references", &["load", "group"]);
        let replace_all = fields.read_object("replace_all", |inner| Some(ReplaceAll::read(inner)));
        if replace_all.is_some() && query.as_ref().is_some_and(|query| query.last_item.is_some()) {
            let message = "with `last_item` a read has a part of the rows, and `replace_all` takes a file for the whole";
            let mistake = Mistake::new(fields.at("replace_all"), message);
            fields.mistakes.push(mistake.with_hint("remove one of the two"));
        }
        let duplicates = fields.read_word("duplicates", &["import", "skip", "alert"]);
        let expected = fields.read_object("expected", Expected::read);
        let phone_prefix = fields.read("phone_prefix", PREFIX);
        let recipients = Recipients::read(&mut fields);
        let (report_on, digest) = read_mailing(&mut fields);
        let tags = access::tags(&mut fields);
        let access = fields.read_object("access", |inner| Some(Access::read(inner))).unwrap_or_default();
        fields.finish();
        Self {
            files,
            mode: mode.unwrap_or_default(),
            policy: policy.unwrap_or_default(),
            // A row says what its record is: a value that is gone there is gone here.
            empty: empty.unwrap_or(if query.is_some() { Empty::Clear } else { Empty::Ignore }),
            query,
            dialect,
            fix,
            match_by,
            location,
            subscriptions,
            quiet,
            check_references: check_references.unwrap_or_default(),
            replace_all,
            duplicates: duplicates.unwrap_or_default(),
            expected,
            phone_prefix: phone_prefix.or_else(|| defaults.phone_prefix.clone()),
            report_recipients: recipients.report.unwrap_or_else(|| defaults.report_recipients.clone()),
            alert_recipients: recipients.alert.unwrap_or_else(|| defaults.alert_recipients.clone()),
            report_on: report_on.unwrap_or(defaults.report_on),
            digest: digest.unwrap_or(defaults.digest),
            tags,
            access,
        }
    }
}

/// Which reports are mailed, and how many in one mail, as far as a document says so.
pub(super) fn read_mailing(fields: &mut Fields<'_>) -> (Option<ReportOn>, Option<Digest>) {
    let report_on = fields.read_word("report_on", &["always", "problems"]);
    (report_on, fields.read_word("digest", &["none", "run", "hour", "day"]))
}

const POLICY: &str =
    r#""quarantine", "strict", {"max_rejected": 100} or {"max_rejected_share": 0.05} (a share from 0 to 1)"#;
