//! Tars against the crate `tar`: of an archive that we take, both read the same members.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;
use tidewaiter_archive::Format;

use crate::archive_oracle::{assert_agrees, resealed};
use crate::archives::LIMITS;

/// Longer tars make slow seeds.
const BYTES: u64 = 32 << 10;

/// Without their compression: a change of a byte would be noticed by its checksum, and reach no tar.
pub(crate) fn seed(name: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    match Format::from_name(name)? {
        Format::Tar => Some(bytes),
        Format::TarGz => {
            let mut tar = Vec::new();
            MultiGzDecoder::new(&*bytes).take(BYTES).read_to_end(&mut tar).ok()?;
            Some(tar)
        }
        _ => None,
    }
}

pub(crate) fn run(archive: &[u8]) {
    assert_agrees("d.tar", archive, &LIMITS);
    // Nothing guesses a checksum.
    assert_agrees("d.tar", &resealed(archive), &LIMITS);
}
