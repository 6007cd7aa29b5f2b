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
use tidewaiter::name::Entry;
use tidewaiter_engine::capabilities::{Clock, HasConfigCache, HasObjects, HasRecords, HasState};
use tidewaiter_engine::config_cache::Cache;
use tidewaiter_engine::ports::{GroupQueue, Message};

pub use self::letters::{DeadLetter, DeadLetters};
pub use self::problem::Problem;
pub use self::subject::{Subject, subject};
use self::tags::{Function, Tags};
use crate::{Bucket, RecordsTable, StateTable, clients, failure, queues};

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

    /// True if it has this function: all have all of them, but fetch, which is there with connections only.
    pub fn has(&self, function: Function) -> bool {
        function != Function::Fetch || self.tags.find(function.queue()).is_some()
    }

    /// Asks fetch, if this stack has it, to do at once what is due of a query. If these credentials may not send a message,
    /// that is no failure: the next look at queries finds the same, within a minute.
    ///
    /// # Errors
    /// If the queue cannot be reached.
    pub async fn ask_for_fetch(
        &self,
        repository: &Repository,
        entry: &Entry,
    ) -> tidewaiter_engine::Result<()> {
        let Some(url) = self.tags.find(Function::Fetch.queue()) else { return Ok(()) };
        let message = Message::Fetch { repository: repository.clone(), entry: entry.clone() };
        match queues::send(&self.sqs, url, &message, None).await {
            Err(error @ tidewaiter_engine::Error::Refused { .. }) => {
                tracing::debug!(%error, "the query is read when queries are looked at next");
                Ok(())
            }
            sent => sent,
        }
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
