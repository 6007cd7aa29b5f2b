//! Rows of a database into a file: as a query of an import writes them, and as COPY does.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

use futures_util::StreamExt;
use tidewaiter::config::{Config, ImportOptions, QueryOptions};
use tidewaiter::run::Position;
use tidewaiter_connect::{Connection, Limits, Login, Protection, Remote, Server};
use tidewaiter_engine::fetch::{Cursor, RowForm};
use tidewaiter_engine::ports::{DataSource, Query, RowBatch, SourceRows};

const PIECE: usize = 1 << 20;

/// Reads the query of a configuration: its rows go into a file. How many there were.
pub(crate) fn ours(port: &str, configuration: &str, out: &str) -> Result<String, Box<dyn Error>> {
    let document = std::fs::read(configuration)?;
    let config = Config::parse("shop", &document)
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<String>())?;
    let (_, options) = config.entries().next().ok_or("no import")?;
    let query = options.query.as_ref().ok_or("no query")?;
    let remote = Remote {
        host: "127.0.0.1".to_owned(),
        port: port.parse()?,
        database: "postgres".to_owned(),
        protection: Protection::None,
        login: Login { user: "tidewaiter".to_owned(), password: None },
    };
    let connection = Connection { server: Server::Postgres(remote), limits: Limits::default() };
    let rows = runtime()?.block_on(read(&connection, options, query, out))?;
    Ok(format!("{rows} rows"))
}

async fn read(
    connection: &Connection,
    options: &ImportOptions,
    query: &QueryOptions,
    out: &str,
) -> Result<u64, Box<dyn Error>> {
    let last = query.last_item.as_ref().ok_or("no last_item")?;
    let begin = Cursor::begin(last, &Position::default())?;
    let asked = Query { sql: query.sql.as_str().to_owned(), last: Some(begin.clone()) };
    let mut answer = connection.open(&asked).await?;
    let columns = answer.columns().to_vec();
    let mut cursor = Cursor::new(last, Position::default(), &begin, &columns)?;
    let form = RowForm::of(&options.dialect);
    let (mut file, mut buffer, mut batch) = (File::create(out)?, Vec::new(), RowBatch::default());
    form.header(&columns, &mut buffer);
    let mut rows = 0;
    while answer.next(&mut batch).await? {
        for row in batch.iter() {
            if cursor.take(row.clone())? {
                rows += 1;
                form.row(&columns, row, &mut buffer);
            }
        }
        if buffer.len() >= PIECE {
            file.write_all(&buffer)?;
            buffer.clear();
        }
    }
    file.write_all(&buffer)?;
    Ok(rows)
}

/// `COPY (query) TO STDOUT` into a file, as `psql` does it.
pub(crate) fn copy(port: &str, sql: &str, out: &str) -> Result<String, Box<dyn Error>> {
    runtime()?.block_on(async {
        let address = format!("host=127.0.0.1 port={port} user=tidewaiter dbname=postgres");
        let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await?;
        let driven = tokio::spawn(connection);
        let mut stream =
            Box::pin(client.copy_out(&format!("COPY ({sql}) TO STDOUT (FORMAT csv, HEADER)")).await?);
        let mut file = BufWriter::with_capacity(PIECE, File::create(out)?);
        while let Some(piece) = stream.next().await {
            file.write_all(&piece?)?;
        }
        file.flush()?;
        driven.abort();
        Ok(String::new())
    })
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
