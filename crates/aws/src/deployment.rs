//! A deployment as one of its functions sees it, made once, when the process starts.

mod fetching;
mod invocation;
mod loading;

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::Locate;
use tidewaiter_engine::capabilities::{
    Capacity, CleansUp, Clock, HasConfigCache, HasConnections, HasDecryptionKeys, HasLocator, HasMailer,
    HasObjects, HasQueue, HasRecords, HasState, IntakePolicy, Keys, Observes, Postpones, Reader,
};
use tidewaiter_engine::config_cache::Cache;
use tidewaiter_engine::follow::BufferedQueue;
use tidewaiter_engine::ports::{Connections, Mailer, Observation, Queue, Records};

use self::invocation::Invocation;
use crate::environment::{Environment, Missing};
use crate::metrics::Metrics;
use crate::queues::OwnQueue;
use crate::store::StackRecords;
use crate::{Bucket, LocationObject, Mails, Queues, SecretKeys, StackConnections, StateTable, clients};

/// What a function has of a deployment: objects and state, and of a store of records, a mailer, a queue, connections and
/// what the operator brings (keys, a database of locations) what its role reaches. In place of what it does not reach is
/// `()`, which is no port: the deployment lacks that capability, and the compiler refuses a use case that asks for it.
#[derive(Debug)]
pub struct Deployment<R, M, Q, B = (), C = ()> {
    pub(crate) bucket_name: String,
    pub(crate) metrics: Metrics,
    pub(crate) own: OwnQueue,
    objects: Bucket,
    state: StateTable,
    records: R,
    mailer: M,
    queue: Q,
    brought: B,
    connections: C,
    configs: Cache,
    partners_activate: bool,
    /// How many loaders share the lines of a large file.
    loaders: u32,
    invocation: Invocation,
}

/// From this size on, in bytes, the lines of a file are shared among loaders. Of fewer lines, transactions would be
/// small, and there would be more of them.
const LARGE_FILE: u64 = 1 << 20;
/// How many loaders share the lines of a large file, each with one transaction on its way. Together they write about as
/// much as a table takes by default.
const LOADERS: u32 = 8;

/// What unpack has: messages, and the keys for encrypted files.
pub type TakingIn = Deployment<(), (), Queues, SecretKeys>;
/// What sequence has: messages, and neither records nor mails nor keys.
///
/// A use case that needs a store of records does not compile for them:
///
/// ```compile_fail,E0277
/// # use tidewaiter_aws::deployment::Messaging;
/// # use tidewaiter_engine::capabilities::HasRecords;
/// fn load(_: &impl HasRecords) {}
/// fn order(deployment: &Messaging) {
///     load(deployment);
/// }
/// ```
pub type Messaging = Deployment<(), (), Queues>;
/// What validate has: a store of records, and the database of locations.
///
/// ```
/// # use tidewaiter_aws::deployment::Loading;
/// # use tidewaiter_engine::capabilities::HasRecords;
/// fn load(_: &impl HasRecords) {}
/// fn validate(deployment: &Loading) {
///     load(deployment);
/// }
/// ```
pub type Loading = Deployment<StackRecords, (), BufferedQueue<Queues>, LocationObject>;
/// What fetch has: messages and connections, and neither records nor mails nor keys.
pub type Fetching = Deployment<(), (), Queues, (), StackConnections>;
/// What report has: a mailer, and neither a store of records nor a queue.
pub type Mailing = Deployment<(), Mails, ()>;

impl TakingIn {
    /// As the environment says.
    ///
    /// # Errors
    /// If it does not say everything.
    pub async fn from_environment<F>(mut environment: Environment<F>) -> Result<Self, Missing>
    where
        F: Fn(&'static str) -> Option<String>,
    {
        let (names, urls) = (Names::from(&mut environment), environment.queues());
        let secret = environment.find("DECRYPTION_KEYS_SECRET");
        environment.complete()?;
        let config = clients::environment().await;
        Ok(names.deployment(&config, (), (), queues(&config, urls), SecretKeys::new(&config, secret)))
    }
}

impl Messaging {
    /// As the environment says.
    ///
    /// # Errors
    /// If it does not say everything.
    pub async fn from_environment<F>(mut environment: Environment<F>) -> Result<Self, Missing>
    where
        F: Fn(&'static str) -> Option<String>,
    {
        let (names, urls) = (Names::from(&mut environment), environment.queues());
        environment.complete()?;
        let config = clients::environment().await;
        Ok(names.deployment(&config, (), (), queues(&config, urls), ()))
    }
}

impl Mailing {
    /// As the environment says.
    ///
    /// # Errors
    /// If it does not say everything.
    pub async fn from_environment<F>(mut environment: Environment<F>) -> Result<Self, Missing>
    where
        F: Fn(&'static str) -> Option<String>,
    {
        let names = Names::from(&mut environment);
        let (name, address) = (environment.get("SENDER_NAME"), environment.get("SENDER_ADDRESS"));
        environment.complete()?;
        let config = clients::environment().await;
        let mails = Mails::new(aws_sdk_ses::Client::new(&config), name, address);
        Ok(names.deployment(&config, (), mails, (), ()))
    }
}

fn queues(config: &SdkConfig, urls: crate::QueueUrls) -> Queues {
    Queues::new(aws_sdk_sqs::Client::new(config), urls)
}

/// What every function is told.
struct Names {
    stack: String,
    bucket: String,
    state: String,
    own: String,
    retry_seconds: i32,
    configurations_for: Duration,
    partners_activate: bool,
}

impl Names {
    fn from<F: Fn(&'static str) -> Option<String>>(environment: &mut Environment<F>) -> Self {
        Self {
            stack: environment.get("STACK"),
            bucket: environment.get("BUCKET"),
            state: environment.get("STATE_TABLE"),
            own: environment.get("QUEUE_URL"),
            retry_seconds: environment.retry_seconds(),
            configurations_for: environment.configuration_cache(),
            partners_activate: environment.partners_activate(),
        }
    }

    fn deployment<R, M, Q, B>(
        self,
        config: &SdkConfig,
        records: R,
        mailer: M,
        queue: Q,
        brought: B,
    ) -> Deployment<R, M, Q, B> {
        Deployment {
            objects: Bucket::new(clients::s3(config), &self.bucket),
            state: StateTable::new(aws_sdk_dynamodb::Client::new(config), self.state),
            bucket_name: self.bucket,
            metrics: Metrics::new(self.stack),
            own: OwnQueue::new(aws_sdk_sqs::Client::new(config), self.own, self.retry_seconds),
            records,
            mailer,
            queue,
            brought,
            configs: Cache::with_names_for(self.configurations_for),
            partners_activate: self.partners_activate,
            connections: (),
            loaders: LOADERS,
            invocation: Invocation::default(),
        }
    }
}

impl<R, M, Q, B, C> Deployment<R, M, Q, B, C> {
    /// Notes the invocation that begins now, and when it is stopped.
    pub(crate) fn begins(&self, request: &str, ends: Timestamp) {
        self.invocation.begin(request, ends, Timestamp::now());
    }

    /// The same, with connections.
    fn with_connections<N>(self, connections: N) -> Deployment<R, M, Q, B, N> {
        let Self { bucket_name, metrics, own, objects, state, records, mailer, queue, brought, .. } = self;
        let Self { configs, partners_activate, loaders, invocation, .. } = self;
        Deployment {
            bucket_name,
            metrics,
            own,
            objects,
            state,
            records,
            mailer,
            queue,
            brought,
            connections,
            configs,
            partners_activate,
            loaders,
            invocation,
        }
    }
}

impl<R, M, Q, B, C> HasObjects for Deployment<R, M, Q, B, C> {
    type Objects = Bucket;

    fn objects(&self) -> &Bucket {
        &self.objects
    }
}

impl<R, M, Q, B, C> HasState for Deployment<R, M, Q, B, C> {
    type State = StateTable;

    fn state(&self) -> &StateTable {
        &self.state
    }
}

impl<R, M, Q, B, C> HasConfigCache for Deployment<R, M, Q, B, C> {
    fn config_cache(&self) -> &Cache {
        &self.configs
    }
}

impl<R: Records, M, Q, B, C> HasRecords for Deployment<R, M, Q, B, C> {
    type Records = R;

    fn records(&self) -> &R {
        &self.records
    }
}

impl<R, M: Mailer, Q, B, C> HasMailer for Deployment<R, M, Q, B, C> {
    type Mailer = M;

    fn mailer(&self) -> &M {
        &self.mailer
    }
}

impl<R, M, Q: Queue, B, C> HasQueue for Deployment<R, M, Q, B, C> {
    type Queue = Q;

    fn queue(&self) -> &Q {
        &self.queue
    }
}

impl<R, M, Q, B, C> Clock for Deployment<R, M, Q, B, C> {
    /// In whole milliseconds: finer is noise for a reader.
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

impl<R, M, Q, B, C> IntakePolicy for Deployment<R, M, Q, B, C> {
    fn partners_activate(&self) -> bool {
        self.partners_activate
    }
}

impl HasDecryptionKeys for TakingIn {
    async fn decryption_keys(&self) -> tidewaiter_engine::Result<Option<Arc<Keys>>> {
        self.brought.keys().await
    }
}

impl HasLocator for Loading {
    async fn locator(&self) -> tidewaiter_engine::Result<Option<Arc<dyn Locate>>> {
        self.brought.locator().await
    }
}

impl<R, M, Q, B, C> Capacity for Deployment<R, M, Q, B, C> {
    fn loaders(&self, bytes: u64) -> u32 {
        if bytes < LARGE_FILE { 1 } else { self.loaders }
    }

    fn time_is_up(&self) -> bool {
        self.time_left().is_some_and(|left| left.is_zero())
    }

    fn time_left(&self) -> Option<Duration> {
        self.invocation.time_left(Timestamp::now())
    }
}

impl<R, M, Q, B, C> Reader for Deployment<R, M, Q, B, C> {
    fn new_run(&self) -> ImportId {
        ImportId::new(self.now(), fresh_random())
    }

    /// The request that invoked this process. No two invocations have the same.
    fn reader(&self) -> String {
        self.invocation.request()
    }

    fn read_seconds(&self) -> u32 {
        self.invocation.read_seconds(Timestamp::now())
    }
}

fn fresh_random() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    let half = || u128::from(RandomState::new().hash_one(Timestamp::now()));
    (half() << 64) | half()
}

impl<R, M, Q, B, C: Connections> HasConnections for Deployment<R, M, Q, B, C> {
    type Connections = C;

    fn connections(&self) -> &C {
        &self.connections
    }
}

impl<R, M, Q, B, C> Observes for Deployment<R, M, Q, B, C> {
    fn observe(&self, progress: &Observation<'_>) {
        match progress {
            Observation::Concluded(report) => self.metrics.concluded(report, self.now()),
            Observation::Unread { repository, entry, error } => {
                tracing::warn!(%repository, %entry, %error, "a query cannot be read");
                self.metrics.read_failed(self.now());
            }
            _ => {}
        }
    }
}

/// The answers to batches expire. Nothing else drops them: a message that came twice may still be in the hands of another
/// function, which is to be told them and to land nothing again.
impl<R, M, Q, B, C> CleansUp for Deployment<R, M, Q, B, C> {}

impl<R, M, Q, B, C> Postpones for Deployment<R, M, Q, B, C> {}
