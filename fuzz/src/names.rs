//! Names of files: whatever they are, they are told apart, cleaned, renamed and never leave their place.

use std::sync::LazyLock;

use tidewaiter::id::{ImportId, Timestamp, day_of};
use tidewaiter::keys::{Key, NAME_BYTES, Place, Repository, clean_name};
use tidewaiter::name::{Directory, DroppedName, Entry, with_import_id};

static NAMES: LazyLock<Directory> = LazyLock::new(|| {
    let mut names = Directory::default();
    for (universe, scope, name) in [
        ("acme", "contacts", "crm"),
        ("acme_fr", "contacts", "crm"),
        ("acme", "orders", "web_shop"),
        ("acme", "orders", "20260101"),
        ("maison-lumiere", "stores", "main"),
    ] {
        names.insert(Entry::new(universe, scope, name));
    }
    names
});

#[expect(clippy::unnecessary_wraps, reason = "other targets have no use for some files")]
pub(crate) fn seed(name: &str, _: Vec<u8>) -> Option<Vec<u8>> {
    Some(name.into())
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(dropped) = std::str::from_utf8(bytes) else { return };
    let clean = clean_name(dropped);
    assert!(!clean.contains(['/', '\0', '\n', '\u{1b}', '\u{202e}']), "{clean:?}");
    assert_eq!(clean_name(&clean), clean, "cleaning a clean name changes it");
    let id: ImportId = "01J9Z3ND1V0000000000000000".parse().expect("an id");
    let renamed = with_import_id(&clean, id);
    assert!(renamed.len() <= NAME_BYTES || DroppedName::of(&clean) == DroppedName::Data, "{renamed:?}");
    if !matches!(clean.as_str(), "" | "." | "..") {
        let repository: Repository = "acme".parse().expect("a repository");
        let key = Key::placed(Place::Bogus, &repository, &clean);
        for key in [key.renamed(id), Key::log(&repository, &clean), key] {
            let read = Key::parse(key.as_str()).expect("a key that we build can be read");
            assert_eq!(read.as_str().split('/').count(), 3, "{read}");
            assert_eq!(read.as_str().split('/').nth(1), Some("acme"));
        }
    }
    let today = day_of(Timestamp::UNIX_EPOCH);
    match NAMES.resolve(dropped, today) {
        Err(error) => {
            assert!(!error.reason().is_empty());
            assert!(!error.to_string().contains(['\n', '\u{1b}']), "{error}");
        }
        Ok(name) => {
            assert_eq!(DroppedName::of(dropped), DroppedName::Data);
            let group = name.group.as_ref();
            let tag =
                group.map(|tag| format!("{}.{:02}-{:02}_", tag.id, tag.slot, tag.last)).unwrap_or_default();
            let date = name.date.strftime("%Y%m%d");
            let suffix = name.suffix.as_ref().map(|suffix| format!("_{suffix}")).unwrap_or_default();
            let (universe, scope, part) = (&name.universe, &name.scope, &name.subsection);
            let whole = format!("{tag}{universe}_{scope}_{part}_{date}{suffix}.csv");
            assert!(whole.eq_ignore_ascii_case(dropped), "{whole}: {dropped}");
            assert_eq!(whole.strip_suffix(".csv"), dropped.get(..dropped.len() - ".csv".len()));
            assert_eq!(clean, dropped, "a legal name is clean");
            let again = NAMES.resolve(&renamed, today).expect("the new name of a legal name is legal");
            assert_eq!(again.entry(), name.entry());
            assert_eq!(again.group, name.group);
        }
    }
}
