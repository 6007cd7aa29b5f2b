use std::fs::{self, File};

use proptest::prelude::*;
use tidewaiter::record::Subject;

use super::*;

/// A change, its batch and its place in the batch.
type Pushed = (u64, u32, Change);

fn change(line: u64, name: &str, values: &[Option<&str>]) -> Change {
    let subject = Subject::Key(name.to_owned());
    Change { line, subject, values: values.iter().copied().collect(), references: Vec::new() }
}

fn sorter(memory: usize, changes: &[Pushed]) -> (Sorter, tempfile::TempDir) {
    let root = tempfile::tempdir().unwrap();
    let mut sorter = Sorter::new(root.path(), memory);
    for (batch, at, change) in changes {
        sorter.push(*batch, *at, change).unwrap();
    }
    (sorter, root)
}

fn all(mut sorted: Sorted) -> io::Result<Vec<Pushed>> {
    let mut changes = Vec::new();
    let mut read = SortedChange::default();
    while sorted.next_into(&mut read)? {
        changes.push((read.batch, read.at, read.change.clone()));
    }
    Ok(changes)
}

fn expected(changes: &[Pushed]) -> Vec<Pushed> {
    let mut expected = changes.to_vec();
    expected.sort_by(|(_, _, one), (_, _, other)| {
        let key = |change: &Change| (change.subject.name().as_bytes().to_owned(), change.line);
        key(one).cmp(&key(other))
    });
    expected
}

/// Contacts whose keys are not in order, so many of them.
fn contacts(count: u64) -> Vec<Pushed> {
    let contact = |n: u64| {
        let key = format!("contact-{:08}", n.wrapping_mul(0x9e37_79b9) % 100_000_000);
        let values = [Some(key.as_str()), Some("Élodie"), None, Some("+33612345678")];
        (n / 100, (n % 100) as u32, change(n + 2, &key, &values))
    };
    (0..count).map(contact).collect()
}

/// How many runs were written.
fn finished_runs(sorter: &mut Sorter) -> Vec<Run> {
    sorter.helper.take().map_or_else(Vec::new, |helper| helper.finish().unwrap())
}

fn names() -> impl Strategy<Value = String> {
    // Few letters, so that names are equal, begin alike, or are the beginning of others.
    prop_oneof!["contact-000[01]{0,12}", "[ab\u{0}é]{0,3}", ".{0,20}"]
}

fn subjects() -> impl Strategy<Value = Subject> {
    prop_oneof![
        names().prop_map(Subject::Key),
        names().prop_map(Subject::Generated),
        (names(), prop::option::of(names())).prop_map(|(value, key)| Subject::Match { value, key }),
    ]
}

prop_compose! {
    fn pushed()(
        batch in 0..u64::MAX,
        at in 0..u32::MAX,
        line in prop_oneof![0..4_u64, any::<u64>()],
        subject in subjects(),
        values in prop::collection::vec(prop::option::of(".{0,30}"), 0..8),
        references in prop::collection::vec((0..3_usize, names()), 0..3),
    ) -> Pushed {
        let values = values.iter().map(Option::as_deref).collect();
        (batch, at, Change { line, subject, values, references })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// In memory, in a few runs, and in so many that they are merged in several passes.
    #[test]
    fn the_order_is_that_of_a_stable_sort(
        changes in prop::collection::vec(pushed(), 0..200),
        memory in prop_oneof![0..400_usize, 400..20_000_usize, Just(1 << 20)],
    ) {
        let (sorter, _root) = sorter(memory, &changes);
        prop_assert_eq!(all(sorter.finish().unwrap()).unwrap(), expected(&changes));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut read = change(0, "", &[]);
        record::read(&bytes, &mut read);
        let mut written = Vec::new();
        record::write(&mut written, 7, 9, &change(3, "key", &[Some("a"), None, Some("")])).unwrap();
        let mut body = written.split_off(record::LENGTH);
        for (to, from) in body.iter_mut().rev().zip(&bytes) {
            *to ^= from;
        }
        record::read(&body, &mut read);
    }
}

#[test]
fn nothing_gives_nothing() {
    let (sorter, _root) = sorter(1 << 20, &[]);
    let mut none = sorter.finish().unwrap();
    let mut read = SortedChange::default();
    assert!(!none.next_into(&mut read).unwrap());
    assert!(!none.next_into(&mut read).unwrap());
}

#[test]
fn a_sorter_goes_from_thread_to_thread() {
    fn goes<T: Send>() {}
    goes::<Sorter>();
    goes::<Sorted>();
}

#[test]
fn what_fits_in_memory_needs_no_file() {
    let changes = contacts(500);
    let mut sorter = Sorter::new(Path::new("/absent"), 1 << 20);
    for (batch, at, change) in &changes {
        sorter.push(*batch, *at, change).unwrap();
    }
    assert_eq!(all(sorter.finish().unwrap()).unwrap(), expected(&changes));
}

#[test]
fn many_runs_are_merged_in_several_passes() {
    let changes = contacts(20_000);
    // Of more than a thousand runs, two are merged at once: there is no memory for more.
    let (mut counted, _root) = sorter(3_000, &changes);
    assert!(finished_runs(&mut counted).len() > 1_000);
    let (sorter, root) = sorter(3_000, &changes);
    let merged = sorter.finish().unwrap();
    // The files have no names.
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    assert_eq!(all(merged).unwrap(), expected(&changes));
}

#[test]
fn as_many_runs_are_merged_as_it_takes() {
    let changes = contacts(1_000);
    let (mut sorter, root) = sorter(10_000, &changes);
    let runs = finished_runs(&mut sorter);
    let before = runs.len();
    assert!(before > 10);
    let fewer = merge::fewer(root.path(), runs, before - 3, 1 << 20, 0).unwrap();
    assert_eq!(fewer.len(), before - 3);
    let merged = merge::merged(root.path(), fewer, mem::take(&mut sorter.buffer), 1 << 20, 0).unwrap();
    assert_eq!(all(merged).unwrap().len(), changes.len());
}

#[test]
fn large_values_pass() {
    let large = "é".repeat(700_000);
    let values = [Some(large.as_str()), None, Some("")];
    let changes: Vec<Pushed> = ["c", "a", "b", "a"]
        .iter()
        .zip(2..)
        .map(|(name, line)| (0, 0, change(line, name, &values)))
        .collect();
    for memory in [0, 1 << 20, 1 << 30] {
        let (sorter, _root) = sorter(memory, &changes);
        assert!(all(sorter.finish().unwrap()).unwrap() == expected(&changes), "{memory}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let mut sorter = Sorter::new(Path::new("/absent"), 0);
    let (batch, at, change) = &contacts(1)[0];
    let error = sorter.push(*batch, *at, change).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("/absent"), "{error}");
}

/// A file on a disk without room.
fn full_disk() -> Scratch {
    let file = File::options().read(true).write(true).open("/dev/full").unwrap();
    Scratch { file, directory: "somewhere".into() }
}

#[test]
fn a_full_disk_is_an_error_and_stays_one() {
    let mut sorter = Sorter::new(Path::new("somewhere"), 2_000);
    sorter.helper = Some(Helper::start(full_disk()).unwrap());
    let changes = contacts(1_000);
    let mut push = |(batch, at, change): &Pushed| sorter.push(*batch, *at, change);
    let error = changes.iter().find_map(|pushed| push(pushed).err()).unwrap();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(
        error.to_string().contains("cannot write the temporary file for sorting in somewhere"),
        "{error}"
    );
    // What was lost does not become a shorter file.
    assert!(changes.iter().any(|pushed| push(pushed).is_err()));
    assert!(sorter.finish().is_err());
}

#[test]
fn a_disk_that_is_full_at_the_end_is_an_error() {
    let mut sorter = Sorter::new(Path::new("somewhere"), 2_000);
    sorter.helper = Some(Helper::start(full_disk()).unwrap());
    let (batch, at, change) = &contacts(1)[0];
    sorter.push(*batch, *at, change).unwrap();
    sorter.spill().unwrap();
    assert_eq!(sorter.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
}

/// The sorter finds that another process has changed its temporary file.
fn after(damage: impl FnOnce(&File)) -> io::Result<Vec<Pushed>> {
    let root = tempfile::tempdir().unwrap();
    let scratch = Scratch::create(root.path()).unwrap();
    let file = scratch.file.try_clone().unwrap();
    let mut sorter = Sorter::new(root.path(), 40_000);
    sorter.helper = Some(Helper::start(scratch).unwrap());
    for (batch, at, change) in &contacts(1_000) {
        sorter.push(*batch, *at, change).unwrap();
    }
    let runs = finished_runs(&mut sorter);
    damage(&file);
    all(merge::merged(root.path(), runs, Buffer::default(), 0, 0)?)
}

#[test]
fn a_file_that_was_cut_off_is_an_error() {
    let error = after(|file| file.set_len(file.metadata().unwrap().len() - 1).unwrap()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_file_that_was_changed_is_an_error() {
    use std::os::unix::fs::FileExt;
    after(|_| {}).unwrap();
    // The length of the first change, a text, and zeros.
    for (at, bytes) in [(0, &[0xff; 4][..]), (40, b"X"), (9_000, &[0; 4_096])] {
        let error = after(|file| file.write_all_at(bytes, at).unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{at}");
    }
}
