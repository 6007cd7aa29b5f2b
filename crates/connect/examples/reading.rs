//! What it costs to read a table of PostgreSQL, beside `COPY … TO STDOUT` of the same rows whose answer is thrown away.
//!
//! usage: reading USER HOST PORT DATABASE ROWS, of a server on this machine: the time of its processors counts, too

#![allow(clippy::print_stdout, reason = "it is what the program is for")]

use futures_util::StreamExt;
use tidewaiter_connect::{Connection, Limits, Login, Protection, Remote, Server};
use tidewaiter_engine::ports::{DataSource, Query, RowBatch, SourceRows};
use tokio_postgres::{Client, NoTls};

const SQL: &str = "SELECT id, email, price, at, is_open, note FROM reading";
const ROUNDS: usize = 3;

type Failed = Box<dyn std::error::Error>;

/// The time that processors have worked, in seconds.
#[derive(Clone, Copy, Default)]
struct Worked {
    here: f64,
    there: f64,
}

impl Worked {
    fn since(self, before: Self) -> Self {
        Self { here: self.here - before.here, there: self.there - before.there }
    }

    fn both(self) -> f64 {
        self.here + self.there
    }
}

/// How long processors have worked for this process, and for the connections of the server.
async fn worked(client: &Client) -> Result<Worked, Failed> {
    let of = |process: &str| -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    };
    let rows = client.query("SELECT pid FROM pg_stat_activity", &[]).await?;
    let there = rows.iter().map(|row| of(&row.get::<_, i32>(0).to_string())).sum();
    Ok(Worked { here: of("self"), there })
}

/// The most memory that this process has had, in MiB, since it was asked last.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
    // Without the right to it, the peak is that of the whole run.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    kibibytes / 1024.0
}

/// `COPY` by hand.
async fn copied(watch: &Client, client: &Client) -> Result<(Worked, u64), Failed> {
    let before = worked(watch).await?;
    let mut stream = Box::pin(client.copy_out(&format!("COPY ({SQL}) TO STDOUT")).await?);
    let mut bytes = 0;
    while let Some(chunk) = stream.next().await {
        bytes += chunk?.len() as u64;
    }
    Ok((worked(watch).await?.since(before), bytes))
}

/// By a connection.
async fn read(watch: &Client, connection: &Connection) -> Result<(Worked, u64), Failed> {
    let before = worked(watch).await?;
    let mut rows = connection.open(&Query { sql: SQL.to_owned(), last: None }).await?;
    let mut batch = RowBatch::default();
    let mut bytes = 0;
    while rows.next(&mut batch).await? {
        bytes += batch.bytes() as u64;
    }
    // The connection lives until here, so that the work of the server is seen.
    let taken = worked(watch).await?.since(before);
    drop(rows);
    Ok((taken, bytes))
}

async fn client(user: &str, host: &str, port: u16, database: &str) -> Result<Client, Failed> {
    let address = format!("postgresql://{user}@{host}:{port}/{database}");
    let (client, connection) = tokio_postgres::connect(&address, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [user, host, port, database, count] = arguments.as_slice() else {
        return Err("usage: reading USER HOST PORT DATABASE ROWS".into());
    };
    let (port, count): (u16, f64) = (port.parse()?, count.parse()?);
    let watch = client(user, host, port, database).await?;
    let made = format!(
        "DROP TABLE IF EXISTS reading; CREATE TABLE reading AS SELECT n AS id,
         md5(n::text) || '@example.org' AS email, n * 0.01 AS price,
         timestamptz '2026-01-01' + n * interval '1 second' AS at, n % 3 = 0 AS is_open,
         CASE WHEN n % 10 = 0 THEN NULL ELSE repeat('note ', n % 8) END AS note
         FROM generate_series(1, {count}) n; ANALYZE reading"
    );
    watch.batch_execute(&made).await?;
    let login = Login { user: user.clone(), password: None };
    let remote =
        Remote { host: host.clone(), port, database: database.clone(), protection: Protection::None, login };
    let connection = Connection { server: Server::Postgres(remote), limits: Limits::default() };
    let plain = client(user, host, port, database).await?;
    copied(&watch, &plain).await?;
    let (mut by_hand, mut ours) = (Worked::default(), Worked::default());
    let sum = |sum: Worked, one: Worked| Worked { here: sum.here + one.here, there: sum.there + one.there };
    for _ in 0..ROUNDS {
        let (taken, bytes) = copied(&watch, &plain).await?;
        by_hand = sum(by_hand, taken);
        println!("COPY: {:.2} s here, {:.2} s in the server, {bytes} bytes", taken.here, taken.there);
        peak();
        let (taken, bytes) = read(&watch, &connection).await?;
        ours = sum(ours, taken);
        println!(
            "read: {:.2} s here, {:.2} s in the server, {bytes} bytes, peak {:.0} MiB",
            taken.here,
            taken.there,
            peak()
        );
    }
    let rounds = f64::from(u32::try_from(ROUNDS)?);
    println!(
        "rows a second of processor time: COPY {:.0}, read {:.0}",
        rounds * count / by_hand.both(),
        rounds * count / ours.both()
    );
    println!("read is {:.2} of COPY", by_hand.both() / ours.both());
    watch.batch_execute("DROP TABLE reading").await?;
    Ok(())
}
