//! Logs as JSON, one line each, with the repository, the import and the request they are about.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs to standard output from now on. What the SDKs log of less than a warning is left out at any level:
/// it may hold what is sent, and what is sent holds the data of partners.
pub fn start(level: LevelFilter) {
    let ours = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        // It warns of connections without TLS: it does not know that we protect them.
        .with_target("tiberius", level.min(LevelFilter::ERROR))
        .with_target("tidewaiter", level);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    // A second start, in a test, changes nothing.
    let _ = tracing_subscriber::registry().with(ours).with(lines).try_init();
}
