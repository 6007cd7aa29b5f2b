//! Writes the members of an archive, or the only file of an encrypted one.
//!
//! Archives are read as blocking streams, the object store is asked without blocking. So a thread of its own
//! reads, and hands on what it finds; the next piece is decompressed while one is written. Whatever runtime
//! the caller has will do, also one of a single thread, as in a function.

use bytes::Bytes;
use tidewaiter::keys::{Key, clean_name};
use tidewaiter::name::is_tool_file;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter_archive::{ExtractError, Format, Limits, Sink, Summary};
use tokio::sync::mpsc;

use super::encrypted;
use crate::capabilities::{HasDecryptionKeys, HasObjects};
use crate::ports::{ImportRun, Objects, Refusal, Upload};
use crate::{Error, Result};

/// How many pieces, of up to 256 KiB, may wait to be written.
const PIECES_AHEAD: usize = 8;

/// A member as it was written.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) key: Key,
    pub(super) bytes: u64,
}

/// Why an archive was not written to its end.
pub(super) enum Stopped {
    /// It is bad.
    Refused(Refusal),
    /// We, or the platform, could not.
    Failed(Error),
}

/// What was written of an archive.
pub(super) struct Written {
    /// How many members it has, and what was left out.
    pub(super) summary: Summary,
    /// What there is to say of how they were taken out.
    pub(super) notes: Vec<String>,
}

/// Writes all members of an archive, and says which were written even if not all of them were. An encrypted file that is
/// no archive has one member.
pub(super) async fn write_members<D: HasObjects + HasDecryptionKeys>(
    deployment: &D,
    archive: &ImportRun,
    limits: &Limits,
) -> (Vec<Member>, std::result::Result<Written, Stopped>) {
    let opened = match encrypted::open(deployment, archive, limits).await {
        Ok(opened) => opened,
        Err(stopped) => return (Vec::new(), Err(stopped)),
    };
    let Some(format) = Format::from_name(&opened.file) else { return opened.into_only_member() };
    let reader = match deployment.objects().open(&opened.source) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Err(Stopped::Failed(error))),
    };
    let (name, key, limits) = (opened.file.clone(), opened.source.key.clone(), limits.clone());
    let extract = move |pieces: &mut Pieces| {
        tidewaiter_archive::extract(format, &name, reader, &limits, pieces).map_err(|e| stopped(key, e))
    };
    let (members, extracted) = write_pieces(deployment, archive, extract).await;
    match opened.close(deployment).await {
        Ok(notes) => (members, extracted.map(|summary| Written { summary, notes })),
        Err(error) => (members, Err(Stopped::Failed(error))),
    }
}

/// Writes what blocking work hands on, and says what was written even if the work did not come to its end.
pub(super) async fn write_pieces<D: HasObjects, T: Send + 'static>(
    deployment: &D,
    archive: &ImportRun,
    work: impl FnOnce(&mut Pieces) -> std::result::Result<T, Stopped> + Send + 'static,
) -> (Vec<Member>, std::result::Result<T, Stopped>) {
    let (sender, mut pieces) = mpsc::channel(PIECES_AHEAD);
    let extraction = tokio::task::spawn_blocking(move || work(&mut Pieces(sender)));
    let mut writer = Writer { deployment, archive, open: None, written: Vec::new() };
    let mut taken = Ok(());
    while let Some(piece) = pieces.recv().await {
        taken = writer.take(piece).await;
        if taken.is_err() {
            break;
        }
    }
    // If it is still at work, it stops with its next piece.
    drop(pieces);
    let extracted = extraction.await;
    let result = match (taken, extracted) {
        (Err(error), _) => Err(Stopped::Failed(error)),
        (Ok(()), Err(error)) => Err(Stopped::Failed(Error::Task(error.to_string()))),
        (Ok(()), Ok(extracted)) => extracted,
    };
    (writer.written, result)
}

fn stopped(key: String, error: ExtractError<Abandoned>) -> Stopped {
    match error {
        ExtractError::Refused(refusal) => Stopped::Refused(refused(refusal)),
        ExtractError::Source(source) => Stopped::Failed(Error::object(key, source)),
        ExtractError::Sink(error) => Stopped::Failed(Error::Task(error.to_string())),
    }
}

/// Why a bad archive is not taken.
pub fn refused(refusal: tidewaiter_archive::Refusal) -> Refusal {
    let tidewaiter_archive::Refusal { code, member, message } = refusal;
    let message = match member {
        Some(member) => format!("{member}: {message}"),
        None => message,
    };
    Refusal { outcome: Outcome::Bogus, reason: Reason::new(code.as_str(), message) }
}

/// What the thread that reads hands on.
enum Piece {
    /// A member of this name begins.
    Begin(String),
    /// Its next bytes.
    Bytes(Bytes),
    /// It is complete.
    End,
}

/// The receiver of the members is gone.
#[derive(Debug, thiserror::Error)]
#[error("the members of an archive are no longer written")]
pub(super) struct Abandoned;

/// The end of the thread that reads.
pub(super) struct Pieces(mpsc::Sender<Piece>);

impl Pieces {
    fn send(&self, piece: Piece) -> std::result::Result<(), Abandoned> {
        self.0.blocking_send(piece).map_err(|_| Abandoned)
    }
}

impl Sink for Pieces {
    type Error = Abandoned;

    fn ignores(&self, path: &str, bytes: u64) -> bool {
        is_tool_file(path, bytes)
    }

    fn begin(&mut self, name: &str) -> std::result::Result<(), Abandoned> {
        self.send(Piece::Begin(name.to_owned()))
    }

    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), Abandoned> {
        self.send(Piece::Bytes(Bytes::copy_from_slice(bytes)))
    }

    fn end(&mut self) -> std::result::Result<(), Abandoned> {
        self.send(Piece::End)
    }
}

/// The end that writes.
struct Writer<'a, D: HasObjects> {
    deployment: &'a D,
    archive: &'a ImportRun,
    open: Option<(<D::Objects as Objects>::Upload, Member)>,
    written: Vec<Member>,
}

impl<D: HasObjects> Writer<'_, D> {
    async fn take(&mut self, piece: Piece) -> Result<()> {
        match (piece, &mut self.open) {
            (Piece::Begin(name), _) => {
                let key = Key::unpacked(&self.archive.repository, self.archive.id, &clean_name(&name));
                let upload = self.deployment.objects().create(&key).await?;
                self.open = Some((upload, Member { name, key, bytes: 0 }));
            }
            (Piece::Bytes(bytes), Some((upload, member))) => {
                member.bytes += bytes.len() as u64;
                upload.write(bytes).await?;
            }
            (Piece::End, open) => {
                if let Some((upload, member)) = open.take() {
                    upload.finish().await?;
                    self.written.push(member);
                }
            }
            (Piece::Bytes(_), None) => {}
        }
        Ok(())
    }
}
