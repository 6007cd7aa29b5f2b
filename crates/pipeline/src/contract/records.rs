//! What a store of records promises.

use tidewaiter::config::{Empty, Mode};
use tidewaiter::record::{Change, Layout, ReferenceTo, Rules};
use tidewaiter::schema::{OnExisting, RowEffect};

use super::id;
use crate::Result;
use crate::ports::{Applied, Batch, Records};

const UPSERT: Rules = Rules {
    mode: Mode::Upsert,
    empty: Empty::Ignore,
    on_existing: OnExisting::Merge,
    row: RowEffect::Upsert,
};

/// Puts a store of records through everything it promises. It is to be empty.
pub async fn records<R: Records>(records: &R) -> Result<()> {
    a_batch_takes_effect_once(records).await?;
    lines_of_a_batch_see_each_other(records).await?;
    a_missing_parent_keeps_a_line_out(records).await?;
    records_are_read_in_order(records).await
}

fn line(number: u64, key: &str, values: &[Option<&str>]) -> Change {
    let values = values.iter().map(|value| value.map(str::to_owned)).collect();
    Change { line: number, key: key.to_owned(), values, references: Vec::new() }
}

fn layout() -> Layout {
    let references = vec![ReferenceTo { scope: "parents".to_owned(), field: "parent".to_owned(), number: 2 }];
    Layout { columns: vec!["id".to_owned(), "name".to_owned()], references }
}

async fn apply<R: Records>(
    records: &R,
    scope: &str,
    import: u32,
    number: u64,
    changes: &[Change],
) -> Result<Applied> {
    let layout = layout();
    let batch =
        Batch { universe: "u", scope, import: id(import), number, rules: UPSERT, layout: &layout, changes };
    records.apply(&batch).await
}

async fn name_of<R: Records>(records: &R, scope: &str, key: &str) -> Result<Option<String>> {
    let found = records.scan(scope, None, 1_000).await?;
    Ok(found.into_iter().find(|r| r.key == key).and_then(|mut r| r.record.values.remove("name")))
}

async fn a_batch_takes_effect_once<R: Records>(records: &R) -> Result<()> {
    let changes = [line(2, "a", &[Some("a"), Some("Ada")])];
    let first = apply(records, "once", 1, 0, &changes).await?;
    assert_eq!(first, Applied { imported: 1, ..Applied::default() });
    // Somebody else changes the record; then the first batch comes again.
    apply(records, "once", 2, 0, &[line(2, "a", &[Some("a"), Some("Bob")])]).await?;
    assert_eq!(apply(records, "once", 1, 0, &changes).await?, first, "the same batch has the same answer");
    assert_eq!(name_of(records, "once", "a").await?.as_deref(), Some("Bob"), "and no effect any more");
    let unchanged = apply(records, "once", 3, 0, &[line(2, "a", &[Some("a"), None])]).await?;
    assert_eq!(unchanged, Applied { unchanged: 1, ..Applied::default() }, "an empty cell leaves the value");
    records.forget(id(1)).await?;
    records.forget(id(1)).await
}

async fn lines_of_a_batch_see_each_other<R: Records>(records: &R) -> Result<()> {
    let changes = [
        line(2, "x", &[Some("x"), Some("first")]),
        line(3, "x", &[Some("x"), Some("last")]),
        line(4, "x", &[Some("x"), Some("last")]),
    ];
    let applied = apply(records, "order", 4, 0, &changes).await?;
    assert_eq!(applied, Applied { imported: 2, unchanged: 1, missing: Vec::new() });
    assert_eq!(name_of(records, "order", "x").await?.as_deref(), Some("last"), "the last line wins");
    Ok(())
}

async fn a_missing_parent_keeps_a_line_out<R: Records>(records: &R) -> Result<()> {
    apply(records, "parents", 5, 0, &[line(2, "p", &[Some("p"), None])]).await?;
    let child = |number, key: &str, parent: &str| Change {
        references: vec![(0, parent.to_owned())],
        ..line(number, key, &[Some(key), Some(parent)])
    };
    let changes = [child(2, "a", "p"), child(3, "b", "nobody"), child(4, "c", "p")];
    let applied = apply(records, "children", 6, 0, &changes).await?;
    assert_eq!(applied, Applied { imported: 2, unchanged: 0, missing: vec![(1, 0)] });
    assert_eq!(name_of(records, "children", "b").await?, None, "a line without its parent is not loaded");
    Ok(())
}

async fn records_are_read_in_order<R: Records>(records: &R) -> Result<()> {
    let changes: Vec<Change> =
        (0..25_u64).rev().map(|n| line(n, &format!("{n:02}"), &[None, None])).collect();
    apply(records, "many", 7, 0, &changes).await?;
    let mut keys = Vec::new();
    let mut after: Option<(String, String)> = None;
    loop {
        let page = records.scan("many", after.as_ref().map(|(u, k)| (u.as_str(), k.as_str())), 10).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.universe.clone(), last.key.clone()));
        keys.extend(page.into_iter().map(|record| record.key));
    }
    let expected: Vec<String> = (0..25).map(|n| format!("{n:02}")).collect();
    assert_eq!(keys, expected, "page by page, each record once, in order");
    let counts = records.counts().await?;
    assert!(counts.contains(&("u".to_owned(), "many".to_owned(), 25)));
    Ok(())
}
