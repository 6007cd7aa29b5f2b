//! What a function is told by its environment. `infra/README.md` has the table of it.

use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::connections::ConnectionsPlace;
use crate::queues::QueueUrls;

/// What passes by itself is given so many seconds for it, at first.
const RETRY_SECONDS: i32 = 30;

/// For how long a name is taken in by the configurations that were listed last: a request less for most files.
pub const CONFIGURATION_CACHE: Duration = Duration::from_mins(1);

/// The environment as it was when the process started. All that a function needs is asked for at once, so
/// that an operator learns of everything that is missing.
#[derive(Debug)]
pub struct Environment<F> {
    lookup: F,
    missing: Vec<&'static str>,
}

/// What is missing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the environment lacks {}: infra/README.md says what it is for", .0.join(", "))]
pub struct Missing(Vec<&'static str>);

/// The environment of this process.
pub fn process() -> Environment<impl Fn(&'static str) -> Option<String>> {
    Environment::new(|name| std::env::var(name).ok())
}

impl<F: Fn(&'static str) -> Option<String>> Environment<F> {
    /// An environment that is looked up in `lookup`.
    pub fn new(lookup: F) -> Self {
        Self { lookup, missing: Vec::new() }
    }

    /// A variable; what is empty counts as missing. [`Environment::complete`] tells of what is missing.
    pub fn get(&mut self, name: &'static str) -> String {
        let found = self.find(name);
        if found.is_none() {
            self.missing.push(name);
        }
        found.unwrap_or_default()
    }

    /// A variable that may be missing.
    pub fn find(&self, name: &'static str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// The queues that a function sends to.
    pub fn queues(&mut self) -> QueueUrls {
        QueueUrls {
            unpack: self.get("UNPACK_QUEUE_URL"),
            sequence: self.get("SEQUENCE_QUEUE_URL"),
            work: self.get("VALIDATE_QUEUE_URL"),
            report: self.get("REPORT_QUEUE_URL"),
            fetch: self.find("FETCH_QUEUE_URL"),
        }
    }

    /// After how many seconds a message that failed comes again at first; 30 unless `RETRY_SECONDS` says otherwise.
    pub fn retry_seconds(&self) -> i32 {
        self.find("RETRY_SECONDS").and_then(|seconds| seconds.parse().ok()).unwrap_or(RETRY_SECONDS)
    }

    /// For how long a name is taken in by the configurations that were listed last; a minute unless
    /// `CONFIGURATION_CACHE_SECONDS` says otherwise.
    pub fn configuration_cache(&self) -> Duration {
        let seconds = self.find("CONFIGURATION_CACHE_SECONDS").and_then(|seconds| seconds.parse().ok());
        seconds.map_or(CONFIGURATION_CACHE, Duration::from_secs)
    }

    /// Whether configurations that partners drop take effect: they do unless `PARTNERS_ACTIVATE` is `no`.
    pub fn partners_activate(&self) -> bool {
        self.find("PARTNERS_ACTIVATE").is_none_or(|answer| answer != "no")
    }

    /// Whether records are in PostgreSQL: `RECORDS_ENGINE` is `postgres`, and not `dynamodb`.
    pub fn postgres(&self) -> bool {
        self.find("RECORDS_ENGINE").is_some_and(|engine| engine == "postgres")
    }

    /// Where the connections lie: in the secret of `CONNECTIONS_SECRET`, with their certificates in the bucket.
    pub fn connections(&self, bucket: &str) -> ConnectionsPlace {
        ConnectionsPlace { secret: self.find("CONNECTIONS_SECRET"), bucket: bucket.to_owned() }
    }

    /// How much memory the function has, in bytes: Lambda says so. Elsewhere, there is no limit.
    pub fn memory_bytes(&self) -> u64 {
        let megabytes =
            self.find("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|size| size.parse::<u64>().ok());
        megabytes.map_or(u64::MAX, |megabytes| megabytes.saturating_mul(1 << 20))
    }

    /// What is to be logged; `info` unless `LOG_LEVEL` says otherwise.
    pub fn log_level(&self) -> LevelFilter {
        self.find("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO)
    }

    /// # Errors
    /// If something is missing that was asked for.
    pub fn complete(self) -> Result<(), Missing> {
        if self.missing.is_empty() { Ok(()) } else { Err(Missing(self.missing)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let mut environment = Environment::new(|name| match name {
            "BUCKET" => Some("landing".to_owned()),
            "REPORT_QUEUE_URL" => Some(String::new()),
            "SEQUENCE_QUEUE_URL" | "UNPACK_QUEUE_URL" => Some("http://there".to_owned()),
            "LOG_LEVEL" => Some("warn".to_owned()),
            "CONFIGURATION_CACHE_SECONDS" => Some("0".to_owned()),
            "PARTNERS_ACTIVATE" => Some("no".to_owned()),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE" => Some("1769".to_owned()),
            _ => None,
        });
        assert_eq!(environment.get("BUCKET"), "landing");
        assert_eq!(environment.log_level(), LevelFilter::WARN);
        assert_eq!(environment.retry_seconds(), 30);
        assert_eq!(environment.configuration_cache(), Duration::ZERO);
        assert!(!environment.partners_activate());
        assert_eq!(environment.memory_bytes(), 1_769 << 20);
        assert!(Environment::new(|_| None).partners_activate(), "unless somebody says otherwise");
        let queues = environment.queues();
        assert_eq!((queues.sequence.as_str(), queues.unpack.as_str()), ("http://there", "http://there"));
        let missing = environment.complete().unwrap_err().to_string();
        assert!(missing.contains("VALIDATE_QUEUE_URL, REPORT_QUEUE_URL"), "{missing}");
    }
}
