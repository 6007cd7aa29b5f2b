//! The few things that are done with the table. Reads are consistent; writes have conditions.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, KeysAndAttributes, Put, ReturnValuesOnConditionCheckFailure,
    Select, TransactWriteItem, Update,
};
use tidewaiter_engine::{Error, Result};

use crate::failure;

/// How often a write is tried again that others were faster with.
const TRIES: u32 = 12;
/// DynamoDB reads no more items at once.
const BATCH: usize = 100;

/// The keys of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct At {
    /// The partition key.
    pub(crate) pk: String,
    /// The sort key.
    pub(crate) sk: String,
}

/// The attributes of an item.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// One table with a partition key `pk` and a sort key `sk`, both text.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

/// Under which condition an item is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum When {
    Always,
    /// There is none.
    New,
    /// This attribute has this value.
    Is(&'static str, AttributeValue),
    /// The first attribute has this value, and there is no such second one.
    IsWithout(&'static str, AttributeValue, &'static str),
}

/// A write, alone or with others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Write {
    Put(At, Vec<(&'static str, AttributeValue)>, When),
    /// Sets an attribute, unless it has a value.
    SetOnce(At, &'static str, AttributeValue),
    /// Sets an attribute, on the condition that it has no higher value.
    Raise(At, &'static str, AttributeValue),
    Delete(At, When),
    /// Writes nothing: the others are written only if the item, if there is one, has no such attribute.
    Unless(At, &'static str),
    /// Adds one to an attribute.
    Count(At, &'static str),
    /// Adds one to two attributes.
    CountBoth(At, &'static str, &'static str),
    /// Writes nothing: the others are written only if the item has this number as an attribute; 0 is that of an item
    /// that is not there.
    If(At, &'static str, u64),
}

/// What became of a write.
#[derive(Debug)]
pub(crate) enum Written {
    Done,
    /// A condition did not hold, or another process wrote at the same time: nothing was written. The item as it is,
    /// if it was the only one.
    Lost(Item),
}

/// The part of a partition that is read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part<'a> {
    /// Only sort keys that begin so.
    pub(crate) prefix: &'a str,
    /// The last ones first.
    pub(crate) descending: bool,
}

/// Where a partition is read on, behind a sort key.
pub(crate) fn start_after(pk: &str, sk: &str) -> Item {
    key(&At { pk: pk.to_owned(), sk: sk.to_owned() })
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl std::fmt::Display + Copy) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn key(at: &At) -> Item {
    HashMap::from([("pk".to_owned(), text(&at.pk)), ("sk".to_owned(), text(&at.sk))])
}

/// Where an item lies.
pub(crate) fn at_of(item: &Item) -> Option<At> {
    let of = |name: &str| text_of(item, name).map(str::to_owned);
    Some(At { pk: of("pk")?, sk: of("sk")? })
}

fn item(at: &At, attributes: &[(&'static str, AttributeValue)]) -> Item {
    let mut item = key(at);
    item.extend(attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    item
}

/// The text of an attribute.
pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// The number of an attribute.
pub(crate) fn number_of<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|digits| digits.parse().ok())
}

/// An item that does not hold what we write.
pub(crate) fn broken(what: &'static str) -> Error {
    Error::Store { what, source: "an item of the table is not as it was written".into() }
}

impl Table {
    pub(crate) async fn get(&self, what: &'static str, at: &At) -> Result<Option<Item>> {
        let request = self.client.get_item().table_name(&self.name).set_key(Some(key(at)));
        let found = request.consistent_read(true).send().await.map_err(|e| failure::store(what, &e))?;
        Ok(found.item)
    }

    /// The items at these keys, as far as there are any, in no order.
    pub(crate) async fn get_all(&self, what: &'static str, keys: &[At]) -> Result<Vec<Item>> {
        let mut items = Vec::with_capacity(keys.len());
        for batch in keys.chunks(BATCH) {
            let mut left: Vec<Item> = batch.iter().map(key).collect();
            let mut tries = Tries::new(what);
            while !left.is_empty() {
                let asked = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
                let asked = asked.map_err(|e| Error::Store { what, source: Box::new(e) })?;
                let request = self.client.batch_get_item().request_items(&self.name, asked);
                let found = request.send().await.map_err(|e| failure::store(what, &e))?;
                items.extend(found.responses.into_iter().flatten().flat_map(|(_, items)| items));
                let unprocessed = found.unprocessed_keys.and_then(|mut all| all.remove(&self.name));
                left = unprocessed.map(|keys| keys.keys).unwrap_or_default();
                if !left.is_empty() {
                    tries.again().await?;
                }
            }
        }
        Ok(items)
    }

    /// Up to `limit` items of a partition in the order of their sort keys, behind `after`; and the key behind
    /// which there may be more.
    pub(crate) async fn page(
        &self,
        what: &'static str,
        pk: &str,
        part: Part<'_>,
        after: Option<Item>,
        limit: usize,
    ) -> Result<(Vec<Item>, Option<Item>)> {
        let mut request = self
            .client
            .query()
            .table_name(&self.name)
            .expression_attribute_values(":pk", text(pk))
            .consistent_read(true)
            .scan_index_forward(!part.descending)
            .set_exclusive_start_key(after)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX).max(1));
        request = if part.prefix.is_empty() {
            request.key_condition_expression("pk = :pk")
        } else {
            request
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":sk", text(part.prefix))
        };
        let found = request.send().await.map_err(|e| failure::store(what, &e))?;
        Ok((found.items.unwrap_or_default(), found.last_evaluated_key))
    }

    /// All items of a partition in the order of their sort keys, at most `limit`.
    pub(crate) async fn query(
        &self,
        what: &'static str,
        pk: &str,
        part: Part<'_>,
        limit: usize,
    ) -> Result<Vec<Item>> {
        let (mut items, mut after) = self.page(what, pk, part, None, limit).await?;
        while items.len() < limit && after.is_some() {
            let more = self.page(what, pk, part, after, limit - items.len()).await?;
            items.extend(more.0);
            after = more.1;
        }
        Ok(items)
    }

    /// How many items a partition has that have no such attribute.
    pub(crate) async fn count_without(
        &self,
        what: &'static str,
        pk: &str,
        name: &'static str,
    ) -> Result<u64> {
        let (mut count, mut after) = (0, None);
        loop {
            let request = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk")
                .filter_expression("attribute_not_exists(#a)")
                .expression_attribute_names("#a", name)
                .expression_attribute_values(":pk", text(pk))
                .select(Select::Count)
                .set_exclusive_start_key(after);
            let found = request.send().await.map_err(|e| failure::store(what, &e))?;
            count += u64::try_from(found.count).unwrap_or_default();
            after = found.last_evaluated_key;
            if after.is_none() {
                return Ok(count);
            }
        }
    }

    /// Writes all of it, or nothing.
    pub(crate) async fn write(&self, what: &'static str, writes: Vec<Write>) -> Result<Written> {
        match <[Write; 1]>::try_from(writes) {
            Ok([Write::Put(at, attributes, when)]) => self.put(what, &at, &attributes, when).await,
            Ok(write) => self.transact(what, write.to_vec()).await,
            Err(writes) if writes.is_empty() => Ok(Written::Done),
            Err(writes) => self.transact(what, writes).await,
        }
    }

    async fn put(
        &self,
        what: &'static str,
        at: &At,
        attributes: &[(&'static str, AttributeValue)],
        when: When,
    ) -> Result<Written> {
        let (condition, names, values) = expression(when);
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item(at, attributes)))
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(Written::Done),
            Err(SdkError::ServiceError(answer)) if answer.err().is_conditional_check_failed_exception() => {
                let held = match answer.into_err() {
                    aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
                        held,
                    ) => held.item,
                    _ => None,
                };
                Ok(Written::Lost(held.unwrap_or_default()))
            }
            Err(error) if failure::code(&error) == Some("TransactionConflictException") => {
                Ok(Written::Lost(Item::new()))
            }
            Err(error) => Err(failure::store(what, &error)),
        }
    }

    async fn transact(&self, what: &'static str, writes: Vec<Write>) -> Result<Written> {
        let items: std::result::Result<_, _> = writes.into_iter().map(|w| self.transact_item(w)).collect();
        let items: Vec<TransactWriteItem> = items.map_err(|e| Error::Store { what, source: Box::new(e) })?;
        let mut tries = Tries::patient(what);
        loop {
            let request = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            let Err(error) = request.send().await else { return Ok(Written::Done) };
            match Canceled::of(&error) {
                Some(Canceled::Lost) => return Ok(Written::Lost(Item::new())),
                Some(Canceled::Throttled) => tries.again().await?,
                None => return Err(failure::store(what, &error)),
            }
        }
    }

    fn transact_item(&self, write: Write) -> std::result::Result<TransactWriteItem, BuildError> {
        let builder = TransactWriteItem::builder();
        let update = |at: &At, expression: &str, name: &str, value: AttributeValue| {
            let update = Update::builder().table_name(&self.name).set_key(Some(key(at)));
            let update = update.update_expression(expression).expression_attribute_names("#a", name);
            update.expression_attribute_values(":v", value)
        };
        let check = |at: &At, condition: &str, name: &str| {
            let check = ConditionCheck::builder().table_name(&self.name).set_key(Some(key(at)));
            check.condition_expression(condition).expression_attribute_names("#a", name)
        };
        Ok(match write {
            Write::Put(at, attributes, when) => {
                let (condition, names, values) = expression(when);
                let put = Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(item(&at, &attributes)))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values);
                builder.put(put.build()?).build()
            }
            Write::SetOnce(at, name, value) => {
                let update = update(&at, "SET #a = if_not_exists(#a, :v)", name, value);
                builder.update(update.build()?).build()
            }
            Write::Raise(at, name, value) => {
                let update = update(&at, "SET #a = :v", name, value)
                    .condition_expression("attribute_not_exists(#a) OR #a <= :v");
                builder.update(update.build()?).build()
            }
            Write::Delete(at, when) => {
                let (condition, names, values) = expression(when);
                let delete = Delete::builder()
                    .table_name(&self.name)
                    .set_key(Some(key(&at)))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values);
                builder.delete(delete.build()?).build()
            }
            Write::Unless(at, name) | Write::If(at, name, 0) => {
                let check = check(&at, "attribute_not_exists(#a)", name);
                builder.condition_check(check.build()?).build()
            }
            Write::Count(at, name) => {
                let update = update(&at, "ADD #a :v", name, number(1));
                builder.update(update.build()?).build()
            }
            Write::CountBoth(at, one, other) => {
                let update =
                    update(&at, "ADD #a :v, #b :v", one, number(1)).expression_attribute_names("#b", other);
                builder.update(update.build()?).build()
            }
            Write::If(at, name, value) => {
                let check = check(&at, "#a = :v", name).expression_attribute_values(":v", number(value));
                builder.condition_check(check.build()?).build()
            }
        })
    }
}

/// Why a transaction was not carried out, if not for an error.
enum Canceled {
    /// A condition did not hold, or another process wrote at the same time.
    Lost,
    /// More is written than the table takes at the moment. The client does not try this again by itself.
    Throttled,
}

impl Canceled {
    fn of(error: &failure::Answer<TransactWriteItemsError>) -> Option<Self> {
        let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error()
        else {
            return None;
        };
        let reasons = || canceled.cancellation_reasons().iter().filter_map(|reason| reason.code());
        if reasons().any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict")) {
            return Some(Self::Lost);
        }
        reasons()
            .any(|code| matches!(code, "ThrottlingError" | "ProvisionedThroughputExceeded"))
            .then_some(Self::Throttled)
    }
}

type Expression = (Option<String>, Option<HashMap<String, String>>, Option<Item>);

/// A condition with the names and values it uses, and no others: AWS refuses those.
fn expression(when: When) -> Expression {
    match when {
        When::Always => (None, None, None),
        When::New => (Some("attribute_not_exists(pk)".to_owned()), None, None),
        When::Is(name, value) => {
            let names = HashMap::from([("#a".to_owned(), name.to_owned())]);
            let values = HashMap::from([(":v".to_owned(), value)]);
            (Some("#a = :v".to_owned()), Some(names), Some(values))
        }
        When::IsWithout(name, value, other) => {
            let names =
                [("#a", name), ("#b", other)].map(|(short, long)| (short.to_owned(), long.to_owned()));
            let values = HashMap::from([(":v".to_owned(), value)]);
            let condition = "#a = :v AND attribute_not_exists(#b)".to_owned();
            (Some(condition), Some(HashMap::from(names)), Some(values))
        }
    }
}

/// Counts the tries of a write that others were faster with, or that the table had no room for, and waits longer from
/// try to try.
pub(crate) struct Tries {
    what: &'static str,
    done: u32,
    /// How long the second try waits at most, in milliseconds; it doubles five times.
    first: u64,
}

impl Tries {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, done: 0, first: 20 }
    }

    /// For a table that is asked too much: a partition that is hot takes seconds to be split.
    pub(crate) fn patient(what: &'static str) -> Self {
        Self { what, done: 0, first: 200 }
    }

    /// Waits before another try.
    pub(crate) async fn again(&mut self) -> Result<()> {
        use std::hash::{BuildHasher, RandomState};
        self.done += 1;
        if self.done >= TRIES {
            let source =
                "other processes were faster each time, or the table takes no more at the moment".into();
            return Err(Error::Store { what: self.what, source });
        }
        let most = self.first << (self.done - 1).min(5);
        // Spread the retries, so that two writers that met do not meet again.
        let wait = RandomState::new().hash_one(self.done) % most;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        Ok(())
    }
}

mod each;

pub(crate) use each::Whole;

#[cfg(test)]
mod tests;
