//! What lines cost in DynamoDB, as it charges for the requests that are sent. `docs/operating.md` says it in dollars.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidewaiter::check::{Header, Line, Sink};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::{Change, Reader};
use tidewaiter_aws::RecordsTable;
use tidewaiter_engine::ports::{Batch, BatchNumber, Landing, Records};
use tidewaiter_tests::generate::{self, Scope, Sizes};

use super::table::{Charged, MemoryTable};
use crate::cases::{self, CaseFile};
use crate::delivery;

/// How many lines are landed: enough for what a batch costs beside its lines to show.
const LINES: u64 = 10_000;
const LOADERS: u32 = 8;

/// The changes of good lines.
struct Changes {
    reader: Reader,
    changes: Vec<Change>,
}

impl Sink for Changes {
    fn header(&mut self, _raw: &[u8], header: &Header) {
        self.reader.header(header);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        let change = self.reader.change(line);
        self.changes.push(change);
    }

    fn rejected(&mut self, _raw: &[u8]) {}
}

fn generated(scope: Scope) -> Vec<u8> {
    let plan =
        generate::Plan { scope, lines: LINES, first: 0, seed: 7, bad_share: 0.0, world: Sizes::default() };
    let mut csv = Vec::new();
    generate::generate(&plan, &mut csv).expect("memory takes it");
    csv
}

/// Lands a file as `process` does, with eight loaders. How many lines it has.
async fn land(records: &RecordsTable, number: u128, scope: &'static str, csv: &[u8]) -> u64 {
    let import = ImportId::new(Timestamp::from_second(1_790_000_000).expect("a time"), number);
    let case = CaseFile { scope, options: cases::named(scope, "upsert-ignore"), csv: String::new() };
    let terms = delivery::terms(&case);
    let mut lines = Changes { reader: Reader::new(Arc::clone(&terms.plan), import), changes: Vec::new() };
    let mut checker = terms.checker();
    checker.feed(csv, &mut lines);
    checker.finish(&mut lines);
    let Changes { reader, changes } = lines;
    let count = changes.len() as u64;
    for (batch, changes) in (0..).zip(changes.chunks(records.batch_lines())) {
        let mut shares: BTreeMap<u32, Vec<Change>> = BTreeMap::new();
        for change in changes {
            shares.entry(change.share(&terms.plan, LOADERS)).or_default().push(change.clone());
        }
        for (share, changes) in shares {
            let number = BatchNumber { share, batch };
            let (plan, layout, changes) = (&terms.plan, reader.layout(), &Arc::new(changes));
            let batch = Batch { universe: "u", import, number, is_again: false, plan, layout, changes };
            records.apply(&batch).await.expect("nothing stops it");
        }
    }
    count
}

/// What a line costs on average: hundredths of read and write units.
fn each(before: Charged, after: Charged, lines: u64) -> (u64, u64) {
    let of = |before: u64, after: u64| (100 * (after - before)).div_ceil(lines);
    (of(before.read_units, after.read_units), of(before.write_units, after.write_units))
}

/// New contacts have an e-mail address, one of six a telephone number beside it, and a customer number: the record and a
/// note for each column that it can be matched by, but for its key.
#[tokio::test]
async fn a_line_costs_half_of_what_it_costs_in_a_transaction() {
    let (contacts, stores) = (generated(Scope::Contacts), generated(Scope::Stores));
    let mut found = BTreeMap::new();
    for (way, from) in [("in transactions", usize::MAX), ("record by record", 8)] {
        let table = MemoryTable::default();
        let records = table.records().record_by_record_from(from);
        let mut before = table.charged();
        for (n, (what, scope, csv)) in (1..).zip([
            ("new stores", "stores", &stores),
            ("the same again", "stores", &stores),
            ("new contacts", "contacts", &contacts),
            ("the same contacts again", "contacts", &contacts),
        ]) {
            let lines = land(&records, n, scope, csv).await;
            let after = table.charged();
            let (reads, writes) = each(before, after, lines);
            let requests = after.requests - before.requests;
            println!(
                "{what} {way}: {lines} lines of {} bytes, {requests} requests; a line costs 0.01 × {reads} read units and 0.01 × {writes} write units",
                csv.len() as u64 / lines
            );
            found.insert((what, way), (reads, writes));
            before = after;
        }
        println!("items by kind: {:?}", table.kinds());
    }
    for (what, most) in [("new stores", 110), ("new contacts", 280)] {
        let writes = |way| found[&(what, way)].1;
        assert!(writes("record by record") <= most, "{what}: {found:?}");
        assert!(100 * writes("record by record") <= 55 * writes("in transactions"), "{what}: {found:?}");
    }
    assert!(
        found[&("the same again", "record by record")].1 <= 10,
        "what is unchanged is not written: {found:?}"
    );
}
