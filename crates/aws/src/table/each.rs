//! Items that are written each for itself. One costs half of what it costs in a transaction.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tidewaiter_engine::{Error, Result};

use crate::failure;

use super::{At, Item, Table, Tries, When, Written, item};

/// How many requests are on their way at the same time.
const AT_ONCE: usize = 16;
/// DynamoDB takes no more items in a request without conditions.
const ITEMS: usize = 25;

/// An item with its attributes.
pub(crate) type Whole = (At, Vec<(&'static str, AttributeValue)>);

impl Table {
    /// Writes each item under its own condition. True if all are written; if not, others of them may be.
    pub(crate) async fn put_each(&self, what: &'static str, items: Vec<(Whole, When)>) -> Result<bool> {
        // Collected, since a stream of closures is no future that a port may return.
        let puts: Vec<_> = items.into_iter().map(|(whole, when)| self.put_one(what, whole, when)).collect();
        let all = |all: bool, done: bool| async move { Ok(all && done) };
        stream::iter(puts).buffer_unordered(AT_ONCE).try_fold(true, all).await
    }

    async fn put_one(&self, what: &'static str, (at, attributes): Whole, when: When) -> Result<bool> {
        Ok(match self.put(what, &at, &attributes, when).await? {
            Written::Done => true,
            // A client that got no answer sends a request again, and is told that it comes too late.
            Written::Lost(held) => has(&held, &attributes),
        })
    }

    /// Sets an attribute of each item that has the value that it is said to have in it.
    pub(crate) async fn renew_each(
        &self,
        what: &'static str,
        name: &'static str,
        items: Vec<(At, AttributeValue)>,
        value: &AttributeValue,
    ) -> Result<()> {
        let renewals: Vec<_> =
            items.into_iter().map(|(at, from)| self.renew(what, name, at, from, value)).collect();
        stream::iter(renewals).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn renew(
        &self,
        what: &'static str,
        name: &'static str,
        at: At,
        from: AttributeValue,
        value: &AttributeValue,
    ) -> Result<()> {
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(super::key(&at)))
            .update_expression("SET #a = :v")
            .condition_expression("#a = :from")
            .expression_attribute_names("#a", name)
            .expression_attribute_values(":v", value.clone())
            .expression_attribute_values(":from", from);
        match request.send().await {
            Err(error) if !is_lost(&error) => Err(failure::store(what, &error)),
            _ => Ok(()),
        }
    }

    /// Writes items whatever is there, as many requests as it takes.
    pub(crate) async fn put_all(&self, what: &'static str, items: &[Whole]) -> Result<()> {
        for batch in items.chunks(ITEMS) {
            let put = |(at, attributes): &Whole| {
                let request = PutRequest::builder().set_item(Some(item(at, attributes))).build()?;
                Ok(WriteRequest::builder().put_request(request).build())
            };
            let writes: std::result::Result<Vec<WriteRequest>, BuildError> = batch.iter().map(put).collect();
            let mut left = writes.map_err(|e| Error::Store { what, source: Box::new(e) })?;
            let mut tries = Tries::patient(what);
            while !left.is_empty() {
                let request = self.client.batch_write_item().request_items(&self.name, left);
                let done = request.send().await.map_err(|e| failure::store(what, &e))?;
                left = done.unprocessed_items.and_then(|mut all| all.remove(&self.name)).unwrap_or_default();
                if !left.is_empty() {
                    tries.again().await?;
                }
            }
        }
        Ok(())
    }
}

/// True if an item was not written because another process wrote it.
fn is_lost(error: &failure::Answer<UpdateItemError>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
        || failure::code(error) == Some("TransactionConflictException")
}

/// True if an item holds these attributes.
pub(crate) fn has(held: &Item, attributes: &[(&'static str, AttributeValue)]) -> bool {
    attributes.iter().all(|(name, value)| held.get(*name) == Some(value))
}
