//! The fixture for the tests of the cloud's adapters, itself.

use std::process::Command;

#[test]
fn functions_run_as_processes_and_nothing_is_left_behind() {
    let check = concat!(env!("CARGO_MANIFEST_DIR"), "/localstack/check");
    let checked = Command::new(check).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
