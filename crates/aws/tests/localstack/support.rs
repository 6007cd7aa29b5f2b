//! Clients of the LocalStack, and things of their own for each test.

use aws_config::{BehaviorVersion, Region, SdkConfig};
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
pub(crate) async fn state_table() -> tidewaiter_aws::StateTable {
    let (client, name) = table().await;
    tidewaiter_aws::StateTable::new(client, name)
}

/// An empty table for records.
pub(crate) async fn records_table() -> tidewaiter_aws::RecordsTable {
    let (client, name) = table().await;
    tidewaiter_aws::RecordsTable::new(client, name)
}

/// An empty table of its own name.
async fn table() -> (aws_sdk_dynamodb::Client, String) {
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
