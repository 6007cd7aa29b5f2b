//! Zips against the crate `zip`: of an archive that we take, both read the same members.

use tidewaiter_archive::Format;

use crate::archive_oracle::assert_agrees;
use crate::archives::LIMITS;

pub(crate) fn seed(name: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    (Format::from_name(name) == Some(Format::Zip)).then_some(bytes)
}

pub(crate) fn run(archive: &[u8]) {
    assert_agrees("d.zip", archive, &LIMITS);
}
