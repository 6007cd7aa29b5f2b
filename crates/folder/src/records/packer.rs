//! Compresses blocks of changes on another thread, in their order.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use tidewaiter_engine::change_blocks::ChangeBlock;

/// How many blocks wait to be compressed, at most.
const WAITING: usize = 2;

/// A block that is compressed.
pub(super) struct Packed {
    /// As it is kept.
    pub(super) content: Vec<u8>,
    /// How many changes it has.
    pub(super) changes: u64,
    /// An empty block, with the memory of this one.
    pub(super) empty: ChangeBlock,
}

/// The other thread.
#[derive(Debug)]
pub(super) struct Packer {
    blocks: SyncSender<ChangeBlock>,
    packed: Receiver<Packed>,
    thread: JoinHandle<()>,
}

impl Packer {
    pub(super) fn start() -> io::Result<Self> {
        let (blocks, waiting) = sync_channel::<ChangeBlock>(WAITING);
        let (done, packed) = channel();
        let work = move || {
            for mut empty in waiting {
                let (content, changes) = empty.take();
                if done.send(Packed { content, changes, empty }).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("feed".to_owned()).spawn(work)?;
        Ok(Self { blocks, packed, thread })
    }

    /// Takes a block. Answers those before it that are compressed.
    pub(super) fn pack(&self, block: ChangeBlock) -> io::Result<Vec<Packed>> {
        self.blocks.send(block).map_err(|_| gone())?;
        Ok(self.packed.try_iter().collect())
    }

    /// The last ones.
    pub(super) fn finish(self) -> io::Result<Vec<Packed>> {
        let Self { blocks, packed, thread } = self;
        drop(blocks);
        let last = packed.iter().collect();
        thread.join().map_err(|_| gone())?;
        Ok(last)
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that compresses changes has failed")
}
