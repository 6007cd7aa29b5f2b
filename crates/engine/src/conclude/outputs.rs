//! What is carried out at its key: the log, the file.

use bytes::Bytes;
use futures_util::future::join_all;
use tidewaiter::keys::Key;
use tidewaiter::render::{Log, Renderer};
use tidewaiter::report::Report;

use super::{Concludes, GONE};
use crate::capabilities::{HasClaims, HasObjects};
use crate::ports::{Conclusion, ImportRun, KeyClaims, Kind, Objects};
use crate::{Error, Result, displace};

/// What an outcome takes a key for.
pub(super) enum Output {
    /// The log.
    Log(Key),
    /// The file.
    File(Key),
    /// Nothing of its own. An earlier try may have taken the key for rejected lines, and have stopped before it kept
    /// those of an earlier file that lie there, of which the ledger says by now that they are elsewhere.
    Kept(Key),
}

impl Output {
    pub(super) fn key(&self) -> &Key {
        match self {
            Self::Log(key) | Self::File(key) | Self::Kept(key) => key,
        }
    }
}

/// What is carried out: the log and, unless there is none to be moved, the file.
pub(super) fn outputs(import: &ImportRun, conclusion: &Conclusion) -> Vec<Output> {
    let log = Output::Log(Key::log(&import.repository, import.data_file()));
    // What came packed may be there although its content, which was taken out of it, is gone.
    let is_gone = conclusion.code.as_deref() == Some(GONE);
    let file = (!is_gone || import.unpacked().is_some())
        .then(|| Output::File(Key::placed(conclusion.outcome.place(), &import.repository, &import.file)));
    let kept = match &import.kind {
        Kind::Data { name, .. } if is_gone => Some(Output::Kept(Key::badlines(&import.repository, name))),
        _ => None,
    };
    [log].into_iter().chain(file).chain(kept).collect()
}

/// Writes the log and moves the file, both at the same time. Their keys are taken, and what lies there is kept under
/// the `older` ones. Then it removes what was taken out of a file that came packed.
pub(super) async fn write_outputs<D: Concludes>(
    deployment: &D,
    import: &ImportRun,
    report: Option<&Report>,
    outputs: &[Output],
    older: &[Option<Key>],
) -> Result<()> {
    let settled = outputs
        .iter()
        .zip(older)
        .map(|(output, older)| write_output(deployment, import, report, output, older.as_ref()));
    for done in join_all(settled).await {
        done?;
    }
    if let Some(key) = import.unpacked().and_then(|unpacked| Key::parse(&unpacked.source.key).ok()) {
        deployment.objects().discard(&key).await?;
    }
    match &import.kind {
        Kind::Data { name, .. } => deployment.forget_batches(&name.universe, import.id).await,
        _ => Ok(()),
    }
}

async fn write_output<D: Concludes>(
    deployment: &D,
    import: &ImportRun,
    report: Option<&Report>,
    output: &Output,
    older: Option<&Key>,
) -> Result<()> {
    match output {
        Output::Log(log) => {
            // Without the report (it was removed) there is no log to write.
            let Some(report) = report else { return Ok(()) };
            let text = Log.render(report);
            write_log(deployment, import, log, text.into(), older).await
        }
        Output::File(place) => {
            match deployment.objects().relocate(&import.source, import.bytes, place, older).await {
                // The file was removed after its outcome was decided. That must not hold up the others.
                Err(Error::NotFound { key }) if key == import.source.key => {
                    tracing::warn!(import = %import.id, "the file is gone and cannot be moved");
                    Ok(())
                }
                moved => moved,
            }
        }
        Output::Kept(key) => {
            // What is no import's was put there by hand.
            match older.filter(|older| **older != key.renamed(import.id)) {
                Some(older) => displace::keep(deployment, key, older).await,
                None => Ok(()),
            }
        }
    }
}

/// Writes the log. Usually nothing lies there. Otherwise it is the same log, if another process carries out this
/// outcome too. If that process was so much faster that the run is done and another run has the key, a second claim
/// reveals it.
async fn write_log<D: HasObjects + HasClaims>(
    deployment: &D,
    import: &ImportRun,
    log: &Key,
    text: Bytes,
    older: Option<&Key>,
) -> Result<()> {
    let objects = deployment.objects();
    if objects.put_new(log, text.clone()).await? {
        return Ok(());
    }
    match objects.read(&objects.source(log), 0..text.len() as u64 + 1).await {
        Ok(there) if there == text => return Ok(()),
        Ok(_) | Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let is_ours = async { deployment.claims().claim(&[log], import.id).await.map(|_| ()) };
    displace::write_over(deployment, log, text, older, is_ours).await
}
