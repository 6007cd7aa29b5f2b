//! What a store looks like to one line.

use tidewaiter_model::id::ImportId;

use super::{Record, Source};

/// The records of one universe, as a line sees them: with everything that earlier lines did.
pub trait RecordTx {
    /// What can go wrong with the store.
    type Error;

    /// A record.
    ///
    /// # Errors
    /// The store cannot be read.
    fn get(&mut self, scope: &str, key: &str) -> Result<Option<Record>, Self::Error>;

    /// Whether a record exists.
    ///
    /// # Errors
    /// The store cannot be read.
    fn exists(&mut self, scope: &str, key: &str) -> Result<bool, Self::Error>;

    /// The keys of the records with this value in a column, as it is kept; two of them are enough.
    ///
    /// # Errors
    /// The store cannot be read.
    fn matching(&mut self, scope: &str, column: &str, value: &str) -> Result<Vec<String>, Self::Error>;

    /// Whether a record holds these values, by the names of their columns, and if so, whether this import changed it last.
    /// None if it does not; or if this store has no quicker way than to read the record.
    ///
    /// # Errors
    /// The store cannot be read.
    fn holds<'v>(
        &mut self,
        _scope: &str,
        _key: &str,
        _values: impl Iterator<Item = (&'v str, &'v str)>,
        _import: ImportId,
    ) -> Result<Option<bool>, Self::Error> {
        Ok(None)
    }

    /// Whether a record is not too large to be kept.
    fn fits(&self, _record: &Record) -> bool {
        true
    }

    /// Writes a record with the values of one line, by the names of their columns, if there is none with this key.
    /// False if there is one; or if this store has no quicker way to that than to look first.
    ///
    /// # Errors
    /// The store cannot be written.
    fn put_new<'v>(
        &mut self,
        _scope: &str,
        _key: &str,
        _values: impl Iterator<Item = (&'v str, &'v str)>,
        _source: Source,
    ) -> Result<bool, Self::Error> {
        Ok(false)
    }

    /// Writes a record, whether it exists or not.
    ///
    /// # Errors
    /// The store cannot be written.
    fn put(&mut self, scope: &str, key: &str, record: &Record) -> Result<(), Self::Error>;

    /// Removes a record, if it exists.
    ///
    /// # Errors
    /// The store cannot be written.
    fn remove(&mut self, scope: &str, key: &str) -> Result<(), Self::Error>;

    /// Removes the records whose keys begin with [`owned_prefix`](super::owned_prefix) of `owner`; answers
    /// how many there were.
    ///
    /// # Errors
    /// The store cannot be written.
    fn remove_owned(&mut self, scope: &str, owner: &str) -> Result<u64, Self::Error>;
}
