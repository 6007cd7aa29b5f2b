//! The configurations that partners have.

use bytes::Bytes;
use serde_json::{Value, json};
use tidewaiter::config::Mode;
use tidewaiter_tests::generate::Chance;
use tidewaiter_tests::reference::{Options, ReplaceAll, Subscribes};

use super::{Data, queries};

/// A configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the option of the same name")]
pub struct Variant {
    pub strict: bool,
    pub clear: bool,
    pub create: bool,
    pub reports: bool,
    pub alerts: bool,
    /// Whether contacts have a subsection `shop`.
    pub shop: bool,
    pub all_or_nothing: bool,
    pub settle_seconds: u64,
    pub alert_after_hours: Option<u64>,
    pub expire_after_hours: Option<u64>,
    /// The query of the import that reads a table, if there is one.
    pub query: Option<queries::Query>,
}

/// Who gets reports.
pub const REPORTS: &str = "data@example.org";
/// Who gets alerts.
pub const ALERTS: &str = "alert@example.org";
/// The greatest share of batches that one file may remove.
const MAX_REMOVED: f64 = 0.6;

impl Variant {
    pub(super) fn draw(chance: &mut Chance) -> Self {
        let mut one_in = |n: u64| chance.below(n) == 0;
        Self {
            strict: one_in(4),
            clear: one_in(3),
            create: one_in(6),
            reports: one_in(2),
            alerts: one_in(3),
            shop: !one_in(4),
            all_or_nothing: one_in(2),
            settle_seconds: if one_in(2) { 0 } else { 10 },
            alert_after_hours: one_in(4).then_some(1),
            expire_after_hours: one_in(4).then_some(30),
            query: None,
        }
    }

    /// The document that says so.
    pub fn document(&self, universe: &str) -> Bytes {
        let mode = if self.create { "create" } else { "upsert" };
        let empty = if self.clear { "clear" } else { "ignore" };
        let policy = if self.strict { "strict" } else { "quarantine" };
        let crm = json!({ "policy": policy, "empty": empty, "mode": mode });
        let mut contacts = json!({ "crm": crm, "strict": { "policy": "strict" } });
        if self.shop {
            // Partners have names and forms of their own.
            let shop = json!({
                "empty": empty,
                "files": format!("{universe} shop {{date:dd.mm.yyyy}}*.txt"),
                "delimiter": ",",
                "columns": { "Mail": "email", "First Name": "firstname", "Name": "lastname" },
                "unknown_columns": "ignore",
            });
            insert(&mut contacts, "shop", shop);
        }
        let mut settings = json!({ "settle_seconds": self.settle_seconds });
        if self.all_or_nothing {
            insert(&mut settings, "group_policy", json!("all_or_nothing"));
        }
        if self.reports {
            insert(&mut settings, "report_recipients", json!([REPORTS]));
        }
        if self.alerts {
            insert(&mut settings, "alert_recipients", json!([ALERTS]));
        }
        let mut waiting = json!({});
        for (name, hours) in
            [("alert_after_hours", self.alert_after_hours), ("expire_after_hours", self.expire_after_hours)]
        {
            if let Some(hours) = hours {
                insert(&mut waiting, name, json!(hours));
            }
        }
        insert(&mut settings, "waiting", waiting);
        let mut points = json!({ "crm": {}, "once": { "duplicates": "skip" } });
        if let Some(query) = &self.query {
            insert(&mut points, queries::SUBSECTION, query.import());
        }
        let scopes = json!({
            "contacts": contacts,
            "cardcode": { "crm": {} },
            "creditpoints": points,
            "deletecontacts": { "crm": {} },
            "batch": { "crm": {}, "full": { "replace_all": { "max_removed": MAX_REMOVED } } },
        });
        let mut document = json!({});
        insert(&mut document, universe, scopes);
        insert(&mut document, "settings", settings);
        Bytes::from(document.to_string())
    }

    /// True if files with more than one good line are to be refused when one is rejected.
    pub fn is_strict(&self, data: &Data) -> bool {
        match (data.scope, data.subsection) {
            ("contacts", "strict") => true,
            ("contacts", "crm") => self.strict,
            (queries::SCOPE, queries::SUBSECTION) => self.query.is_some_and(|query| query.strict),
            _ => false,
        }
    }

    /// True if the subsection is configured.
    pub fn has(&self, data: &Data) -> bool {
        match data.subsection {
            "shop" => self.shop,
            queries::SUBSECTION => self.query.is_some(),
            _ => true,
        }
    }

    /// What the reference is to know of the options of a file.
    pub fn options(&self, data: &Data) -> Options {
        let is_crm = data.scope == "contacts" && data.subsection == "crm";
        let is_shop = data.subsection == "shop";
        Options {
            mode: if is_crm && self.create { Mode::Create } else { Mode::Upsert },
            clear: self.clear && (is_crm || is_shop),
            match_by: None,
            replace_all: (data.subsection == "full")
                .then_some(ReplaceAll { list: None, max_removed: MAX_REMOVED }),
            prefix: None,
            subscribes: Subscribes::Nothing,
        }
    }
}

fn insert(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}
