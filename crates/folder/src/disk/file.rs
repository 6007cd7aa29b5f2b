//! An open file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::{Call, Disk, Meta, Op};

/// Blocks of zeros of this size are left as holes, in bytes. A multiple of what file systems allocate.
const HOLE: u16 = 32 * 1024;

/// An open file of a deployment.
#[derive(Debug)]
pub struct DiskFile {
    disk: Disk,
    path: PathBuf,
    file: File,
}

impl DiskFile {
    pub(super) fn new(disk: Disk, path: &Path, file: OwnedFd) -> Self {
        Self { disk, path: path.to_owned(), file: file.into() }
    }

    /// What is known of the file, whatever lies at its name by now.
    pub fn meta(&self) -> io::Result<Meta> {
        self.call(Op::Stat, |_, _| Ok(Meta::of(&rustix::fs::fstat(&self.file)?)))
    }

    /// Writes all of these bytes. Long runs of zeros take no room: a sender may make them at no cost, and they must
    /// not fill the disk here either. [`DiskFile::finish`] gives the file its length.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (block, more) = rest.split_at(rest.len().min(usize::from(HOLE)));
            if block.len() == usize::from(HOLE) && is_zero(block) {
                self.file.seek(SeekFrom::Current(i64::from(HOLE)))?;
            } else {
                self.write_block(block)?;
            }
            rest = more;
        }
        Ok(())
    }

    fn write_block(&mut self, mut block: &[u8]) -> io::Result<()> {
        while !block.is_empty() {
            let written = self.call(Op::Write, |mut file, most| {
                let part = block.get(..most.unwrap_or(usize::MAX).min(block.len())).unwrap_or(block);
                file.write(part)
            });
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => block = block.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Ends writing: the file has its length, and its bytes are durable. Its name is not.
    pub fn finish(mut self) -> io::Result<()> {
        self.set_length()?;
        self.sync()
    }

    /// Ends writing: the file has its length, and its bytes are durable before the next commit.
    pub fn finish_later(mut self) -> io::Result<()> {
        self.disk.sync_later(&self.path);
        self.set_length()
    }

    fn set_length(&mut self) -> io::Result<()> {
        let end = self.file.stream_position()?;
        self.file.set_len(end)
    }

    /// Makes its bytes durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.call(Op::SyncFile, |file, _| file.sync_all())
    }

    fn call<T>(&self, what: Op, work: impl FnOnce(&File, Option<usize>) -> io::Result<T>) -> io::Result<T> {
        let Some(interference) = &self.disk.0.interference else { return work(&self.file, None) };
        let call = Call { what, path: &self.path, to: None };
        let most = interference.before(&call)?;
        let done = work(&self.file, most)?;
        interference.after(&call)?;
        Ok(done)
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

impl Read for DiskFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.call(Op::Read, |mut file, _| file.read(buffer))
    }
}

impl Seek for DiskFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
