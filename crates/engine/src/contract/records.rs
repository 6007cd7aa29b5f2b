//! What a store of records promises.
//!
//! What lines mean is the core's affair, and tested there; here it is shown that a store lets
//! [`land`](tidewaiter::record::land) see and do all it needs, once, whatever is repeated.
#![expect(clippy::panic, reason = "a suite of assertions")]

use std::collections::BTreeMap;
use std::sync::Arc;

use tidewaiter::config::{Config, ImportOptions};
use tidewaiter::id::ImportId;
use tidewaiter::record::{Cells, Change, Effect, Layout, Plan, Refusal, Source, Subject, join_key};
use tidewaiter::schema::compile::MOST_DIGITS;

use super::id;
use crate::ports::{
    Answer, Applied, Batch, BatchNumber, Cargo, Landing, Pruned, Pruning, Records, StoredRecord,
};
use crate::{Error, Result};

/// Scopes that lead to each other in every way there is.
const DOCUMENT: &str = r#"{
  "u": {
    "people": { "plain": {}, "by_number": { "match_by": "number" }, "members": { "replace_all": { "list": 5, "max_removed": 1 } } },
    "purchases": { "plain": {}, "all": { "replace_all": { "max_removed": 1 } } },
    "carts": { "plain": {} },
    "contacts": {
      "mail": { "subscriptions": [SUBSCRIPTIONS] }, "moved": { "match_by": "customer_key" }, "all": { "replace_all": { "max_removed": 1 } },
      "phone": { "match_by": { "subscription": { "resource": "r0", "channel": "email", "column": "customer_key" } } }
    },
    "deletecontacts": { "plain": {} },
    "items": { "plain": {} },
    "points": { "plain": {} }
  },
  "scopes": {
    "people": {
      "fields": [{ "name": "id" }, { "name": "name" }, { "name": "number" }, { "name": "lists", "merge": "lists" }],
      "primaryKey": ["id"], "alternateKeys": ["number"]
    },
    "purchases": {
      "fields": [{ "name": "id" }, { "name": "person" }],
      "primaryKey": ["id"], "onExisting": "replace",
      "foreignKeys": [{ "fields": ["person"], "reference": { "resource": "people" } }]
    },
    "carts": { "fields": [{ "name": "id" }], "primaryKey": ["id"], "onExisting": "replace", "givesWayTo": "purchases" },
    "items": {
      "fields": [{ "name": "order" }, { "name": "what" }], "onExisting": "append",
      "foreignKeys": [{ "fields": ["order"], "reference": { "resource": "purchases", "orIn": ["carts"] }, "dependent": true }]
    },
    "points": {
      "fields": [{ "name": "person", "constraints": { "required": true } }, { "name": "points", "type": "integer" }],
      "onExisting": "append", "row": "adjust", "adjusts": { "resource": "people", "add": { "points": "balance" } },
      "foreignKeys": [{ "fields": ["person"], "reference": { "resource": "people" } }]
    }
  }
}"#;

/// So many things a contact is subscribed to, twice.
const SUBSCRIBED: usize = 20;

/// As many subscriptions as an import may have.
fn subscriptions() -> String {
    let one = |n| {
        let column = if n < SUBSCRIBED / 2 { "customer_key" } else { "email" };
        format!(r#"{{ "resource": "r{n}", "channel": "email", "column": "{column}" }}"#)
    };
    (0..SUBSCRIBED).map(one).collect::<Vec<_>>().join(", ")
}

/// Puts a store of records through everything it promises. It is to be empty.
pub async fn records<R: Records>(records: &R) -> Result<()> {
    let document = DOCUMENT.replace("SUBSCRIPTIONS", &subscriptions());
    let config = Config::parse("u", document.as_bytes()).map_err(|mistakes| {
        let found: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        Error::Task(found.join("; "))
    })?;
    let store = Store { records, config };
    store.a_batch_takes_effect_once().await?;
    store.what_is_not_kept_has_not_happened().await?;
    store.nothing_is_loaded_of_what_is_closed().await?;
    store.lines_of_a_batch_see_each_other().await?;
    store.a_value_keeps_its_source().await?;
    store.a_missing_parent_keeps_a_line_out().await?;
    store.records_are_matched_by_another_column().await?;
    store.what_belongs_to_a_record_goes_with_it().await?;
    store.subscriptions_stay_when_their_contact_moves_or_goes().await?;
    store.a_sum_counts_each_line_once().await?;
    store.a_sum_that_cannot_be_kept_keeps_its_line_out().await?;
    store.a_page_is_pruned_once().await?;
    store.a_list_is_left_once().await?;
    store.records_are_read_in_order().await
}

/// What a batch did, if it was put off, too.
async fn answered(landing: &impl Landing, batch: &Batch<'_>) -> Result<Applied> {
    if let Answer::Landed(applied) = landing.apply(batch).await? {
        return Ok(applied);
    }
    landing.settle().await?;
    match landing.apply(batch).await? {
        Answer::Landed(applied) => Ok(applied),
        Answer::PutOff => panic!("what is settled is landed"),
    }
}

/// A store, and what is imported into it.
struct Store<'a, R> {
    records: &'a R,
    config: Config,
}

/// A file: its import, and what it is for.
struct File {
    import: ImportId,
    universe: String,
    plan: Arc<Plan>,
    layout: Layout,
}

impl File {
    fn cargo(&self) -> Cargo<'_> {
        Cargo { universe: &self.universe, import: self.import, file: "file.csv", bytes: 0, plan: &self.plan }
    }

    /// A line whose key is the value of its first column, or its number where lines are added.
    fn line(&self, number: u64, values: &[Option<&str>]) -> Change {
        let values: Cells = values.iter().copied().collect();
        let cell = |name: &str| {
            let at = self.layout.columns.iter().position(|column| column == name)?;
            values.get(at).map(str::to_owned)
        };
        let references: Vec<(usize, String)> = (self.plan.references.iter().enumerate())
            .filter_map(|(n, to)| Some((n, cell(to.columns.first()?)?)))
            .collect();
        let subject = match (
            self.plan.key(|column| {
                let at = self.layout.columns.iter().position(|name| name == column)?;
                values.get(at)
            }),
            &self.plan.match_by,
        ) {
            (key, Some(by)) => Subject::Match { value: cell(by.column()).unwrap_or_default(), key },
            (Some(key), None) => Subject::Key(key),
            (None, None) => {
                let own = format!("{}#{number:012}", self.import);
                let owner = references.first().map(|(_, key)| key.as_str()).unwrap_or_default();
                Subject::Key(join_key([owner, &own].into_iter()))
            }
        };
        Change { line: number, subject, values, references }
    }
}

impl<R: Records> Store<'_, R> {
    fn file(&self, import: u32, universe: &str, scope: &str, subsection: &str, columns: &[&str]) -> File {
        let options =
            self.config.subsection(scope, subsection).cloned().unwrap_or_else(ImportOptions::default);
        let Some(compiled) = self.config.scope(scope) else { panic!("{scope} is not among the scopes") };
        let plan = Arc::new(Plan::new(Arc::clone(compiled), self.config.scopes(), &options));
        let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
        let places = vec![1; plan.references.len()];
        let lists = columns.iter().position(|column| column == "lists");
        File {
            import: id(import),
            universe: universe.to_owned(),
            plan,
            layout: Layout::new(columns, places, lists),
        }
    }

    async fn apply(&self, file: &File, share: u32, batch: u64, changes: &[Change]) -> Result<Applied> {
        let changes = &Arc::new(changes.to_vec());
        let batch = Batch {
            is_again: false,
            universe: &file.universe,
            import: file.import,
            number: BatchNumber { share, batch },
            plan: &file.plan,
            layout: &file.layout,
            changes,
        };
        let landing = self.records.begin(file.cargo()).await?;
        let applied = answered(&landing, &batch).await?;
        landing.keep().await?;
        Ok(applied)
    }

    async fn effects(&self, file: &File, batch: u64, lines: &[&[Option<&str>]]) -> Result<Vec<Effect>> {
        let changes: Vec<Change> = lines.iter().zip(2..).map(|(values, n)| file.line(n, values)).collect();
        Ok(self.apply(file, 0, batch, &changes).await?.effects().cloned().collect())
    }

    /// The texts of a record.
    async fn texts(
        &self,
        universe: &str,
        scope: &str,
        key: &str,
    ) -> Result<Option<BTreeMap<String, String>>> {
        let found = self.record(universe, scope, key).await?;
        let texts = |r: StoredRecord| r.record.values.into_iter().map(|(name, value)| (name, value.text));
        Ok(found.map(|record| texts(record).collect()))
    }

    async fn record(&self, universe: &str, scope: &str, key: &str) -> Result<Option<StoredRecord>> {
        let found = self.records.find(scope, key, 1_000).await?;
        Ok(found.into_iter().find(|record| record.universe == universe && record.key == key))
    }

    async fn name_of(&self, universe: &str, key: &str) -> Result<Option<String>> {
        Ok(self.texts(universe, "people", key).await?.and_then(|mut texts| texts.remove("name")))
    }

    async fn a_batch_takes_effect_once(&self) -> Result<()> {
        let file = self.file(1, "once", "people", "plain", &["id", "name"]);
        let lines = [file.line(2, &[Some("a"), Some("Ada")])];
        let first = self.apply(&file, 0, 0, &lines).await?;
        assert!(first.effects().eq(&[Effect::Imported]));
        // Somebody else changes the record; then the first batch comes again.
        let other = self.file(2, "once", "people", "plain", &["id", "name"]);
        assert_eq!(self.effects(&other, 0, &[&[Some("a"), Some("Bob")]]).await?, [Effect::Imported]);
        assert_eq!(self.apply(&file, 0, 0, &lines).await?, first, "the same batch has the same answer");
        assert_eq!(self.name_of("once", "a").await?.as_deref(), Some("Bob"), "and no effect any more");
        // The same number of another loader is another batch.
        let theirs = self.apply(&file, 1, 0, &[file.line(3, &[Some("b"), Some("Cyd")])]).await?;
        assert!(theirs.effects().eq(&[Effect::Imported]));
        let third = self.file(3, "once", "people", "plain", &["id", "name"]);
        assert_eq!(
            self.effects(&third, 0, &[&[Some("a"), None]]).await?,
            [Effect::Unchanged],
            "an empty cell leaves the value"
        );
        self.records.forget("once", id(1)).await?;
        self.records.forget("once", id(1)).await
    }

    async fn what_is_not_kept_has_not_happened(&self) -> Result<()> {
        if !self.records.lands_whole() {
            return Ok(());
        }
        let universe = "whole";
        let file = self.file(28, universe, "people", "plain", &["id", "name"]);
        let changes = &Arc::new(vec![file.line(2, &[Some("a"), Some("Ada")])]);
        let batch = |n| Batch {
            is_again: false,
            universe,
            import: file.import,
            number: BatchNumber { share: 0, batch: n },
            plan: &file.plan,
            layout: &file.layout,
            changes,
        };
        let landing = self.records.begin(file.cargo()).await?;
        let first = answered(&landing, &batch(0)).await?;
        let seen = landing.scan("people", Some((universe, "")), 10).await?;
        assert_eq!(seen.len(), 1, "the landing sees what it did");
        assert_eq!(self.name_of(universe, "a").await?, None, "other readers do not");
        assert!(!self.records.has_begun(universe, file.import).await?);
        drop(landing);
        assert_eq!(self.name_of(universe, "a").await?, None, "it is gone with the landing");
        let landing = self.records.begin(file.cargo()).await?;
        assert_eq!(answered(&landing, &batch(0)).await?, first, "and is landed again");
        assert!(answered(&landing, &batch(1)).await?.effects().eq(&[Effect::Superseding]));
        landing.keep().await?;
        assert_eq!(self.name_of(universe, "a").await?.as_deref(), Some("Ada"));
        assert!(self.records.has_begun(universe, file.import).await?);
        Ok(())
    }

    async fn nothing_is_loaded_of_what_is_closed(&self) -> Result<()> {
        let universe = "closed";
        let is_closed = |done: Result<Applied>| matches!(done, Err(Error::Closed { .. }));
        // Nothing of the first one was loaded; a loader may begin with any batch.
        let none = self.file(24, universe, "people", "plain", &["id", "name"]);
        assert!(!self.records.close(universe, id(24), 3).await?, "nothing was loaded");
        for (share, batch) in [(0, 0), (0, 1), (2, 0)] {
            let line = none.line(2, &[Some("a"), Some("Ada")]);
            assert!(
                is_closed(self.apply(&none, share, batch, &[line]).await),
                "share {share}, batch {batch}"
            );
        }
        assert!(!self.records.has_begun(universe, id(24)).await?, "and nothing is");
        assert_eq!(self.name_of(universe, "a").await?, None);
        // Some of the second one was.
        let some = self.file(25, universe, "people", "plain", &["id", "name"]);
        self.apply(&some, 1, 0, &[some.line(2, &[Some("a"), Some("Ada")])]).await?;
        for _ in 0..2 {
            assert!(self.records.close(universe, id(25), 3).await?, "some of it was loaded");
        }
        for (share, batch) in [(0, 0), (0, 1), (1, 1), (2, 0), (2, 7)] {
            let line = some.line(3, &[Some("b"), Some("Bob")]);
            assert!(
                is_closed(self.apply(&some, share, batch, &[line]).await),
                "share {share}, batch {batch}"
            );
        }
        assert!(self.records.has_begun(universe, id(25)).await?);
        assert_eq!(self.name_of(universe, "b").await?, None);
        let pruned = self.prune(&some, 0, None, &[]).await;
        assert!(matches!(pruned, Err(Error::Closed { .. })), "nothing is removed, either: {pruned:?}");
        assert_eq!(self.name_of(universe, "a").await?.as_deref(), Some("Ada"));
        Ok(())
    }

    async fn lines_of_a_batch_see_each_other(&self) -> Result<()> {
        let file = self.file(4, "seen", "people", "plain", &["id", "name"]);
        let lines: [&[Option<&str>]; 3] =
            [&[Some("x"), Some("first")], &[Some("x"), Some("last")], &[Some("x"), Some("last")]];
        let effects = self.effects(&file, 0, &lines).await?;
        assert_eq!(effects, [Effect::Imported, Effect::Superseding, Effect::Superseding]);
        assert_eq!(self.name_of("seen", "x").await?.as_deref(), Some("last"), "the last line wins");
        Ok(())
    }

    async fn a_value_keeps_its_source(&self) -> Result<()> {
        let first = self.file(5, "source", "people", "plain", &["id", "name"]);
        self.effects(&first, 0, &[&[Some("a"), Some("Ada")]]).await?;
        let second = self.file(6, "source", "people", "plain", &["id", "number"]);
        self.effects(&second, 0, &[&[Some("b"), None], &[Some("a"), Some("17")]]).await?;
        let Some(found) = self.record("source", "people", "a").await? else { panic!("the record is gone") };
        let source = |column: &str| found.record.values.get(column).map(|value| value.source);
        assert_eq!(source("name"), Some(Source { import: id(5), line: 2 }));
        assert_eq!(source("number"), Some(Source { import: id(6), line: 3 }));
        assert_eq!(found.record.changed, Source { import: id(6), line: 3 });
        Ok(())
    }

    async fn a_missing_parent_keeps_a_line_out(&self) -> Result<()> {
        let people = self.file(7, "parents", "people", "plain", &["id"]);
        self.effects(&people, 0, &[&[Some("p")]]).await?;
        let orders = self.file(8, "parents", "purchases", "plain", &["id", "person"]);
        let lines: [&[Option<&str>]; 3] =
            [&[Some("1"), Some("p")], &[Some("2"), Some("nobody")], &[Some("3"), Some("p")]];
        let missing = Effect::Refused(Refusal::Missing { reference: 0 });
        assert_eq!(self.effects(&orders, 0, &lines).await?, [Effect::Imported, missing, Effect::Imported]);
        assert_eq!(
            self.texts("parents", "purchases", "2").await?,
            None,
            "a line without its parent does not land"
        );
        let asked = [("people", "p"), ("people", "nobody"), ("purchases", "1"), ("purchases", "2")];
        let asked = asked.map(|(scope, key)| (scope.to_owned(), key.to_owned()));
        assert_eq!(self.records.exist("parents", &asked).await?, [true, false, true, false]);
        assert_eq!(self.records.exist("elsewhere", &asked).await?, [false; 4], "universes do not mix");
        Ok(())
    }

    async fn records_are_matched_by_another_column(&self) -> Result<()> {
        let plain = self.file(9, "matched", "people", "plain", &["id", "name", "number"]);
        let lines: [&[Option<&str>]; 3] = [
            &[Some("a"), Some("Ada"), Some("1")],
            &[Some("b"), Some("Bob"), Some("2")],
            &[Some("c"), Some("Cyd"), Some("2")],
        ];
        self.effects(&plain, 0, &lines).await?;
        let file = self.file(10, "matched", "people", "by_number", &["id", "name", "number"]);
        let lines: [&[Option<&str>]; 4] = [
            &[Some("z"), Some("Zoe"), Some("1")],
            &[Some("d"), Some("Dan"), Some("2")],
            &[Some("b"), Some("Eve"), Some("3")],
            &[Some("f"), Some("Fay"), Some("4")],
        ];
        let effects = self.effects(&file, 0, &lines).await?;
        let expected = [
            Effect::Imported,
            Effect::Refused(Refusal::Ambiguous),
            Effect::Refused(Refusal::Taken),
            Effect::Imported,
        ];
        assert_eq!(effects, expected);
        assert_eq!(self.name_of("matched", "a").await?, None, "the record has another key now");
        assert_eq!(self.name_of("matched", "z").await?.as_deref(), Some("Zoe"));
        assert_eq!(self.name_of("matched", "f").await?.as_deref(), Some("Fay"));
        Ok(())
    }

    async fn what_belongs_to_a_record_goes_with_it(&self) -> Result<()> {
        let universe = "belongs";
        let carts = self.file(11, universe, "carts", "plain", &["id"]);
        self.effects(&carts, 0, &[&[Some("1")], &[Some("10")]]).await?;
        let items = self.file(12, universe, "items", "plain", &["order", "what"]);
        let lines: [&[Option<&str>]; 3] =
            [&[Some("1"), Some("boat")], &[Some("1"), Some("tug")], &[Some("10"), Some("buoy")]];
        assert_eq!(self.effects(&items, 0, &lines).await?, vec![Effect::Imported; 3]);
        assert_eq!(self.records.find("items", "1", 1_000).await?.len(), 2, "found by what they belong to");
        let orders = self.file(13, universe, "purchases", "plain", &["id"]);
        let applied = self.apply(&orders, 0, 0, &[orders.line(2, &[Some("1")])]).await?;
        assert_eq!(applied.removed, 3, "the cart goes when its order comes, and its items with it");
        assert_eq!(self.records.find("items", "1", 1_000).await?.len(), 0);
        assert_eq!(self.records.find("items", "10", 1_000).await?.len(), 1, "those of another one stay");
        let late = self.file(14, universe, "carts", "plain", &["id"]);
        assert_eq!(self.effects(&late, 0, &[&[Some("1")]]).await?, [Effect::GaveWay]);
        Ok(())
    }

    /// How many subscriptions each contact has, by its key; those of nobody under an empty text.
    async fn subscribed(&self, universe: &str) -> Result<BTreeMap<String, usize>> {
        let mut counts = BTreeMap::new();
        for stored in self.records.scan("subscriptions", Some((universe, "")), 1_000).await? {
            assert_eq!(stored.record.text("status"), Some("subscribed"));
            if stored.universe == universe {
                *counts.entry(stored.record.text("contact").unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// A contact may have more subscriptions than a store changes at a time.
    async fn subscriptions_stay_when_their_contact_moves_or_goes(&self) -> Result<()> {
        let universe = "subscribed";
        let counts = |all: &[(&str, usize)]| -> BTreeMap<String, usize> {
            all.iter().map(|(contact, count)| ((*contact).to_owned(), *count)).collect()
        };
        let columns = ["email", "customer_key"];
        for (import, address) in [(30, "a@x.org"), (31, "b@x.org"), (36, "c@x.org")] {
            let file = self.file(import, universe, "contacts", "mail", &columns);
            let line: &[Option<&str>] = &[Some("c@x.org"), Some(address)];
            let other: &[Option<&str>] = &[Some("d@x.org"), Some("D")];
            self.effects(&file, 0, &[line, other]).await?;
        }
        let many = SUBSCRIBED * 2;
        assert_eq!(self.subscribed(universe).await?, counts(&[("c@x.org", many), ("d@x.org", SUBSCRIBED)]));
        let moved = self.file(32, universe, "contacts", "moved", &columns);
        let line: &[Option<&str>] = &[Some("e@x.org"), Some("c@x.org")];
        assert_eq!(self.effects(&moved, 0, &[line]).await?, [Effect::Imported]);
        assert_eq!(self.subscribed(universe).await?, counts(&[("e@x.org", many), ("d@x.org", SUBSCRIBED)]));
        let phone = self.file(33, universe, "contacts", "phone", &columns);
        let line: &[Option<&str>] = &[Some("f@x.org"), Some("a@x.org")];
        assert_eq!(self.effects(&phone, 0, &[line]).await?, [Effect::Imported], "by an address of before");
        assert_eq!(self.subscribed(universe).await?, counts(&[("f@x.org", many), ("d@x.org", SUBSCRIBED)]));
        let gone = self.file(34, universe, "deletecontacts", "plain", &["email"]);
        assert_eq!(self.effects(&gone, 0, &[&[Some("f@x.org")]]).await?, [Effect::Imported]);
        assert_eq!(self.subscribed(universe).await?, counts(&[("", many), ("d@x.org", SUBSCRIBED)]));
        let all = self.file(35, universe, "contacts", "all", &["email"]);
        assert_eq!(self.prune(&all, 0, None, &[]).await?.removed, 1);
        assert_eq!(self.subscribed(universe).await?, counts(&[("", many + SUBSCRIBED)]));
        Ok(())
    }

    async fn a_sum_counts_each_line_once(&self) -> Result<()> {
        let people = self.file(15, "sum", "people", "plain", &["id", "name"]);
        self.effects(&people, 0, &[&[Some("a"), Some("Ada")]]).await?;
        let points = self.file(16, "sum", "points", "plain", &["person", "points"]);
        let lines: [&[Option<&str>]; 3] =
            [&[Some("a"), Some("100")], &[Some("a"), Some("-30")], &[Some("a"), Some("-30")]];
        for _ in 0..2 {
            assert_eq!(self.effects(&points, 0, &lines).await?, vec![Effect::Imported; 3]);
        }
        let texts = self.texts("sum", "people", "a").await?.unwrap_or_default();
        assert_eq!(texts.get("balance").map(String::as_str), Some("40"));
        assert_eq!(self.records.find("points", "a", 1_000).await?.len(), 3, "each line is kept");
        Ok(())
    }

    async fn a_sum_that_cannot_be_kept_keeps_its_line_out(&self) -> Result<()> {
        let people = self.file(26, "full", "people", "plain", &["id", "name"]);
        self.effects(&people, 0, &[&[Some("b"), Some("Ada")]]).await?;
        let points = self.file(27, "full", "points", "plain", &["person", "points"]);
        let most = "9".repeat(MOST_DIGITS);
        let (column, there) = ("points".to_owned(), "balance".to_owned());
        let kept_out = Effect::Refused(Refusal::Sum { reference: 0, column, there });
        let lines: [&[Option<&str>]; 4] = [
            &[Some("b"), Some(&most)],
            &[Some("b"), Some("1")],
            &[Some("b"), Some("-7")],
            &[Some("b"), Some(&most)],
        ];
        for _ in 0..2 {
            let effects = vec![Effect::Imported, kept_out.clone(), Effect::Imported, kept_out.clone()];
            assert_eq!(self.effects(&points, 0, &lines).await?, effects);
        }
        let texts = self.texts("full", "people", "b").await?.unwrap_or_default();
        assert_eq!(
            texts.get("balance").map(String::as_str),
            Some(format!("{}2", "9".repeat(MOST_DIGITS - 1)).as_str())
        );
        assert_eq!(
            self.records.find("points", "b", 1_000).await?.len(),
            2,
            "a line that is kept out is no record"
        );
        Ok(())
    }

    async fn prune(
        &self,
        file: &File,
        page: u64,
        after: Option<&str>,
        stays: &'static [&'static str],
    ) -> Result<Pruned> {
        let pruning = Pruning {
            universe: &file.universe,
            import: file.import,
            page,
            after,
            limit: 2,
            plan: &file.plan,
            stays: Arc::new(move |key, _| stays.contains(&key)),
        };
        let landing = self.records.begin(file.cargo()).await?;
        let pruned = landing.prune_unlisted(&pruning).await?;
        landing.keep().await?;
        Ok(pruned)
    }

    async fn a_page_is_pruned_once(&self) -> Result<()> {
        let universe = "pruned";
        let orders = self.file(17, universe, "purchases", "plain", &["id"]);
        self.effects(&orders, 0, &[&[Some("1")], &[Some("2")], &[Some("3")]]).await?;
        let items = self.file(18, universe, "items", "plain", &["order"]);
        self.effects(&items, 0, &[&[Some("1")], &[Some("2")]]).await?;
        let all = self.file(19, universe, "purchases", "all", &["id"]);
        let first = self.prune(&all, 0, None, &["2"]).await?;
        assert_eq!(first, Pruned { removed: 1, dependents: 1, next: Some("2".to_owned()) });
        assert_eq!(self.prune(&all, 0, None, &[]).await?, first, "the same page has the same answer");
        assert!(self.texts(universe, "purchases", "2").await?.is_some(), "and no effect any more");
        let second = self.prune(&all, 1, Some("2"), &["2"]).await?;
        assert_eq!(second, Pruned { removed: 1, dependents: 0, next: None });
        assert_eq!(self.records.find("items", "1", 10).await?.len(), 0, "what belongs to it goes, too");
        assert_eq!(self.records.find("items", "2", 10).await?.len(), 1);
        let nothing = self.file(20, "nobody", "purchases", "all", &["id"]);
        assert_eq!(self.prune(&nothing, 0, None, &[]).await?, Pruned::default(), "there need not be any");
        Ok(())
    }

    async fn a_list_is_left_once(&self) -> Result<()> {
        let universe = "lists";
        let people = self.file(21, universe, "people", "plain", &["id", "lists"]);
        let lines: [&[Option<&str>]; 3] =
            [&[Some("a"), Some("5 7")], &[Some("b"), Some("5")], &[Some("c"), Some("7")]];
        self.effects(&people, 0, &lines).await?;
        let members = self.file(22, universe, "people", "members", &["id"]);
        let mut pruned = Pruned::default();
        let mut page = 0;
        loop {
            let answer = self.prune(&members, page, pruned.next.as_deref(), &["b"]).await?;
            pruned = Pruned { removed: pruned.removed + answer.removed, ..answer };
            page += 1;
            if pruned.next.is_none() {
                break;
            }
        }
        assert_eq!(pruned.removed, 1, "who was not in the list cannot leave it");
        for (key, lists) in [("a", Some("7")), ("b", Some("5")), ("c", Some("7"))] {
            let texts = self.texts(universe, "people", key).await?.unwrap_or_default();
            assert_eq!(texts.get("lists").map(String::as_str), lists, "{key}");
        }
        Ok(())
    }

    async fn records_are_read_in_order(&self) -> Result<()> {
        let expected: Vec<String> = (0..25).map(|n| format!("{n:02}")).collect();
        let file = self.file(23, "z", "carts", "plain", &["id"]);
        let changes: Vec<Change> =
            (expected.iter().rev().zip(2..)).map(|(key, n)| file.line(n, &[Some(key)])).collect();
        self.apply(&file, 0, 0, &changes).await?;
        let mut keys = Vec::new();
        let mut after = Some(("z".to_owned(), String::new()));
        while let Some((universe, key)) = after.take() {
            let page = self.records.scan("carts", Some((&universe, &key)), 10).await?;
            after = page.last().map(|last| (last.universe.clone(), last.key.clone()));
            keys.extend(page.into_iter().map(|record| record.key));
        }
        assert_eq!(keys, expected, "page by page, each record once, in order");
        let all = self.records.scan("carts", None, 1_000).await?;
        assert!(all.is_sorted_by_key(|record| (record.universe.clone(), record.key.clone())));
        let counts = self.records.counts().await?;
        assert!(counts.contains(&("z".to_owned(), "carts".to_owned(), 25)));
        Ok(())
    }
}
