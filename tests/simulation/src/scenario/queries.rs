//! Imports that read a table: which queries partners have.
#![allow(clippy::indexing_slicing, reason = "documents that the simulation has made itself")]

use bytes::Bytes;
use serde_json::{Value, json};
use tidewaiter_tests::generate::Chance;

use super::{Action, Scenario, What};

/// The connection of each repository.
pub const CONNECTION: &str = "shop";
/// The scope of the import that has a query.
pub const SCOPE: &str = "creditpoints";
/// The name of that import.
pub const SUBSECTION: &str = "db";
/// How far a lag reaches, in seconds.
pub const LAG: i64 = 600;
/// Schedules are over with this day, which is the second one of a history.
pub const LAST_DAY: &str = "2026-09-22";

/// The query of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// How it goes on.
    pub kind: Kind,
    /// How many rows it takes at most.
    pub limit: Option<u64>,
    /// What becomes of rows without a value, where it asks for them.
    pub missing: Missing,
    /// Whether one file after the other is read until there are no new rows.
    pub repeats: bool,
    /// Whether it is read when it is new or was changed.
    pub on_change: bool,
    /// Whether a file is refused for one rejected line.
    pub strict: bool,
    /// How many hours lie between two occurrences.
    pub hours: u64,
}

/// How a query goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It has all rows each time.
    All,
    /// By a unique number, with `>`.
    Unique,
    /// By a time that several rows may have, with `>=`.
    Ties,
    /// By the same, and each read begins ten minutes before the last item.
    Late,
}

/// What becomes of rows without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The query does not ask for them.
    NotAsked,
    /// They are imported with each read.
    Import,
    /// They are left out.
    Skip,
}

impl Query {
    fn draw(chance: &mut Chance, by_time: Kind) -> Self {
        let kind = match chance.below(7) {
            0 => Kind::All,
            1..4 => Kind::Unique,
            _ => by_time,
        };
        let limit = match kind {
            Kind::Unique if chance.below(2) == 0 => Some(2 + chance.below(3)),
            Kind::Ties if chance.below(2) == 0 => Some(6),
            _ => None,
        };
        let missing = match (kind, limit) {
            (Kind::Ties | Kind::Late, None) => match chance.below(4) {
                0 => Missing::Import,
                1 => Missing::Skip,
                _ => Missing::NotAsked,
            },
            _ => Missing::NotAsked,
        };
        Self {
            kind,
            limit,
            missing,
            repeats: kind != Kind::All && chance.below(2) == 0,
            on_change: chance.below(3) == 0,
            strict: chance.below(3) == 0,
            hours: 1 + chance.below(3),
        }
    }

    /// The import, as a configuration has it.
    pub fn import(&self) -> Value {
        let mut query = json!({
            "connection": CONNECTION,
            "sql": self.sql(),
            "run_on_change": self.on_change,
            "schedule": { "every": hours(self.hours), "until": LAST_DAY },
        });
        if let Some(last_item) = self.last_item() {
            query["last_item"] = last_item;
        }
        if self.repeats {
            query["repeat"] = json!("until_empty");
        }
        let policy = if self.strict { "strict" } else { "quarantine" };
        json!({ "policy": policy, "unknown_columns": "ignore", "query": query })
    }

    fn sql(&self) -> String {
        let mut sql = format!("SELECT {} FROM visits", crate::table::COLUMNS.join(", "));
        if self.missing == Missing::Skip {
            sql += " AS dated";
        }
        sql += match (self.kind, self.missing) {
            (Kind::All, _) => "",
            (Kind::Unique, _) => " WHERE id > {lastItem} ORDER BY id",
            (_, Missing::NotAsked) => " WHERE at >= {lastItem} ORDER BY at",
            _ => " WHERE at >= {lastItem} OR at IS NULL ORDER BY at",
        };
        if let Some(limit) = self.limit {
            sql.push_str(" LIMIT ");
            sql.push_str(&limit.to_string());
        }
        sql
    }

    fn last_item(&self) -> Option<Value> {
        let mut last_item = match self.kind {
            Kind::All => return None,
            Kind::Unique => json!({ "column": "id", "start": 0 }),
            Kind::Ties => json!({ "column": "at", "start": "2026-01-01T00:00:00Z", "unique": false }),
            Kind::Late => json!({
                "column": "at", "start": "2026-01-01T00:00:00Z", "unique": false, "lag": format!("{LAG} seconds"),
            }),
        };
        match self.missing {
            Missing::NotAsked => {}
            Missing::Import => last_item["missing"] = json!("import"),
            Missing::Skip => last_item["missing"] = json!("skip"),
        }
        Some(last_item)
    }
}

fn hours(count: u64) -> String {
    if count == 1 { "1 hour".to_owned() } else { format!("{count} hours") }
}

impl Scenario {
    /// In a third of the histories, each partner has a table that an import of it reads. It comes from a chance of its own,
    /// so that everything else is as it would be.
    pub fn add_queries(&mut self, seed: u64) {
        let mut chance = Chance::new(seed ^ 0x7ab1_e5ee_d0f1_0a5d);
        if chance.below(3) > 0 {
            return;
        }
        for partner in &mut self.partners {
            // With two of them, rows from before the lag would have to be known that nobody has kept.
            let by_time = if chance.below(2) == 0 { Kind::Ties } else { Kind::Late };
            for variant in &mut partner.variants {
                variant.query = Some(Query::draw(&mut chance, by_time));
            }
        }
        for action in &mut self.actions {
            let Action::Drop(dropped) = action else { continue };
            let document = |partner: &super::Partner, variant: usize| {
                partner.variants.get(variant).map(|variant| variant.document(partner.universe))
            };
            let written: Option<Bytes> = match dropped.what {
                What::Configuration(Some(variant)) => {
                    self.partners.get(dropped.partner).and_then(|partner| document(partner, variant))
                }
                What::Foreign => {
                    let owner =
                        self.partners.iter().find(|partner| dropped.file.starts_with(partner.universe));
                    owner.and_then(|owner| document(owner, 0))
                }
                _ => None,
            };
            if let Some(written) = written {
                dropped.bytes = written;
            }
        }
    }
}
