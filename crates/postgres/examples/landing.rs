//! What it costs to land contacts in PostgreSQL, beside the fastest SQL by hand on the same rows.
//!
//! usage: landing ADDRESS LINES, of a server on this machine: the time of its processors counts, too

#![allow(clippy::print_stdout, reason = "it is what the program is for")]
#![allow(clippy::indexing_slicing, reason = "tables of constants")]

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::SinkExt;
use tidewaiter::config::ImportOptions;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::{Cells, Change, Layout, Plan, Subject};
use tidewaiter::schema::catalogue;
use tidewaiter::schema::compile::Scope;
use tidewaiter_engine::ports::{Answer, Applied, Batch, BatchNumber, Cargo, Landing, Records};
use tidewaiter_postgres::{Address, PostgresRecords};
use tokio_postgres::{Client, NoTls};

const SCOPE: &str = "contacts";
const COLUMNS: [&str; 8] =
    ["email", "cellphone", "customer_key", "firstname", "lastname", "city", "birthdate", "optin_date"];

type Failed = Box<dyn std::error::Error>;

/// What something took: by the clock, and of processors, here and in the server.
#[derive(Clone, Copy)]
struct Taken {
    clock: f64,
    here: f64,
    there: f64,
}

impl Taken {
    fn since(begun: (Instant, (f64, f64)), now: (f64, f64)) -> Self {
        Self { clock: begun.0.elapsed().as_secs_f64(), here: now.0 - begun.1.0, there: now.1 - begun.1.1 }
    }

    fn processors(self) -> f64 {
        self.here + self.there
    }
}

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} s, processors {:.2} s ({:.2} here)", self.clock, self.processors(), self.here)
    }
}

/// How long processors have worked for this process, and for the connections of the server.
async fn processors(client: &Client) -> Result<(f64, f64), Failed> {
    let of = |pid: &str| -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    };
    let rows = client.query("SELECT pid FROM pg_stat_activity", &[]).await?;
    Ok((of("self"), rows.iter().map(|row| of(&row.get::<_, i32>(0).to_string())).sum()))
}

/// The values of a line. Its key is as random as an address.
fn values(line: usize, round: usize) -> [String; 8] {
    let mixed = (line as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    [
        format!("{:016x}@example.org", mixed ^ mixed >> 32),
        format!("336{:08}", mixed % 100_000_000),
        format!("C{line:09}"),
        ["Ada", "Grace", "Alan", "Edsger"][line % 4].to_owned(),
        format!("Lovelace{round}"),
        ["Paris", "London", "Milano"][line % 3].to_owned(),
        format!("19{:02}-{:02}-{:02}", 50 + line % 50, 1 + line % 12, 1 + line % 28),
        format!("2026-{:02}-{:02}T10:{:02}:00Z", 1 + line % 12, 1 + line % 28, line % 60),
    ]
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, lines] = arguments.as_slice() else { return Err("usage: landing ADDRESS LINES".into()) };
    let lines: usize = lines.parse()?;
    let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
    tokio::spawn(connection);
    let names = ["all new", "all unchanged", "all changed"];
    let mut floor = Vec::new();
    for (name, round) in names.iter().zip([0, 0, 1]) {
        floor.push(by_hand(&client, lines, round).await?);
        println!("by hand, {name}: {}", floor[floor.len() - 1]);
    }
    let records = PostgresRecords::new(Address::parse(&format!("{address}?sslmode=disable"), None)?);
    for ((n, name), (round, floor)) in names.iter().enumerate().zip([0, 0, 1].into_iter().zip(floor)) {
        let taken = landed(&client, &records, n as u128 + 1, lines, round).await?;
        let (clock, of) = (floor.clock / taken.clock, floor.processors() / taken.processors());
        println!("landed, {name}: {taken}; {clock:.2} of the speed by hand, {of:.2} by processors");
    }
    let sql =
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relname IN ('contacts', 'by_hand')";
    for row in client.query(sql, &[]).await? {
        println!("{}: {} MB", row.get::<_, &str>(0), row.get::<_, i64>(1) >> 20);
    }
    Ok(())
}

/// The fastest SQL by hand: COPY to an unlogged table, an insert of what is new in the order of the keys, an update of what
/// differs.
async fn by_hand(client: &Client, lines: usize, round: usize) -> Result<Taken, Failed> {
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS public.by_hand (email text COLLATE \"C\" PRIMARY KEY, cellphone text, customer_key text,
               firstname text, lastname text, city text, birthdate date, optin timestamptz);
             CREATE UNLOGGED TABLE public.staged (email text COLLATE \"C\", cellphone text, customer_key text,
               firstname text, lastname text, city text, birthdate date, optin timestamptz)",
        )
        .await?;
    let mut chunks = Vec::new();
    for lines in (0..lines).collect::<Vec<_>>().chunks(2_000) {
        let rows: String = lines.iter().map(|line| values(*line, round).join("\t") + "\n").collect();
        chunks.push(Bytes::from(rows));
    }
    let begun = (Instant::now(), processors(client).await?);
    client.batch_execute("BEGIN").await?;
    let mut sink = Box::pin(client.copy_in("COPY public.staged FROM STDIN").await?);
    for chunk in chunks {
        sink.send(chunk).await?;
    }
    sink.as_mut().finish().await?;
    client
        .batch_execute(
            "ANALYZE public.staged;
             INSERT INTO public.by_hand SELECT * FROM public.staged s
               WHERE NOT EXISTS (SELECT 1 FROM public.by_hand t WHERE t.email = s.email) ORDER BY email;
             UPDATE public.by_hand t SET cellphone = s.cellphone, customer_key = s.customer_key, firstname = s.firstname,
               lastname = s.lastname, city = s.city, birthdate = s.birthdate, optin = s.optin
               FROM public.staged s WHERE t.email = s.email
               AND (t.cellphone, t.customer_key, t.firstname, t.lastname, t.city, t.birthdate, t.optin)
               IS DISTINCT FROM (s.cellphone, s.customer_key, s.firstname, s.lastname, s.city, s.birthdate, s.optin);
             COMMIT",
        )
        .await?;
    let taken = Taken::since(begun, processors(client).await?);
    client.batch_execute("DROP TABLE public.staged; ANALYZE public.by_hand").await?;
    Ok(taken)
}

/// Lands the lines; the time is that of the calls.
async fn landed(
    client: &Client,
    records: &PostgresRecords,
    run: u128,
    lines: usize,
    round: usize,
) -> Result<Taken, Failed> {
    let scopes = catalogue::scopes();
    let schema = scopes.get(SCOPE).ok_or("there is no such scope")?;
    let scope = Arc::new(Scope::compile(SCOPE, schema).map_err(|_| "the scope does not compile")?);
    let plan = Arc::new(Plan::new(scope, scopes, &ImportOptions::default()));
    let layout = Layout::new(COLUMNS.map(str::to_owned).to_vec(), Vec::new(), None);
    let import = ImportId::new(Timestamp::now(), run);
    let change = |line: &usize| {
        let values = values(*line, round);
        let key = values[0].clone();
        let values: Cells = values.iter().map(|value| Some(value.as_str())).collect();
        Change { line: *line as u64 + 2, subject: Subject::Key(key), values, references: Vec::new() }
    };
    let numbers: Vec<usize> = (0..lines).collect();
    let batches = numbers.chunks(records.batch_lines());
    let batches: Vec<Arc<Vec<Change>>> =
        batches.map(|lines| Arc::new(lines.iter().map(change).collect())).collect();
    let begun = (Instant::now(), processors(client).await?);
    let landing = records
        .begin(Cargo { universe: "bench", import, file: "contacts.csv", bytes: 0, plan: &plan })
        .await?;
    let mut all = Applied::default();
    for (n, changes) in batches.iter().enumerate() {
        let number = BatchNumber { share: 0, batch: n as u64 };
        let batch = Batch {
            universe: "bench",
            import,
            number,
            is_again: false,
            plan: &plan,
            layout: &layout,
            changes,
        };
        if let Answer::Landed(applied) = landing.apply(&batch).await? {
            all.extend(applied);
        }
    }
    landing.keep().await?;
    let taken = Taken::since(begun, processors(client).await?);
    let effects: Vec<_> = all.effects().collect();
    println!("  {} lines, the last one {:?}", effects.len(), effects.last());
    Ok(taken)
}
