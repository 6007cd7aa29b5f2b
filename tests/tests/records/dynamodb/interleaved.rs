//! A worker is stopped at each of its requests, one after the other. Others do something meanwhile; then it goes on, or
//! another one does its work.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::{Effect, Record};
use tidewaiter_aws::RecordsTable;
use tidewaiter_engine::ports::{Answer, Applied, Batch, BatchNumber, Landing, Pruned, Pruning, Records};
use tidewaiter_engine::{Error, Result};
use tokio::sync::watch;

use super::table::{MemoryTable, Stop};
use crate::cases::{self, CaseFile, scopes_with_records};
use crate::delivery::{self, CheckedFile};

const UNIVERSE: &str = "u";

/// A file, checked, with its import.
struct File {
    import: ImportId,
    checked: CheckedFile,
}

/// A plain file: its number, its scope, and its lines, separated by `|`.
fn file(number: u128, scope: &'static str, lines: &str) -> File {
    let import = ImportId::new(Timestamp::from_second(1_790_000_000).expect("a time"), number);
    let options = cases::named(scope, "upsert-ignore");
    let case = CaseFile { scope, options, csv: lines.replace(" | ", "\n") + "\n" };
    let checked = delivery::check(&case, &delivery::terms(&case), import).expect("it is good");
    assert_eq!(checked.rejected, 0, "{lines}");
    File { import, checked }
}

/// Lands all lines of a file as one batch.
async fn land(records: &RecordsTable, file: &File, is_again: bool) -> Result<Applied> {
    let batch = Batch {
        universe: UNIVERSE,
        import: file.import,
        // Not the first one, whose answer is the fence: that is the easier case.
        number: BatchNumber { share: 0, batch: 1 },
        is_again,
        plan: &file.checked.terms.plan,
        layout: file.checked.reader.layout(),
        changes: &Arc::new(file.checked.changes.clone()),
    };
    match records.apply(&batch).await? {
        Answer::Landed(applied) => Ok(applied),
        Answer::PutOff => panic!("a table puts nothing off"),
    }
}

async fn land_all(records: &RecordsTable, files: &[File]) {
    for file in files {
        land(records, file, false).await.expect("nothing stops it");
    }
}

type All = BTreeMap<(String, String), Record>;

async fn all(table: &MemoryTable) -> All {
    let (records, mut all) = (table.records(), BTreeMap::new());
    for scope in scopes_with_records() {
        for stored in Records::scan(&records, scope, None, 10_000).await.expect("it can be read") {
            all.insert((scope.to_owned(), stored.key), stored.record);
        }
    }
    all
}

/// Removes every record of a scope.
async fn prune(records: &RecordsTable, file: &File) -> Pruned {
    let pruning = Pruning {
        universe: UNIVERSE,
        import: file.import,
        page: 0,
        after: None,
        limit: 1_000,
        plan: &file.checked.terms.plan,
        stays: Arc::new(|_, _| false),
    };
    records.prune_unlisted(&pruning).await.expect("nothing stops it")
}

/// A table with these files landed.
async fn table_with(files: &[File]) -> MemoryTable {
    let table = MemoryTable::default();
    land_all(&table.records(), files).await;
    table
}

/// Whether the worker always writes record by record, or as it is deployed.
const FROM: [usize; 2] = [0, 8];

/// Lets a worker land a file, and stops it before one of its requests after the other while others do something. `judge`
/// is given what came of the worker, and what came of the others.
async fn stopped_everywhere<T>(
    before: &[File],
    slow: &File,
    meanwhile: impl AsyncFn(&MemoryTable) -> T,
    judge: impl AsyncFn(MemoryTable, Result<Applied>, T),
) {
    for from in FROM {
        for at in 0.. {
            assert!(at < 100, "it never comes to its end");
            let table = table_with(before).await;
            let (waiting, mut is_waiting) = watch::channel(false);
            let waiting = Arc::new(waiting);
            let (go, may_go) = watch::channel(false);
            let stop = Stop::Waits { at, waiting: waiting.clone(), go: may_go };
            let worker = table.process(stop).record_by_record_from(from);
            let is_done = Cell::new(false);
            let work = async {
                let done = land(&worker, slow, false).await;
                is_done.set(true);
                waiting.send_replace(true);
                done
            };
            let others = async {
                is_waiting.wait_for(|waiting| *waiting).await.expect("it waits or is done");
                let did = if is_done.get() { None } else { Some(meanwhile(&table).await) };
                go.send_replace(true);
                did
            };
            let (done, did) = tokio::join!(Box::pin(work), Box::pin(others));
            let Some(did) = did else {
                assert!(at >= 3, "it was stopped {at} times");
                break;
            };
            judge(table, done, did).await;
        }
    }
}

/// Contacts that are there already.
fn there() -> [File; 1] {
    [file(1, "contacts", "email;cellphone;firstname | a@x.org;0033612345678;Ada | b@x.org;;Bob")]
}

/// Lines that change a record, add two, and name one of them twice.
fn lines() -> File {
    let lines =
        "email;cellphone;firstname | a@x.org;;Ann | c@x.org;;Cyd | d@x.org;0033611111111;Dan | c@x.org;;Cy";
    file(2, "contacts", lines)
}

fn effects(applied: &Applied) -> Vec<Effect> {
    applied.effects().cloned().collect()
}

/// What these lines do, uninterrupted.
const DONE: [Effect; 4] = [Effect::Imported, Effect::Imported, Effect::Imported, Effect::Superseding];

#[tokio::test]
async fn a_worker_that_is_slow_undoes_nothing_that_came_later() {
    let later = || {
        [
            file(3, "contacts", "email;firstname | a@x.org;Eve | d@x.org;Eve"),
            file(4, "deletecontacts", "email | c@x.org | b@x.org"),
        ]
    };
    let expected = {
        let table = table_with(&there()).await;
        land_all(&table.records(), &[lines()]).await;
        land_all(&table.records(), &later()).await;
        all(&table).await
    };
    let meanwhile = async |table: &MemoryTable| {
        let done = land(&table.records(), &lines(), true).await.expect("nothing stops it");
        land_all(&table.records(), &later()).await;
        done
    };
    stopped_everywhere(&there(), &lines(), meanwhile, async |table, slow, quick| {
        assert_eq!(effects(&quick), DONE);
        assert_eq!(slow.expect("it is told"), quick, "both get the same answer");
        assert_eq!(all(&table).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_is_slow_brings_no_record_back() {
    // Files that replace all remove what they do not name.
    let meanwhile = async |table: &MemoryTable| {
        land(&table.records(), &lines(), true).await.expect("nothing stops it");
        prune(&table.records(), &file(3, "contacts", "email | z@x.org")).await.removed
    };
    stopped_everywhere(&there(), &lines(), meanwhile, async |table, slow, removed| {
        assert!(slow.is_ok());
        assert_eq!(removed, 4);
        assert_eq!(all(&table).await, All::new());
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_is_slow_brings_nothing_back_that_belonged_to_a_record() {
    let before = || {
        let order = "order_id;contact;order_date;total_price | 1;a@x.org;2026-01-01T00:00:00Z;1";
        let [contacts] = there();
        [contacts, file(5, "products", "product_id;name | P1;Boat"), file(6, "orders", order)]
    };
    let items = || file(7, "ordersitems", "order_id;product_id;quantity;unit_price | 1;P1;1;3 | 1;P1;2;3");
    let meanwhile = async |table: &MemoryTable| {
        land(&table.records(), &items(), true).await.expect("nothing stops it");
        let again = "order_id;contact;order_date;total_price | 1;b@x.org;2026-01-02T00:00:00Z;2";
        land(&table.records(), &file(8, "orders", again), false).await.expect("nothing stops it").removed
    };
    stopped_everywhere(&before(), &items(), meanwhile, async |table, slow, removed| {
        assert!(slow.is_ok());
        assert_eq!(removed, 2, "the items go with the order that is replaced");
        assert!(!all(&table).await.keys().any(|(scope, _)| scope == "ordersitems"));
    })
    .await;
}

#[tokio::test]
async fn nothing_is_written_after_an_import_is_closed() {
    let meanwhile = async |table: &MemoryTable| {
        let has_begun = table.records().close(UNIVERSE, lines().import, 1).await.expect("nothing stops it");
        (has_begun, all(table).await)
    };
    let before = all(&table_with(&there()).await).await;
    stopped_everywhere(&there(), &lines(), meanwhile, async |table, slow, (has_begun, seen)| {
        assert_eq!(all(&table).await, seen, "what was seen when it was closed is what there is");
        if !has_begun {
            assert_eq!(seen, before, "nothing was loaded");
        }
        if let Err(error) = slow {
            assert!(matches!(error, Error::Closed { .. }), "{error}");
        }
        let again = land(&table.records(), &lines(), false).await;
        assert!(matches!(again, Err(Error::Closed { .. })) || has_begun, "{again:?}");
        assert_eq!(all(&table).await, seen);
    })
    .await;
}

#[tokio::test]
async fn imports_of_two_repositories_lose_nothing_of_each_other() {
    let other =
        || file(9, "contacts", "email;customer_key | a@x.org;C1 | b@x.org;C2 | c@x.org;C3 | d@x.org;C4");
    let meanwhile = async |table: &MemoryTable| {
        effects(&land(&table.records(), &other(), false).await.expect("nothing stops it"))
    };
    stopped_everywhere(&there(), &lines(), meanwhile, async |table, slow, quick| {
        assert_eq!(quick, vec![Effect::Imported; 4]);
        assert_eq!(effects(&slow.expect("nothing stops it")), DONE);
        has_both(&all(&table).await);
    })
    .await;
}

/// What both of two imports wrote is there.
fn has_both(records: &All) {
    let text = |key: &str, column: &str| {
        let record = records.get(&("contacts".to_owned(), key.to_owned())).expect("it is there");
        record.text(column).map(str::to_owned)
    };
    for (key, firstname, number) in
        [("a", "Ann", "C1"), ("b", "Bob", "C2"), ("c", "Cy", "C3"), ("d", "Dan", "C4")]
    {
        let key = format!("{key}@x.org");
        assert_eq!(text(&key, "firstname").as_deref(), Some(firstname));
        assert_eq!(text(&key, "customer_key").as_deref(), Some(number));
    }
}

/// Lets a worker die at one of its requests after the other. Others do something; then another worker begins again.
async fn killed_everywhere(
    between: impl AsyncFn(&MemoryTable),
    judge: impl AsyncFn(MemoryTable, Vec<Effect>),
) {
    for (from, after) in FROM.into_iter().flat_map(|from| [(from, false), (from, true)]) {
        for at in 0.. {
            assert!(at < 100, "it never comes to its end");
            let table = table_with(&there()).await;
            let worker = table.process(Stop::Dies { at, after }).record_by_record_from(from);
            let done = land(&worker, &lines(), false).await;
            let is_over = done.is_ok();
            between(&table).await;
            let again = land(&table.records().record_by_record_from(from), &lines(), true).await;
            judge(table, effects(&again.expect("nothing stops it"))).await;
            if is_over {
                assert!(at >= 3, "it died {at} times");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_worker_that_begins_again_gives_the_answer_that_the_first_one_would_have_given() {
    let expected = {
        let table = table_with(&there()).await;
        assert_eq!(effects(&land(&table.records(), &lines(), false).await.unwrap()), DONE);
        all(&table).await
    };
    killed_everywhere(
        async |_| {},
        async |table, effects| {
            assert_eq!(effects, DONE);
            assert_eq!(all(&table).await, expected);
        },
    )
    .await;
}

/// What the first worker wrote is counted as imported, although another import has changed the records since.
#[tokio::test]
async fn a_line_that_was_landed_is_imported_although_its_record_was_changed_since() {
    let other =
        || file(9, "contacts", "email;customer_key | a@x.org;C1 | b@x.org;C2 | c@x.org;C3 | d@x.org;C4");
    killed_everywhere(
        async |table| drop(land(&table.records(), &other(), false).await.expect("nothing stops it")),
        async |table, effects| {
            assert_eq!(
                effects.iter().filter(|effect| **effect == Effect::Imported).count(),
                3,
                "{effects:?}"
            );
            has_both(&all(&table).await);
        },
    )
    .await;
}
