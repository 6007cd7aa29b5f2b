//! Writes what a batch changed, as sets: what is new by COPY in the order of the keys, what differs by one UPDATE, what
//! is gone by one DELETE. The universe is locked and the rows were read, so nothing has to be compared again, and a row
//! that did not change is not written.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use tidewaiter::record::Record;
use tidewaiter_engine::Result;

use crate::copy::Copy;
use crate::fresh::{Fresh, FreshRecords};
use crate::names::quoted;
use crate::overlay::{Changed, Difference};
use crate::row::{Cells, Runs, cells, line_of, placed};
use crate::session::{Parameter, Session};
use crate::stored::{Column, Key, Stored};

const WRITING: &str = "writing records";

/// Writes what changed in one scope.
pub(crate) async fn write(
    session: &Session,
    table: &Stored,
    runs: &Runs,
    fresh: &FreshRecords,
    all: &Difference,
) -> Result<()> {
    if !all.removed.is_empty() {
        remove(session, table, &all.removed).await?;
    }
    if !all.changed.is_empty() {
        change(session, table, runs, &all.changed).await?;
    }
    if !all.new.is_empty() {
        add(session, table, runs, &all.new).await?;
    }
    if !all.fresh.is_empty() {
        add_fresh(session, table, runs, fresh, &all.fresh).await?;
    }
    for column in &table.columns {
        if let Some(lists) = &column.lists {
            write_lists(session, table, (column, lists), fresh, all).await?;
        }
    }
    Ok(())
}

async fn add(
    session: &Session,
    table: &Stored,
    runs: &Runs,
    records: &[(String, Arc<Record>)],
) -> Result<()> {
    let sql = format!("COPY {} ({}) FROM STDIN", table.at(), table.all_columns().join(", "));
    let mut copy = Copy::begin(session, &sql).await?;
    for (key, record) in records {
        let row = cells(table, key, record, runs)?;
        row.values.iter().for_each(|value| copy.cell(value.as_deref()));
        copy.number(row.run.into());
        copy.number(row.line);
        copy.cell(row.earlier.as_deref());
        copy.cell(row.exact.as_deref());
        copy.end_row().await?;
    }
    copy.finish().await
}

/// Adds records as lines wrote them. Columns in which none of them has a value are left out.
async fn add_fresh(
    session: &Session,
    table: &Stored,
    runs: &Runs,
    fresh: &FreshRecords,
    records: &[(String, Fresh)],
) -> Result<()> {
    let places: Vec<Option<usize>> = fresh.fields().iter().map(|field| table.place(field)).collect();
    let own = usize::from(table.key == Key::Own);
    let is_key = |at: usize| matches!(&table.key, Key::Columns(key) if key.contains(&at));
    let is_used = |at: usize| at < own || is_key(at - own) || places.contains(&Some(at - own));
    let all = table.all_columns();
    let used: Vec<usize> = (0..table.columns.len() + own).filter(|at| is_used(*at)).collect();
    let names = used.iter().filter_map(|at| all.get(*at).map(String::as_str));
    let names: Vec<&str> = names.chain(["\"_run\"", "\"_line\"", "\"_exact\""]).collect();
    let sql = format!("COPY {} ({}) FROM STDIN", table.at(), names.join(", "));
    let mut copy = Copy::begin(session, &sql).await?;
    for (key, one) in records {
        let texts = fresh.cells(*one).filter_map(|(field, text)| {
            Some((places.get(field).copied()?, fresh.fields().get(field)?.as_str(), text))
        });
        let row = placed(table, key, texts)?;
        for at in &used {
            copy.cell(row.values.get(*at).and_then(Option::as_deref));
        }
        copy.number(runs.number(one.source.import)?.into());
        copy.number(line_of(one.source));
        copy.cell(row.exact.as_deref());
        copy.end_row().await?;
    }
    copy.finish().await
}

async fn change(session: &Session, table: &Stored, runs: &Runs, records: &[Changed]) -> Result<()> {
    let key_columns = table.key_columns().len();
    let mut keys: Vec<Vec<Cow<'_, str>>> = vec![Vec::with_capacity(records.len()); key_columns];
    let mut values: Vec<Vec<Option<Cow<'_, str>>>> =
        vec![Vec::with_capacity(records.len()); table.columns.len()];
    let (mut numbers, mut lines) = (Vec::new(), Vec::new());
    let (mut earlier, mut exact) = (Vec::new(), Vec::new());
    for (key, record, _) in records {
        let row: Cells<'_> = cells(table, key, record, runs)?;
        keys.iter_mut().zip(row.key).for_each(|(column, part)| column.push(part));
        let own = usize::from(table.key == Key::Own);
        values
            .iter_mut()
            .zip(row.values.into_iter().skip(own))
            .for_each(|(column, value)| column.push(value));
        numbers.push(row.run);
        lines.push(row.line);
        earlier.push(row.earlier);
        exact.push(row.exact);
    }
    // The columns of the key hold what the rows were found by. Of the others those are set that differ in any row.
    let is_key = |at: usize| matches!(&table.key, Key::Columns(places) if places.contains(&at));
    let differs = differing(table, records);
    let changed: Vec<(usize, &Column)> = table
        .columns
        .iter()
        .enumerate()
        .filter(|(at, _)| !is_key(*at) && differs.get(*at).copied().unwrap_or(true))
        .collect();
    let mut sets: Vec<String> = changed
        .iter()
        .map(|(at, column)| format!("{} = w.c{at}::{}", quoted(&column.name), column.kind.sql()))
        .collect();
    sets.push(
        "\"_run\" = w.run, \"_line\" = w.line, \"_earlier\" = w.earlier::json, \"_exact\" = w.exact::jsonb"
            .into(),
    );
    let mut arrays: Vec<String> =
        (1..=key_columns + changed.len()).map(|n| format!("${n}::text[]")).collect();
    let next = arrays.len() + 1;
    let beside = ["integer[]", "bigint[]", "text[]", "text[]"];
    arrays.extend(beside.iter().enumerate().map(|(n, kind)| format!("${}::{kind}", next + n)));
    let mut names: Vec<String> = (0..key_columns).map(|n| format!("k{n}")).collect();
    names.extend(changed.iter().map(|(at, _)| format!("c{at}")));
    names.extend(["run", "line", "earlier", "exact"].map(str::to_owned));
    let sql = format!(
        "UPDATE {} t SET {} FROM unnest({}) AS w({}) WHERE {}",
        table.at(),
        sets.join(", "),
        arrays.join(", "),
        names.join(", "),
        table.has_key("t", "w")
    );
    let columns: Vec<&Vec<Option<Cow<'_, str>>>> =
        changed.iter().filter_map(|(at, _)| values.get(*at)).collect();
    let mut parameters: Vec<Parameter<'_>> = keys.iter().map(|column| column as Parameter<'_>).collect();
    parameters.extend(columns.iter().map(|column| *column as Parameter<'_>));
    parameters.extend([&numbers as Parameter<'_>, &lines, &earlier, &exact]);
    session.execute(WRITING, &sql, &parameters).await.map(|_| ())
}

/// Which columns differ in any record from what it was.
fn differing(table: &Stored, records: &[Changed]) -> Vec<bool> {
    // A value may have room in a row now, or none any more, though its text is the same.
    let mut differs = vec![table.may_be_wide(); table.columns.len()];
    if table.may_be_wide() {
        return differs;
    }
    let mut note = |field: &str| {
        if let Some(known) = table.place(field).and_then(|at| differs.get_mut(at)) {
            *known = true;
        }
    };
    for (_, record, before) in records {
        let Some(before) = before else { return vec![true; table.columns.len()] };
        // Both are in the order of the fields.
        let (mut old, mut new) = (before.values.iter().peekable(), record.values.iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some((field, _)), Some((other, _))) => field.cmp(other),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
            };
            let old = if order.is_le() { old.next() } else { None };
            let new = if order.is_ge() { new.next() } else { None };
            let is_same = matches!((old, new), (Some((_, one)), Some((_, other))) if one.text == other.text);
            if let Some((field, _)) = old.or(new)
                && !is_same
            {
                note(field);
            }
        }
    }
    differs
}

async fn remove(session: &Session, table: &Stored, keys: &[(String, u64)]) -> Result<()> {
    let columns = table.by_column(keys.iter().map(|(key, _)| key.as_str()));
    delete(session, table, &table.at(), &columns).await
}

/// Deletes the rows with these keys: of the table, or of one beside it with the same columns.
async fn delete(session: &Session, table: &Stored, from: &str, keys: &[Vec<Cow<'_, str>>]) -> Result<()> {
    let sql = format!("DELETE FROM {from} t USING {} WHERE {}", table.wanted(1), table.has_key("t", "w"));
    let parameters: Vec<Parameter<'_>> = keys.iter().map(|column| column as Parameter<'_>).collect();
    session.execute(WRITING, &sql, &parameters).await.map(|_| ())
}

/// Brings the table with one row for each list up to date.
async fn write_lists(
    session: &Session,
    table: &Stored,
    (column, lists): (&Column, &str),
    fresh: &FreshRecords,
    all: &Difference,
) -> Result<()> {
    let text = |record: &Record| record.text(&column.field).map(str::to_owned);
    let moved: Vec<(&str, &Arc<Record>)> = all
        .changed
        .iter()
        .filter(|(_, record, before)| before.as_ref().is_none_or(|before| text(before) != text(record)))
        .map(|(key, record, _)| (key.as_str(), record))
        .collect();
    let gone = all.removed.iter().map(|(key, _)| key.as_str()).chain(moved.iter().map(|(key, _)| *key));
    let stale = table.by_column(gone);
    let at = table.beside(lists);
    if stale.first().is_some_and(|keys| !keys.is_empty()) {
        delete(session, table, &at, &stale).await?;
    }
    let new = all.new.iter().map(|(key, record)| (key.as_str(), record));
    let records = moved.into_iter().chain(new).map(|(key, record)| (key, record.text(&column.field)));
    let as_written = all.fresh.iter().map(|(key, one)| (key.as_str(), fresh.text(*one, &column.field)));
    // The list comes first, then the key.
    let sql = format!("COPY {at} FROM STDIN");
    let mut copy = None;
    for (key, text) in records.chain(as_written) {
        let Some(lists) = text else { continue };
        let Some(parts) = table.parts(key) else { continue };
        let mut numbers: Vec<i64> = lists.split(' ').filter_map(|list| list.parse().ok()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        for list in numbers {
            let copy = match &mut copy {
                Some(copy) => copy,
                none => none.insert(Copy::begin(session, &sql).await?),
            };
            copy.number(list);
            for part in &parts {
                copy.cell(Some(part));
            }
            copy.end_row().await?;
        }
    }
    match copy {
        Some(copy) => copy.finish().await,
        None => Ok(()),
    }
}
