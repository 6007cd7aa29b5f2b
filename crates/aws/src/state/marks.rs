//! Marks in DynamoDB.

use tidewaiter::id::Timestamp;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::Marks;

use super::{StateTable, keys};
use crate::table::{When, Write, Written, number, number_of};

impl Marks for StateTable {
    async fn put_if_absent(&self, key: &str, at: Timestamp) -> Result<Timestamp> {
        let millis = number(at.as_millisecond());
        let write = Write::Put(keys::note(key), vec![("at", millis)], When::New);
        match self.table.write("noting something", vec![write]).await? {
            Written::Done => Ok(at),
            Written::Lost(_) => Ok(self.get(key).await?.unwrap_or(at)),
        }
    }

    async fn put(&self, key: &str, at: Timestamp) -> Result<()> {
        let millis = number(at.as_millisecond());
        let write = Write::Put(keys::note(key), vec![("at", millis)], When::Always);
        self.table.write("noting something", vec![write]).await.map(|_| ())
    }

    async fn get(&self, key: &str) -> Result<Option<Timestamp>> {
        let found = self.table.get("looking for a note", &keys::note(key)).await?;
        let millis = found.and_then(|item| number_of(&item, "at"));
        Ok(millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()))
    }
}
