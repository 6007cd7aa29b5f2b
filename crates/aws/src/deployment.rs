//! A deployment as one of its functions sees it, made once, when the process starts.

mod loading;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_config::SdkConfig;
use tidewaiter::id::Timestamp;
use tidewaiter::record::Locate;
use tidewaiter_engine::capabilities::{
    Capacity, CleansUp, Clock, HasConfigCache, HasDecryptionKeys, HasLocator, HasMailer, HasObjects,
    HasQueue, HasRecords, HasState, IntakePolicy, Keys, Observes,
};
use tidewaiter_engine::config_cache::Cache;
use tidewaiter_engine::follow::BufferedQueue;
use tidewaiter_engine::ports::{Mailer, Observation, Queue, Records};

use crate::environment::{Environment, Missing};
use crate::metrics::Metrics;
use crate::queues::OwnQueue;
use crate::store::StackRecords;
use crate::{Bucket, LocationObject, Mails, Queues, SecretKeys, StateTable, clients};

/// What a function has of a deployment: objects and state, and of a store of records, a mailer, a queue and what the
/// operator brings (keys, a database of locations) what its role reaches. In place of what it does not reach is `()`, which
/// is no port: the deployment lacks that capability, and the compiler refuses a use case that asks for it.
#[derive(Debug)]
pub struct Deployment<R, M, Q, B = ()> {
    pub(crate) bucket_name: String,
    pub(crate) metrics: Metrics,
    pub(crate) own: OwnQueue,
    objects: Bucket,
    state: StateTable,
    records: R,
    mailer: M,
    queue: Q,
    brought: B,
    configs: Cache,
    partners_activate: bool,
    /// How many loaders share the lines of a large file.
    loaders: u32,
    /// When a file that is being loaded is left to another invocation, in milliseconds since 1970.
    leave_at: AtomicI64,
}

/// From this size on, in bytes, the lines of a file are shared among loaders. Of fewer lines, transactions would be
/// small, and there would be more of them.
const LARGE_FILE: u64 = 1 << 20;
/// How many loaders share the lines of a large file, each with one transaction on its way. Together they write about as
/// much as a table takes by default.
const LOADERS: u32 = 8;
/// How long before its end an invocation begins no further batch, at most; a tenth of its time if that is less.
const SPARE: Duration = Duration::from_mins(1);

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
            loaders: LOADERS,
            leave_at: AtomicI64::new(i64::MAX),
        }
    }
}

impl<R, M, Q, B> Deployment<R, M, Q, B> {
    /// Notes when the invocation that begins now is stopped.
    pub(crate) fn ends(&self, at: Timestamp) {
        let left = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default();
        let spare = i64::try_from(SPARE.min(left / 10).as_millis()).unwrap_or_default();
        self.leave_at.store(at.as_millisecond().saturating_sub(spare), Ordering::Relaxed);
    }
}

impl<R, M, Q, B> HasObjects for Deployment<R, M, Q, B> {
    type Objects = Bucket;

    fn objects(&self) -> &Bucket {
        &self.objects
    }
}

impl<R, M, Q, B> HasState for Deployment<R, M, Q, B> {
    type State = StateTable;

    fn state(&self) -> &StateTable {
        &self.state
    }
}

impl<R, M, Q, B> HasConfigCache for Deployment<R, M, Q, B> {
    fn config_cache(&self) -> &Cache {
        &self.configs
    }
}

impl<R: Records, M, Q, B> HasRecords for Deployment<R, M, Q, B> {
    type Records = R;

    fn records(&self) -> &R {
        &self.records
    }
}

impl<R, M: Mailer, Q, B> HasMailer for Deployment<R, M, Q, B> {
    type Mailer = M;

    fn mailer(&self) -> &M {
        &self.mailer
    }
}

impl<R, M, Q: Queue, B> HasQueue for Deployment<R, M, Q, B> {
    type Queue = Q;

    fn queue(&self) -> &Q {
        &self.queue
    }
}

impl<R, M, Q, B> Clock for Deployment<R, M, Q, B> {
    /// In whole milliseconds: finer is noise for a reader.
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

impl<R, M, Q, B> IntakePolicy for Deployment<R, M, Q, B> {
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

impl<R, M, Q, B> Capacity for Deployment<R, M, Q, B> {
    fn loaders(&self, bytes: u64) -> u32 {
        if bytes < LARGE_FILE { 1 } else { self.loaders }
    }

    fn time_is_up(&self) -> bool {
        Timestamp::now().as_millisecond() >= self.leave_at.load(Ordering::Relaxed)
    }
}

impl<R, M, Q, B> Observes for Deployment<R, M, Q, B> {
    fn observe(&self, progress: &Observation<'_>) {
        if let Observation::Concluded(report) = progress {
            self.metrics.concluded(report, self.now());
        }
    }
}

/// The answers to batches expire. Nothing else drops them: a message that came twice may still be in the hands of another
/// function, which is to be told them and to land nothing again.
impl<R, M, Q, B> CleansUp for Deployment<R, M, Q, B> {}
