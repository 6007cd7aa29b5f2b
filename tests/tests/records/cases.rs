//! Sequences of files over few records, so that lines often meet.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use proptest::prelude::*;
use tidewaiter::config::{Config, Mode};

use tidewaiter_tests::reference::{Options, ReplaceAll, Subscribes};
use tidewaiter_tests::spelling::ean13;

/// A column: its name, whether lines must have a value, and the values to choose from.
type Column = (&'static str, bool, &'static [&'static str]);

const CONTACT: Column = (
    "contact",
    true,
    &[
        "a@x.org",
        "A@X.org",
        "b@x.org",
        "0612345678",
        "0033612345678",
        "+33 (0)6 12 34 56 78",
        "33611111111",
        "+33 06 12 34 56 78",
        "A@mu\u{308}.org",
        "a@xn--m-eha.org",
    ],
);
const STORE: Column = ("store_id", false, &["", "S1", "S2", "cafe\u{301}"]);
const ORDER: Column = ("order_id", false, &["", "1", "10"]);
const CARD: Column = ("card_code", true, &["2990000000019", "2990000000026", "A's"]);
const REWARD: Column = ("reward_id", true, &["R1", "R2"]);
const DATE: Column = (
    "order_date",
    true,
    &[
        "2026-01-01T00:00:00Z",
        "2026-01-02T00:00:00Z",
        "2026-01-01T01:00:00+01:00",
        "2026-01-01T00:00:00.000Z",
    ],
);
const PHONES: &[&str] = &[
    "",
    "0612345678",
    "0033612345678",
    "+33612345678",
    "+33 (0)6 12 34 56 78",
    "0033 611111111",
    "06.22",
    "+33 06 12 34 56 78",
    "330612345678",
];
/// Texts that are no keys: they stay as they are written.
const NAMES: &[&str] = &["", "Ada", "Bob", "Ze\u{301}", "Z\u{e9}"];
const ACTIVE: Column = ("active", false, &["", "1", "true", "0"]);

/// The columns of a scope that are used here.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn columns(scope: &str) -> &'static [Column] {
    match scope {
        "contacts" => &[
            (
                "email",
                false,
                &[
                    "a@x.org",
                    "A@X.org",
                    "b@x.org",
                    "",
                    "c@x.org",
                    "a@m\u{fc}.org",
                    "a@MU\u{308}.org",
                    "a@xn--m-eha.org",
                ],
            ),
            ("cellphone", false, PHONES),
            ("customer_key", false, &["", "C1", "C2", "Ce\u{301}", "C\u{e9}"]),
            ("firstname", false, NAMES),
            ("subscriptions", false, &["", "5", "-5", "0 5", "-0,7", "7 -7", "12 5"]),
        ],
        "deletecontacts" => &[
            ("email", false, &["a@x.org", "", "B@x.org", "c@x.org", "a@mu\u{308}.org"]),
            ("cellphone", false, PHONES),
            ("customer_key", false, &["", "C1", "C2", "Ce\u{301}"]),
            ("reason", false, NAMES),
        ],
        "stores" => &[
            ("store_id", true, &["S1", "S2", "caf\u{e9}", "cafe\u{301}"]),
            ("name", true, &["North", "South"]),
            ("phone", false, PHONES),
            ("email", false, &["", "North@x.org", "north@X.org"]),
            ACTIVE,
        ],
        "products" => &[
            ("product_id", true, &["P1", "P2", "P3"]),
            ("name", true, &["Boat", "Tug"]),
            ("ean", false, &["", "12345678", "87654321"]),
            ("stock", false, &["", "1", "2", "02"]),
            ACTIVE,
        ],
        "orders" => &[
            ("order_id", true, &["1", "10", "1 0"]),
            CONTACT,
            STORE,
            DATE,
            ("total_price", true, &["1", "2", "1.00", "2.0"]),
            ("status", false, &["", "paid"]),
        ],
        "abandonedcarts" => &[
            ("order_id", true, &["1", "10", "1 0"]),
            CONTACT,
            STORE,
            DATE,
            ("total_price", true, &["1", "2", "1.00", "2.0"]),
            ("currency", false, &["", "EUR"]),
        ],
        "ordersitems" => &[
            ("order_id", true, &["1", "10", "1 0"]),
            ("product_id", true, &["P1", "P2"]),
            ("quantity", true, &["1", "2"]),
            ("unit_price", true, &["3", "3.0"]),
            ("size", false, &["", "M"]),
        ],
        "batch" => &[
            ("batch_id", true, &["X", "Y"]),
            ("label", false, NAMES),
            ("batch_date", true, &["2026-01-01T00:00:00Z"]),
            ("comment", false, NAMES),
        ],
        "cardcode" => &[
            ("card_code", false, &["", "2990000000019", "2990000000026", "A's"]),
            CONTACT,
            ("tier", false, &["", "gold", "silver"]),
            ("status", false, &["", "active", "blocked"]),
        ],
        "creditpoints" => {
            &[CARD, ("points", true, &["10", "-3", "0", "007"]), ("reason", false, NAMES), ORDER]
        }
        "tierchange" => &[
            CARD,
            (
                "change_date",
                true,
                &[
                    "2026-01-01T00:00:00Z",
                    "2026-01-01T01:00:00+01:00",
                    "2026-02-01T00:00:00Z",
                    "2025-12-31T23:30:00-01:00",
                ],
            ),
            ("tier", true, &["gold", "silver"]),
            ("reason", false, NAMES),
        ],
        "masterreward" => &[REWARD, ("name", true, &["Ten", "Twenty"]), ("points", false, &["", "5"])],
        "earnreward" => &[
            ("earn_id", true, &["E1", "E2", "E3"]),
            CARD,
            REWARD,
            ("earn_date", true, &["2026-01-01T00:00:00Z"]),
            ORDER,
            ("expires_on", false, &["", "2026-12-31"]),
        ],
        "burnreward" => &[
            ("burn_id", true, &["B1", "B2", "B3"]),
            ("earn_id", true, &["E1", "E2"]),
            CARD,
            REWARD,
            ("burn_date", true, &["2026-01-02T00:00:00Z"]),
            STORE,
        ],
        "events" => &[
            ("event_id", true, &["V1", "V2", "V3"]),
            CONTACT,
            ("event_name", true, &["visit", "call"]),
            ("event_date", true, &["2026-01-01T00:00:00Z"]),
            STORE,
            ("value", false, &["", "1.5", "1.50"]),
        ],
        other => panic!("{other} is not among the scopes"),
    }
}

/// Scopes that have to do with each other, and files that most of their cases begin with.
const THEMES: [(&[&str], &[&str]); 4] = [
    (&["contacts", "contacts", "deletecontacts"], &["contacts"]),
    (
        &["orders", "abandonedcarts", "ordersitems", "abandonedcarts", "orders", "ordersitems", "contacts"],
        &["contacts", "stores", "products", "orders", "abandonedcarts", "ordersitems"],
    ),
    (
        &["cardcode", "creditpoints", "tierchange", "earnreward", "burnreward", "burnreward", "masterreward"],
        &["contacts", "cardcode", "masterreward", "earnreward"],
    ),
    (&["products", "stores", "batch", "events", "contacts", "deletecontacts"], &["contacts", "products"]),
];

/// The lines of the files that cases begin with: enough for references to lead somewhere.
fn first_lines(scope: &str) -> (&'static str, &'static [&'static str]) {
    match scope {
        "contacts" => (
            "email;cellphone;customer_key;subscriptions",
            &["a@x.org;33612345678;C1;5", "b@x.org;;C2;0 5", ";33612345678;;7", ";+33611111111;C3;5 7"],
        ),
        "stores" => ("store_id;name", &["S1;North", "S2;South"]),
        "products" => ("product_id;name;ean", &["P1;Boat;12345678", "P2;Tug;87654321", "P3;Tug;"]),
        "orders" => ("order_id;contact;order_date;total_price", &["10;a@x.org;2026-01-01T00:00:00Z;1"]),
        "abandonedcarts" => (
            "order_id;contact;order_date;total_price",
            &["1;a@x.org;2026-01-01T00:00:00Z;1", "1 0;a@x.org;2026-01-01T00:00:00Z;1"],
        ),
        "ordersitems" => ("order_id;product_id;quantity;unit_price", &["10;P1;1;3", "1;P1;1;3", "10;P2;1;3"]),
        "cardcode" => ("card_code;contact", &[";a@x.org", "2990000000019;b@x.org", "2990000000026;a@x.org"]),
        "masterreward" => ("reward_id;name", &["R1;Ten", "R2;Twenty"]),
        "earnreward" => (
            "earn_id;card_code;reward_id;earn_date",
            &["E1;2990000000019;R1;2026-01-01T00:00:00Z", "E2;2990000000019;R1;2026-01-01T00:00:00Z"],
        ),
        other => panic!("no case begins with {other}"),
    }
}

/// A sequence of files.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) files: Vec<CaseFile>,
    /// Decides what the case itself leaves open: batches, interruptions, the order of loaders.
    pub(crate) seed: u64,
}

/// One of the files.
#[derive(Clone)]
pub(crate) struct CaseFile {
    pub(crate) scope: &'static str,
    pub(crate) options: Options,
    pub(crate) csv: String,
}

impl fmt::Debug for CaseFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.scope, self.options.name(), self.csv.replace('\n', " | "))
    }
}

/// Numbers from which a file is made.
#[derive(Debug, Clone)]
struct Seeds {
    scope: usize,
    options: u16,
    left_out: u8,
    /// The file before comes once more instead.
    again: bool,
    lines: Vec<[u8; 6]>,
}

/// Cases, each of a few small files.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let file = (
        any::<u8>(),
        any::<u16>(),
        any::<u8>(),
        any::<u8>(),
        proptest::collection::vec(any::<[u8; 6]>(), 0..10),
    );
    let file = file.prop_map(|(scope, options, one, other, lines)| Seeds {
        scope: usize::from(scope),
        options,
        left_out: one & other,
        again: options >> 13 == 7,
        lines,
    });
    let first = (any::<u16>(), any::<u16>(), any::<u16>()).prop_map(|(a, b, c)| a & b & c);
    let files = proptest::collection::vec(file, 1..=5);
    (0..THEMES.len(), any::<bool>(), first, files, any::<u64>()).prop_map(
        |(theme, prefix, first, files, seed)| {
            let (scopes, begin) = THEMES[theme];
            let prefix = prefix.then_some("33");
            let mut all: Vec<CaseFile> = begin
                .iter()
                .enumerate()
                .map(|(n, scope)| first_file(scope, first >> (3 * n), prefix))
                .collect();
            for seeds in &files {
                let again = all.last().filter(|_| seeds.again).cloned();
                let scope = scopes[seeds.scope % scopes.len()];
                all.push(again.unwrap_or_else(|| file_of(scope, seeds, prefix)));
            }
            Case { files: all, seed }
        },
    )
}

fn first_file(scope: &'static str, left_out: u16, prefix: Option<&'static str>) -> CaseFile {
    let (header, lines) = first_lines(scope);
    let kept = lines.iter().enumerate().filter(|(n, _)| left_out >> n & 1 == 0).map(|(_, line)| *line);
    let csv: String = std::iter::once(header).chain(kept).flat_map(|line| [line, "\n"]).collect();
    let subscribes = Subscribes::Nothing;
    let options =
        Options { mode: Mode::Upsert, clear: false, match_by: None, replace_all: None, prefix, subscribes };
    CaseFile { scope, options, csv }
}

fn file_of(scope: &'static str, seeds: &Seeds, prefix: Option<&'static str>) -> CaseFile {
    let possible: Vec<&Options> = SUBSECTIONS
        .iter()
        .filter(|(of, options)| *of == scope && options.prefix == prefix)
        .map(|(_, o)| o)
        .collect();
    // Every other file is a plain one.
    let at = usize::from(seeds.options);
    let options = possible[if at % 2 == 0 { 0 } else { at / 2 % possible.len() }].clone();
    let columns: Vec<&Column> = (columns(scope).iter().enumerate())
        .filter(|(n, (name, required, _))| {
            *required || seeds.left_out >> n & 1 == 0 || options.match_column() == Some(*name)
        })
        .map(|(_, column)| column)
        .collect();
    let names: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
    let mut csv = names.join(";") + "\n";
    for line in &seeds.lines {
        let cells: Vec<String> = (columns.iter().zip(line).enumerate())
            // Often the same again: lines that change nothing are to be met with, too.
            .map(|(n, (column, byte))| cell(column, if n > 0 && *byte < 80 { 0 } else { *byte }))
            .collect();
        csv += &(cells.join(";") + "\n");
    }
    CaseFile { scope, options, csv }
}

fn cell((_, required, values): &Column, byte: u8) -> String {
    // Now and then a cell that the check rejects.
    if *required && byte == 255 {
        return String::new();
    }
    match values[usize::from(byte) % values.len()] {
        "A's" => ean13("a@x.org", 0),
        text => text.to_owned(),
    }
}

const SCOPES: [&str; 15] = [
    "contacts",
    "stores",
    "products",
    "orders",
    "abandonedcarts",
    "ordersitems",
    "batch",
    "cardcode",
    "earnreward",
    "burnreward",
    "creditpoints",
    "deletecontacts",
    "events",
    "tierchange",
    "masterreward",
];

/// Every import that can be configured, of those that are tried; the plain ones first.
static SUBSECTIONS: LazyLock<Vec<(&str, Options)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for scope in SCOPES {
        for prefix in [None, Some("33")] {
            for mode in [Mode::Upsert, Mode::Create, Mode::Update] {
                for replace_all in replacements(scope, mode) {
                    for match_by in matches(scope) {
                        for (clear, subscribes) in writes(scope) {
                            let match_by = *match_by;
                            let options = Options { mode, clear, match_by, replace_all, prefix, subscribes };
                            // A file that replaces all names its records by themselves.
                            let names = replace_all.is_none() || !match_by.is_some_and(|by| by.contains('/'));
                            if names && is_possible(scope, mode) {
                                all.push((scope, options));
                            }
                        }
                    }
                }
            }
        }
    }
    all
});

/// Whether empty cells clear values, and what lines subscribe to.
fn writes(scope: &str) -> Vec<(bool, Subscribes)> {
    let mut all = vec![(false, Subscribes::Nothing), (true, Subscribes::Nothing)];
    if scope == "contacts" {
        let some = Subscribes::ALL.into_iter().filter(|subscribes| *subscribes != Subscribes::Nothing);
        all.extend(some.map(|subscribes| (false, subscribes)));
    }
    all
}

fn is_possible(scope: &str, mode: Mode) -> bool {
    match scope {
        "deletecontacts" => mode == Mode::Upsert,
        "ordersitems" | "creditpoints" | "events" | "burnreward" => mode != Mode::Update,
        _ => true,
    }
}

fn matches(scope: &str) -> &'static [Option<&'static str>] {
    match scope {
        "contacts" | "deletecontacts" => &[
            None,
            Some("email"),
            Some("customer_key"),
            Some("cellphone"),
            Some("alerts/sms/cellphone"),
            Some("news/email/email"),
        ],
        "products" => &[None, Some("ean"), Some("name"), Some("stock")],
        _ => &[None],
    }
}

fn replacements(scope: &str, mode: Mode) -> Vec<Option<ReplaceAll>> {
    let never = [
        "deletecontacts",
        "ordersitems",
        "creditpoints",
        "tierchange",
        "cardcode",
        "earnreward",
        "burnreward",
    ];
    if never.contains(&scope) || mode != Mode::Upsert {
        return vec![None];
    }
    let lists: &[Option<u32>] = if scope == "contacts" { &[None, Some(5), Some(0)] } else { &[None] };
    let rules = lists.iter().flat_map(|&list| [1.0, 0.5].map(|max_removed| ReplaceAll { list, max_removed }));
    std::iter::once(None).chain(rules.map(Some)).collect()
}

/// The universe that is configured.
pub(crate) const UNIVERSE: &str = "acme";

/// A document with these imports.
pub(crate) fn document<'a>(imports: impl Iterator<Item = (&'a str, &'a Options)>) -> String {
    let mut scopes = serde_json::Map::new();
    for (scope, options) in imports {
        let named = scopes.entry(scope).or_insert_with(|| serde_json::json!({}));
        named[options.name()] = options.json();
    }
    serde_json::json!({ UNIVERSE: scopes }).to_string()
}

/// All of the imports, as their configuration is read.
pub(crate) static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let names: BTreeSet<(&str, String)> =
        SUBSECTIONS.iter().map(|(scope, options)| (*scope, options.name())).collect();
    assert_eq!(names.len(), SUBSECTIONS.len(), "each has a name of its own");
    let document = document(SUBSECTIONS.iter().map(|(scope, options)| (*scope, options)));
    Config::parse(UNIVERSE, document.as_bytes())
        .unwrap_or_else(|mistakes| panic!("the configuration is wrong: {mistakes:#?}"))
});

/// All scopes with records.
pub(crate) fn scopes_with_records() -> impl Iterator<Item = &'static str> {
    SCOPES.into_iter().filter(|scope| *scope != "deletecontacts").chain(["subscriptions"])
}

/// The options of an import by its name.
pub(crate) fn named(scope: &str, name: &str) -> Options {
    let found = SUBSECTIONS.iter().find(|(of, options)| *of == scope && options.name() == name);
    found.expect("the import is configured").1.clone()
}
