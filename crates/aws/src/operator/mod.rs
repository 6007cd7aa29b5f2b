//! A deployed stack as an operator sees it with the name of its bucket, and credentials in the usual environment.
//!
//! The bucket's tags say where the rest is: `infra/template.yaml` sets them, and [`tags`] has their names. A
//! [`Stack`] is looked at; nothing of it is changed. [`DeadLetters`] are brought back to their queues.

mod letters;
mod problem;
mod subject;
pub mod tags;
mod untaken;

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_s3::config::ProvideCredentials;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter_engine::capabilities::{Clock, HasConfigCache, HasObjects, HasRecords, HasState};
use tidewaiter_engine::config_cache::Cache;
use tidewaiter_engine::ports::GroupQueue;

pub use self::letters::{DeadLetter, DeadLetters};
pub use self::problem::Problem;
pub use self::subject::{Subject, subject};
use self::tags::{Function, Tags};
use crate::{Bucket, RecordsTable, StateTable, clients, failure};

/// A deployed stack: its objects, its state and its records in DynamoDB, to be looked at.
#[derive(Debug)]
pub struct Stack {
    bucket: String,
    sqs: aws_sdk_sqs::Client,
    tags: Tags,
    objects: Bucket,
    state: StateTable,
    records: RecordsTable,
    configs: Cache,
}

impl Stack {
    /// The stack of this bucket, with credentials, region and endpoint from the usual environment.
    ///
    /// # Errors
    /// If AWS cannot be asked, or the bucket does not say where state and records are.
    pub async fn of_bucket(bucket: &str) -> Result<Self, Problem> {
        let config = clients::environment().await;
        let region = config.region().ok_or(Problem::NoRegion)?.to_string();
        has_credentials(&config).await?;
        let s3 = clients::s3(&config);
        let tags = Tags::of(&s3, bucket, &region).await?;
        let [state, records] = tags.need(bucket, [tags::STATE_TABLE, tags::RECORDS_TABLE])?;
        let tables = aws_sdk_dynamodb::Client::new(&config);
        Ok(Self {
            bucket: bucket.to_owned(),
            objects: Bucket::new(s3, bucket),
            state: StateTable::new(tables.clone(), state),
            records: RecordsTable::new(tables, records),
            sqs: aws_sdk_sqs::Client::new(&config),
            tags,
            configs: Cache::default(),
        })
    }

    /// The name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// True if its records are in PostgreSQL, where nothing here reads them.
    pub fn has_records_in_postgres(&self) -> bool {
        self.tags.postgres()
    }

    /// What could not be handled of what is for this function.
    ///
    /// # Errors
    /// If the bucket does not say where the queues are.
    pub fn dead_letters(&self, function: Function) -> Result<DeadLetters, Problem> {
        let [work, dead] = self.tags.need(&self.bucket, [function.queue(), function.dead_letters()])?;
        Ok(DeadLetters::new(self.sqs.clone(), function, work, dead))
    }

    /// The repositories in which something was ever registered, and those that have a drop folder or a
    /// configuration.
    pub async fn repositories(&self) -> tidewaiter_engine::Result<Vec<Repository>> {
        let mut found: BTreeSet<Repository> = self.state.repositories().await?.into_iter().collect();
        for prefix in ["imports/", "config/"] {
            let (_, folders) = self.objects.listed(prefix, Some("/")).await?;
            found.extend(folders.iter().filter_map(|name| name.parse().ok()));
        }
        Ok(found.into_iter().collect())
    }
}

/// Checked first, so that missing credentials are reported as such, and not as a failed request.
async fn has_credentials(config: &SdkConfig) -> Result<(), Problem> {
    let provider = config.credentials_provider().ok_or_else(|| Problem::NoCredentials(String::new()))?;
    let Err(error) = provider.provide_credentials().await else { return Ok(()) };
    let said = failure::chain(&error);
    tracing::debug!(error = said, "no credentials");
    // Where it was looked for them everywhere, that list is of no use in an error.
    let said = said.split("Attempted:").next().unwrap_or_default();
    Err(Problem::NoCredentials(said.split_whitespace().collect::<Vec<_>>().join(" ")))
}

impl HasObjects for Stack {
    type Objects = Bucket;

    fn objects(&self) -> &Bucket {
        &self.objects
    }
}

impl HasState for Stack {
    type State = StateTable;

    fn state(&self) -> &StateTable {
        &self.state
    }
}

impl HasConfigCache for Stack {
    fn config_cache(&self) -> &Cache {
        &self.configs
    }
}

impl HasRecords for Stack {
    type Records = RecordsTable;

    fn records(&self) -> &RecordsTable {
        &self.records
    }
}

impl Clock for Stack {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
