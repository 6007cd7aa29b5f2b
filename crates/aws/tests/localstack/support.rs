//! Clients of the LocalStack, and things of their own for each test.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tidewaiter::keys::{Key, Place};
use tidewaiter_aws::{Bucket, clients};
use tidewaiter_tests::localstack;

pub(crate) async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(clients::http())
        .region(Region::new("eu-west-1"))
        .test_credentials()
        .endpoint_url(localstack::endpoint())
        .load()
        .await
}

/// A bucket that keeps versions, as the template makes it.
#[derive(Clone)]
pub(crate) struct TestBucket {
    pub(crate) client: aws_sdk_s3::Client,
    pub(crate) name: String,
}

impl TestBucket {
    pub(crate) async fn new() -> Self {
        use aws_sdk_s3::types::{
            BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
            VersioningConfiguration,
        };
        let client = clients::s3(&config().await);
        let name = localstack::unique("tidewaiter");
        let here = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::EuWest1)
            .build();
        client.create_bucket().bucket(&name).create_bucket_configuration(here).send().await.unwrap();
        let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let enabled = client.put_bucket_versioning().bucket(&name).versioning_configuration(versions).send();
        enabled.await.unwrap();
        Self { client, name }
    }

    pub(crate) fn objects(&self) -> Bucket {
        Bucket::new(self.client.clone(), &self.name)
    }
}

pub(crate) fn key(place: Place, file: &str) -> Key {
    Key::placed(place, &"acme".parse().unwrap(), file)
}

/// An empty table for the state.
pub(crate) async fn state_table(requests: &Requests) -> tidewaiter_aws::StateTable {
    let (client, name) = table().await;
    tidewaiter_aws::StateTable::new(requests.dynamodb(&client), name)
}

/// An empty table for records.
pub(crate) async fn records_table(requests: &Requests) -> tidewaiter_aws::RecordsTable {
    let (client, name) = table().await;
    tidewaiter_aws::RecordsTable::new(requests.dynamodb(&client), name)
}

/// What a process dies of.
pub(crate) const KILLED: &str = "killed";

/// When a process dies of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before it is sent.
    Before,
    /// When it was answered.
    After,
}

/// How often each operation of each service was asked for, each try by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    counts: Mutex<BTreeMap<(String, String), usize>>,
    passed: AtomicUsize,
    /// When, and after how many requests, the process dies.
    dies: Option<(Moment, usize)>,
}

impl Requests {
    /// Those of a process that dies after so many.
    pub(crate) fn dying(moment: Moment, after: usize) -> Self {
        Self(Arc::new(Counted { dies: Some((moment, after)), ..Counted::default() }))
    }

    /// A request is about to be sent.
    pub(crate) fn note(&self, service: &str, operation: &str) {
        let mut counts = self.0.counts.lock().unwrap();
        *counts.entry((service.to_owned(), operation.to_owned())).or_default() += 1;
        drop(counts);
        self.die(Moment::Before);
    }

    /// It was answered.
    pub(crate) fn answered(&self) {
        self.die(Moment::After);
        self.0.passed.fetch_add(1, Ordering::SeqCst);
    }

    fn die(&self, now: Moment) {
        if self.0.dies == Some((now, self.0.passed.load(Ordering::SeqCst))) {
            std::panic::panic_any(KILLED);
        }
    }

    /// What was counted since this was asked last.
    pub(crate) fn take(&self) -> BTreeMap<(String, String), usize> {
        std::mem::take(&mut *self.0.counts.lock().unwrap())
    }

    /// The same client, counted.
    pub(crate) fn s3(&self, client: &aws_sdk_s3::Client) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(client.config().to_builder().interceptor(self.clone()).build())
    }

    /// The same client, counted.
    pub(crate) fn dynamodb(&self, client: &aws_sdk_dynamodb::Client) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::from_conf(client.config().to_builder().interceptor(self.clone()).build())
    }
}

impl Intercept for Requests {
    fn name(&self) -> &'static str {
        "Requests"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = cfg.load::<Metadata>() {
            self.note(metadata.service(), metadata.name());
        }
        Ok(())
    }

    fn read_after_transmit(
        &self,
        _context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.answered();
        Ok(())
    }
}

/// An empty table of its own name.
pub(crate) async fn table() -> (aws_sdk_dynamodb::Client, String) {
    let client = aws_sdk_dynamodb::Client::new(&config().await);
    let name = localstack::unique("tidewaiter");
    make_table(&client, &name).await;
    (client, name)
}

/// An empty table, as the template makes it.
pub(crate) async fn make_table(client: &aws_sdk_dynamodb::Client, name: &str) {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };
    let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (attribute, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let definition = AttributeDefinition::builder()
            .attribute_name(attribute)
            .attribute_type(ScalarAttributeType::S)
            .build();
        let element = KeySchemaElement::builder().attribute_name(attribute).key_type(kind).build();
        request = request.attribute_definitions(definition.unwrap()).key_schema(element.unwrap());
    }
    request.send().await.unwrap();
}

/// What a service answers to a request that no client is at hand for.
pub(crate) fn ask(method: &str, path: &str, service: &str, body: &str) -> String {
    let address = localstack::endpoint().trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    // LocalStack looks at no signature, but at whom it is for.
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: {signed}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}
