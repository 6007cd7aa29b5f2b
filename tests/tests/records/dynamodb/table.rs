//! A table of DynamoDB in memory, as far as records need it: what it answers, and what it charges.
//!
//! Each process has a client of its own. A process may be stopped at any of its requests: it dies there, or it waits
//! there while others go on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value, json};
use tidewaiter_aws::RecordsTable;
use tokio::sync::watch;

type Item = Map<String, Value>;
type Items = BTreeMap<(String, String), Item>;

/// The table, shared by all processes.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryTable(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    items: Mutex<Items>,
    /// Units of half a read: what is read consistently counts two.
    reads: AtomicU64,
    writes: AtomicU64,
    requests: AtomicU64,
}

/// What the table has charged.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Charged {
    pub(crate) read_units: u64,
    pub(crate) write_units: u64,
    pub(crate) requests: u64,
}

/// Where a process is stopped.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    /// Nowhere.
    Never,
    /// It dies before it sends this request, counted from 0; or when it was carried out, without the answer.
    Dies { at: usize, after: bool },
    /// It goes on, but one of so many requests fails: half of these are carried out before.
    Sometimes { one_in: usize },
    /// It goes on, but others may do something between any two of its requests.
    GivesWay,
    /// It waits before this request is carried out, until it is told to go on.
    Waits { at: usize, waiting: Arc<watch::Sender<bool>>, go: watch::Receiver<bool> },
}

/// A process that uses the table.
#[derive(Debug, Clone)]
struct Process {
    table: MemoryTable,
    stop: Stop,
    sent: Arc<AtomicUsize>,
}

impl MemoryTable {
    /// The records as a process sees them that never stops.
    pub(crate) fn records(&self) -> RecordsTable {
        self.process(Stop::Never)
    }

    /// The records as a process sees them that is stopped.
    pub(crate) fn process(&self, stop: Stop) -> RecordsTable {
        let process = Process { table: self.clone(), stop, sent: Arc::default() };
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("a", "b", None, None, "tests"))
            .retry_config(RetryConfig::disabled())
            .http_client(process);
        RecordsTable::new(Client::from_conf(config.build()), "records")
    }

    pub(crate) fn charged(&self) -> Charged {
        let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
        Charged {
            read_units: of(&self.0.reads).div_ceil(2),
            write_units: of(&self.0.writes),
            requests: of(&self.0.requests),
        }
    }

    /// How many items there are of each kind: the first letter of their partition.
    pub(crate) fn kinds(&self) -> BTreeMap<char, usize> {
        let mut kinds = BTreeMap::new();
        for (pk, _) in self.0.items.lock().expect("nothing panics with it").keys() {
            *kinds.entry(pk.chars().next().unwrap_or_default()).or_default() += 1;
        }
        kinds
    }

    fn carry_out(&self, operation: &str, body: &Value) -> Result<Value, Value> {
        self.0.requests.fetch_add(1, Ordering::SeqCst);
        let mut items = self.0.items.lock().expect("nothing panics with it");
        let mut charged = Units::default();
        let answer = answer(operation, body, &mut items, &mut charged);
        self.0.reads.fetch_add(charged.reads, Ordering::SeqCst);
        self.0.writes.fetch_add(charged.writes, Ordering::SeqCst);
        answer
    }
}

impl HttpClient for Process {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Process {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let process = self.clone();
        HttpConnectorFuture::new(async move {
            let number = process.sent.fetch_add(1, Ordering::SeqCst);
            let died = || ConnectorError::io("the process died".into());
            match &process.stop {
                Stop::Dies { at, after } if number > *at || number == *at && !after => return Err(died()),
                Stop::Waits { at, waiting, go } if number == *at => {
                    waiting.send_replace(true);
                    go.clone().wait_for(|go| *go).await.map_err(|_| died())?;
                }
                Stop::GivesWay => {
                    for _ in 0..mixed(number) % 6 {
                        tokio::task::yield_now().await;
                    }
                }
                _ => {}
            }
            let fails = match &process.stop {
                Stop::Sometimes { one_in } => mixed(number).is_multiple_of(*one_in),
                _ => false,
            };
            if fails && number.is_multiple_of(2) {
                return Err(died());
            }
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            let body =
                serde_json::from_slice(request.body().bytes().unwrap_or_default()).expect("it is JSON");
            let answer = process.table.carry_out(&operation, &body);
            if fails || matches!(process.stop, Stop::Dies { at, after: true } if number == at) {
                return Err(died());
            }
            let (status, body) = match answer {
                Ok(body) => (200, body),
                Err(body) => (400, body),
            };
            let status = u16::try_from(status).expect("it is small").try_into().expect("it is a status");
            Ok(HttpResponse::new(status, SdkBody::from(body.to_string())))
        })
    }
}

/// A number that looks random.
fn mixed(number: usize) -> usize {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

/// What a request is charged.
#[derive(Default)]
struct Units {
    reads: u64,
    writes: u64,
}

/// How large an item is, as DynamoDB counts.
fn bytes(item: &Item) -> u64 {
    item.iter().map(|(name, value)| name.len() as u64 + value_bytes(value)).sum()
}

fn value_bytes(value: &Value) -> u64 {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else { return 0 };
    match (kind.as_str(), value) {
        ("N", Value::String(digits)) => digits.len().div_ceil(2) as u64 + 1,
        ("L", Value::Array(all)) => 3 + all.iter().map(|one| 1 + value_bytes(one)).sum::<u64>(),
        (_, Value::String(text)) => text.len() as u64,
        _ => panic!("a value of kind {kind}"),
    }
}

fn write_units(before: Option<&Item>, after: Option<&Item>) -> u64 {
    let largest = before.map_or(0, bytes).max(after.map_or(0, bytes));
    largest.div_ceil(1024).max(1)
}

fn read_units(bytes: u64) -> u64 {
    2 * bytes.div_ceil(4096).max(1)
}

fn at(key: &Value) -> (String, String) {
    let part = |name: &str| key[name]["S"].as_str().expect("keys are text").to_owned();
    (part("pk"), part("sk"))
}

fn error(kind: &str, more: &Value) -> Value {
    let mut error = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": kind });
    if let (Some(error), Some(more)) = (error.as_object_mut(), more.as_object()) {
        error.extend(more.clone());
    }
    error
}

/// Whether a condition holds for an item; None if there is none.
fn holds(request: &Value, item: Option<&Item>) -> bool {
    let Some(condition) = request["ConditionExpression"].as_str() else { return true };
    let named = |name: &str| match name.strip_prefix('#') {
        Some(_) => request["ExpressionAttributeNames"][name].as_str().expect("it is named").to_owned(),
        None => name.to_owned(),
    };
    condition.split(" AND ").all(|term| {
        if let Some(name) = term.strip_prefix("attribute_not_exists(") {
            return !item.is_some_and(|item| item.contains_key(&named(name.trim_end_matches(')'))));
        }
        let (name, value) = term.split_once(" = ").expect("a comparison");
        let value = &request["ExpressionAttributeValues"][value];
        item.and_then(|item| item.get(&named(name))).is_some_and(|held| held == value)
    })
}

/// The item after an update.
fn updated(request: &Value, item: Option<&Item>) -> Item {
    let mut item = item.cloned().unwrap_or_else(|| request["Key"].as_object().expect("a key").clone());
    let expression = request["UpdateExpression"].as_str().expect("an update");
    let name = request["ExpressionAttributeNames"]["#a"].as_str().expect("it is named").to_owned();
    let value = request["ExpressionAttributeValues"][":v"].clone();
    match expression {
        "SET #a = :v" => drop(item.insert(name, value)),
        "SET #a = if_not_exists(#a, :v)" => drop(item.entry(name).or_insert(value)),
        other => panic!("an update that is not known here: {other}"),
    }
    item
}

/// What a write does: where, and what is there afterwards.
fn effect(kind: &str, request: &Value, items: &Items) -> ((String, String), Option<Item>) {
    let key = if kind == "Put" { at(&request["Item"]) } else { at(&request["Key"]) };
    let before = items.get(&key);
    let after = match kind {
        "Put" => Some(request["Item"].as_object().expect("an item").clone()),
        "Update" => Some(updated(request, before)),
        "Delete" => None,
        "ConditionCheck" => before.cloned(),
        other => panic!("a write that is not known here: {other}"),
    };
    (key, after)
}

fn store(items: &mut Items, key: (String, String), after: Option<Item>) {
    match after {
        Some(item) => drop(items.insert(key, item)),
        None => drop(items.remove(&key)),
    }
}

fn answer(operation: &str, body: &Value, items: &mut Items, units: &mut Units) -> Result<Value, Value> {
    match operation {
        "GetItem" => {
            let found = items.get(&at(&body["Key"]));
            units.reads += read_units(found.map_or(0, bytes));
            Ok(found.map_or_else(|| json!({}), |item| json!({ "Item": item })))
        }
        "BatchGetItem" => {
            let keys = body["RequestItems"]["records"]["Keys"].as_array().expect("keys");
            assert!(keys.len() <= 100, "no more keys in a request");
            let found: Vec<&Item> = keys.iter().filter_map(|key| items.get(&at(key))).collect();
            let there: u64 = found.iter().map(|item| read_units(bytes(item))).sum();
            units.reads += there + 2 * (keys.len() - found.len()) as u64;
            Ok(json!({ "Responses": { "records": found }, "UnprocessedKeys": {} }))
        }
        "Query" => Ok(query(body, items, units)),
        "PutItem" | "UpdateItem" => {
            let (key, after) = effect(operation.trim_end_matches("Item"), body, items);
            let before = items.get(&key);
            if !holds(body, before) {
                units.writes += write_units(before, None);
                let held = before.map_or_else(|| json!({}), |item| json!({ "Item": item }));
                return Err(error("ConditionalCheckFailedException", &held));
            }
            units.writes += write_units(before, after.as_ref());
            store(items, key, after);
            Ok(json!({}))
        }
        "BatchWriteItem" => {
            let writes = body["RequestItems"]["records"].as_array().expect("writes");
            assert!(writes.len() <= 25, "no more writes in a request");
            for write in writes {
                let (key, after) = effect("Put", &write["PutRequest"], items);
                units.writes += write_units(items.get(&key), after.as_ref());
                store(items, key, after);
            }
            Ok(json!({ "UnprocessedItems": {} }))
        }
        "TransactWriteItems" => transact(body, items, units),
        other => panic!("an operation that is not known here: {other}"),
    }
}

fn transact(body: &Value, items: &mut Items, units: &mut Units) -> Result<Value, Value> {
    let writes = body["TransactItems"].as_array().expect("writes");
    assert!(writes.len() <= 100, "no more items in a transaction");
    let (mut effects, mut reasons, mut is_lost) = (BTreeMap::new(), Vec::new(), false);
    for write in writes {
        let (kind, request) = write.as_object().and_then(|write| write.iter().next()).expect("a write");
        let (key, after) = effect(kind, request, items);
        let before = items.get(&key);
        units.writes += 2 * write_units(before, after.as_ref());
        let holds = holds(request, before);
        is_lost |= !holds;
        reasons.push(json!({ "Code": if holds { "None" } else { "ConditionalCheckFailed" } }));
        assert!(effects.insert(key, after).is_none(), "an item only once in a transaction");
    }
    if is_lost {
        return Err(error("TransactionCanceledException", &json!({ "CancellationReasons": reasons })));
    }
    for (key, after) in effects {
        store(items, key, after);
    }
    Ok(json!({}))
}

fn query(body: &Value, items: &Items, units: &mut Units) -> Value {
    let values = &body["ExpressionAttributeValues"];
    let pk = values[":pk"]["S"].as_str().expect("a partition").to_owned();
    let prefix = values[":sk"]["S"].as_str().unwrap_or_default();
    let after = body["ExclusiveStartKey"].as_object().map(|key| at(&Value::Object(key.clone())));
    let limit = body["Limit"].as_u64().map_or(usize::MAX, |limit| usize::try_from(limit).expect("small"));
    let of = items.range((pk.clone(), String::new())..).take_while(|((of, _), _)| *of == pk);
    let mut found = of
        .filter(|(key, _)| key.1.starts_with(prefix) && after.as_ref().is_none_or(|after| *key > after))
        .map(|(_, item)| item);
    let page: Vec<&Item> = found.by_ref().take(limit).collect();
    let more = found.next().is_some();
    units.reads += read_units(page.iter().map(|item| bytes(item)).sum());
    let without = body["FilterExpression"].as_str().map(|filter| {
        assert_eq!(filter, "attribute_not_exists(#a)");
        body["ExpressionAttributeNames"]["#a"].as_str().expect("it is named").to_owned()
    });
    let shown: Vec<&&Item> =
        page.iter().filter(|item| without.as_ref().is_none_or(|name| !item.contains_key(name))).collect();
    let mut answer = json!({ "Count": shown.len(), "ScannedCount": page.len() });
    if body["Select"] != "COUNT" {
        answer["Items"] = json!(shown);
    }
    if let Some(last) = page.last().filter(|_| more) {
        answer["LastEvaluatedKey"] = json!({ "pk": last["pk"], "sk": last["sk"] });
    }
    answer
}
