//! Rows on their way into a table, in the text format of COPY.

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use tidewaiter_engine::Result;

use crate::failure::failed;
use crate::session::Session;

const WRITING: &str = "writing records";
/// How much is sent at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// Rows on their way into a table.
pub(crate) struct Copy {
    sink: std::pin::Pin<Box<tokio_postgres::CopyInSink<Bytes>>>,
    buffer: BytesMut,
    is_first: bool,
}

impl Copy {
    pub(crate) async fn begin(session: &Session, sql: &str) -> Result<Self> {
        let statement = session.prepared(WRITING, sql).await?;
        let sink = session.client.copy_in(&statement).await.map_err(|error| failed(WRITING, &error))?;
        Ok(Self { sink: Box::pin(sink), buffer: BytesMut::with_capacity(CHUNK_BYTES * 2), is_first: true })
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.buffer.put_u8(b'\t');
        }
    }

    /// Adds a cell to the row.
    pub(crate) fn cell(&mut self, text: Option<&str>) {
        self.separate();
        let Some(text) = text else {
            self.buffer.put_slice(b"\\N");
            return;
        };
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r')) {
            let (plain, special) = rest.split_at(at);
            self.buffer.put_slice(plain);
            let Some((byte, behind)) = special.split_first() else { break };
            let letter = match byte {
                b'\t' => b't',
                b'\n' => b'n',
                b'\r' => b'r',
                other => *other,
            };
            self.buffer.put_slice(&[b'\\', letter]);
            rest = behind;
        }
        self.buffer.put_slice(rest);
    }

    /// Adds a number to the row.
    pub(crate) fn number(&mut self, number: i64) {
        self.separate();
        if number < 0 {
            self.buffer.put_u8(b'-');
        }
        self.digits(number.unsigned_abs());
    }

    /// There are millions of lines, and each has its number: this is quicker than a formatter.
    fn digits(&mut self, number: u64) {
        if number > 9 {
            self.digits(number / 10);
        }
        self.buffer.put_u8(b'0' + (number % 10) as u8);
    }

    /// Ends the row.
    pub(crate) async fn end_row(&mut self) -> Result<()> {
        self.buffer.put_u8(b'\n');
        self.is_first = true;
        if self.buffer.len() >= CHUNK_BYTES {
            let chunk = self.buffer.split().freeze();
            self.sink.send(chunk).await.map_err(|error| failed(WRITING, &error))?;
        }
        Ok(())
    }

    /// Sends the rest, and waits until the table has all of it.
    pub(crate) async fn finish(mut self) -> Result<()> {
        let chunk = self.buffer.split().freeze();
        self.sink.send(chunk).await.map_err(|error| failed(WRITING, &error))?;
        self.sink.as_mut().finish().await.map_err(|error| failed(WRITING, &error)).map(|_| ())
    }
}
