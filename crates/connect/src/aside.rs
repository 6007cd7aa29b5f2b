//! Work on a thread with a runtime of its own.
//!
//! A client that goes on by itself after its connection was given up (it reads the rest of an answer, however long that
//! is, or waits for a server that hangs) ends with the runtime: what it still holds is dropped, and the server sees that
//! its connection is closed.

use std::future::Future;

use tidewaiter_engine::ports::{Fault, SourceError};

/// Begins work, which ends by itself.
pub(crate) fn begin(work: impl Future<Output = ()> + Send + 'static) -> Result<(), SourceError> {
    let failed = |error: std::io::Error| {
        SourceError::new(Fault::Passing, format!("no thread can be started: {error}"))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let run = move || {
        runtime.block_on(work);
        // Names that are still looked up are not waited for.
        runtime.shutdown_background();
    };
    std::thread::Builder::new().name("source".to_owned()).spawn(run).map_err(failed)?;
    Ok(())
}

/// The error for work that ended without an answer.
pub(crate) fn stopped() -> SourceError {
    SourceError::new(Fault::Passing, "the reading thread stopped")
}
