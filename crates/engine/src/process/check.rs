//! The second step: reads the file once and checks every line, with no effect on records.

use bytes::{Bytes, BytesMut};
use tidewaiter::check::Summary;

use super::begin::File;
use crate::capabilities::{Clock, HasMarks, HasObjects, Observes};
use crate::chunks::Chunks;
use crate::examine::{CheckSpec, Examination, Examined, FIXED_BYTES, Fixed};
use crate::lost::Lost;
use crate::ports::{Content, ImportRun, Objects, Observation};
use crate::pulse::Pulse;
use crate::{Error, Result};

/// What comes of the check.
pub(super) enum Checked {
    /// The file was read.
    Read(Box<Read>),
    /// It cannot be read to its end.
    Lost(Lost),
}

/// A file that was read.
pub(super) struct Read {
    pub(super) examined: Examined,
    /// How many bytes were read.
    pub(super) bytes: u64,
    /// All of it, if it is small.
    pub(super) held: Option<Bytes>,
}

impl Read {
    /// What is known of a file that was read and has passed before.
    fn before(content: Content) -> Self {
        let Content { bytes, sha256 } = content;
        let examined = Examined { summary: Summary::default(), sha256: Some(sha256), reason: None };
        Self { examined, bytes, held: None }
    }
}

/// Checks a file. What has passed and cannot change is not read again.
pub(super) async fn check<D: HasObjects + HasMarks + Clock + Observes>(
    deployment: &D,
    file: &mut File,
) -> Result<Checked> {
    if file.terms.options.fix && file.fixed.is_none() {
        match fixed(deployment, &file.run, &file.terms).await {
            Ok(fixed) => file.fixed = Some(fixed),
            Err(error) => return Lost::of(error, &file.run).map(Checked::Lost),
        }
    }
    if let Some(content) = file.fixed_content() {
        return Ok(Checked::Read(Box::new(read_fixed(file, content))));
    }
    let content = file.pinned.content.as_ref();
    if let Some(content) = content.filter(|_| deployment.objects().is_fixed(file.run.content().0)) {
        return Ok(Checked::Read(Box::new(Read::before(content.clone()))));
    }
    match read(deployment, file).await {
        Ok(read) => Ok(Checked::Read(Box::new(read))),
        Err(error) => Lost::of(error, &file.run).map(Checked::Lost),
    }
}

/// Reads a file whose import fixes files, and fixes it. Only what was there when it was registered is read: so each try
/// reads the same, whatever is written to the file meanwhile.
pub(super) async fn fixed<D: HasObjects>(
    deployment: &D,
    run: &ImportRun,
    terms: &CheckSpec,
) -> Result<Fixed> {
    let (source, bytes) = run.content();
    if bytes > FIXED_BYTES {
        return Ok(Fixed::too_large());
    }
    let mut content = BytesMut::new();
    let mut chunks = Chunks::new(deployment.objects(), source, bytes);
    while let Some(chunk) = chunks.next().await? {
        content.extend_from_slice(&chunk);
    }
    Ok(Fixed::of(content.freeze(), terms))
}

fn read_fixed(file: &File, content: Bytes) -> Read {
    let mut examination = Examination::new(file.terms.clone());
    let is_needed = examination.feed(&content);
    let bytes = content.len() as u64;
    Read { examined: examination.finish(is_needed), bytes, held: Some(content) }
}

/// Reads a file. If its content is pinned, only that much is read.
async fn read<D: HasObjects + HasMarks + Clock + Observes>(deployment: &D, file: &File) -> Result<Read> {
    let (objects, run) = (deployment.objects(), &file.run);
    let (source, bytes) = run.content();
    let before = if objects.is_fixed(source) { None } else { Some(objects.stat(source).await?) };
    let content = file.pinned.content.as_ref();
    let now = before.as_ref().map_or(bytes, |before| before.bytes);
    let end = content.map_or(now, |content| content.bytes);
    let mut examination = Examination::new(file.terms.clone());
    let (mut whole, mut held) = (true, None);
    let mut chunks = Chunks::new(objects, source, end);
    let mut pulse = Pulse::new(deployment, &run.repository);
    while let Some(chunk) = chunks.next().await? {
        pulse.beat().await;
        deployment.observe(&Observation::Checking { file: &run.file, done: chunks.offset, of: end });
        held = (chunk.len() as u64 == chunks.offset).then(|| chunk.clone());
        if !examination.feed(&chunk) {
            whole = chunks.offset >= end;
            break;
        }
    }
    // The file is still being written: what was checked may differ from what is there.
    if let (None, Some(before)) = (content, before)
        && objects.stat(source).await? != before
    {
        return Err(Error::Changed { key: source.key.clone() });
    }
    Ok(Read { examined: examination.finish(whole), bytes: chunks.offset, held })
}
