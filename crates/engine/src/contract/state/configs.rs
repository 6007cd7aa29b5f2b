//! What a store of configurations promises.

use super::super::{at, id, repository};
use crate::Result;
use crate::ports::{Activates, Author, ConfigStore};

pub(super) async fn the_latest_configuration_is_the_active_one<S: ConfigStore>(state: &S) -> Result<()> {
    let place = repository("latest");
    for (n, universe, expected) in [
        (5, "acme", true),
        (5, "acme", true),
        (4, "acme", false),
        (4, "globex", true),
        (6, "acme", true),
        (5, "acme", false),
    ] {
        let noted = state.activates(&place, universe, &document(n, &n.to_string(), None)).await?;
        assert_eq!(noted, expected, "configuration {n} of {universe}");
    }
    let other = state.activates(&repository("other"), "acme", &document(1, "1", None)).await?;
    assert!(other, "another repository has its own");
    Ok(())
}

/// A document that an operator activates where another one is found.
fn document(n: u32, sha256: &str, found: Option<&str>) -> Activates {
    let (sha256, found) = (sha256.to_owned(), found.map(str::to_owned));
    let by = Author::Operator { name: format!("operator {n}") };
    Activates { id: id(n), at: at(n), sha256, by, restores: None, found }
}

pub(super) async fn a_version_is_added_once_and_stays<S: ConfigStore>(state: &S) -> Result<()> {
    let place = repository("versions");
    assert_eq!(state.versions(&place, "acme").await?, []);
    // Twice each, as after an interruption: the second time another process may have found what the first one wrote.
    for (n, sha256, found) in [
        (1, "a", None),
        (1, "a", Some("a")),
        (2, "b", Some("a")),
        (2, "b", Some("b")),
        // The same again changes nothing.
        (3, "b", Some("b")),
        // By hand, and once more while that is not replaced yet.
        (5, "c", Some("hand")),
        (5, "c", Some("hand")),
        // It came too late.
        (4, "d", Some("c")),
        // What was active before the last one is still there: that one was stopped.
        (6, "a", Some("hand")),
    ] {
        let noted = state.activates(&place, "acme", &document(n, sha256, found)).await?;
        assert_eq!(noted, n != 4, "activation {n}");
    }
    let versions = state.versions(&place, "acme").await?;
    let told: Vec<_> = versions.iter().map(|one| (one.number, one.sha256.as_str(), one.replaces)).collect();
    assert_eq!(
        told,
        [(1, "a", None), (2, "b", Some(1)), (3, "hand", Some(2)), (4, "c", Some(3)), (5, "a", Some(3)),]
    );
    let by = |n: usize| versions.get(n).map(|one| (one.id, one.at, &one.by));
    assert_eq!(by(1), Some((id(2), at(2), &Author::Operator { name: "operator 2".to_owned() })));
    assert_eq!(by(2), Some((id(5), at(5), &Author::Hand)));
    let back = Activates { restores: Some(2), ..document(7, "b", Some("a")) };
    assert!(state.activates(&place, "acme", &back).await?);
    let last = state.versions(&place, "acme").await?.pop();
    assert_eq!(last.map(|one| (one.number, one.restores)), Some((6, Some(2))));
    for (place, universe) in [(&place, "globex"), (&repository("other-versions"), "acme")] {
        assert_eq!(state.versions(place, universe).await?, [], "{universe} of {place} has its own");
    }
    Ok(())
}

/// As many processes as activate at the same time, as many versions there are: each number is used once.
pub(super) async fn versions_that_race_are_all_kept<S: ConfigStore>(state: &S) -> Result<()> {
    let place = repository("racing-versions");
    let one = document(1, "1", None);
    let (first, second) = (document(2, "2", Some("1")), document(3, "3", Some("1")));
    state.activates(&place, "acme", &one).await?;
    let both = futures_util::future::join(
        state.activates(&place, "acme", &first),
        state.activates(&place, "acme", &second),
    )
    .await;
    let noted = (both.0?, both.1?);
    assert!(noted.1, "the later one is noted in any case");
    let versions = state.versions(&place, "acme").await?;
    let numbers: Vec<u32> = versions.iter().map(|one| one.number).collect();
    let expected: Vec<u32> = (1..=if noted.0 { 3 } else { 2 }).collect();
    assert_eq!(numbers, expected);
    assert_eq!(versions.last().map(|one| one.id), Some(id(3)));
    Ok(())
}

pub(super) async fn a_universe_has_one_owner<S: ConfigStore>(state: &S) -> Result<()> {
    let (ours, theirs) = (repository("ours"), repository("theirs"));
    assert_eq!(state.universe("owned").await?, None);
    assert!(!state.share("owned", &theirs, true).await?, "a universe without an owner cannot be shared");
    assert_eq!(state.universe("owned").await?, None);
    for repository in [&ours, &theirs] {
        let owned = state.own("owned", repository).await?;
        assert_eq!((owned.name.as_str(), &owned.owner), ("owned", &ours), "the first one owns it");
        assert!(owned.admits(&ours) && !owned.admits(&theirs));
    }
    for is_shared in [true, true, false, false, true] {
        assert!(state.share("owned", &theirs, is_shared).await?);
        let owned = state.universe("owned").await?;
        assert_eq!(owned.map(|owned| owned.admits(&theirs)), Some(is_shared));
    }
    state.own("also-owned", &theirs).await?;
    let all = state.universes().await?;
    let named: Vec<(&str, usize)> = all.iter().map(|one| (one.name.as_str(), one.shared.len())).collect();
    assert_eq!(named, [("also-owned", 0), ("owned", 1)], "by name");
    Ok(())
}

pub(super) async fn a_configuration_is_kept_by_its_hash<S: ConfigStore>(state: &S) -> Result<()> {
    state.keep("hash", b"document").await?;
    state.keep("hash", b"document").await?;
    assert_eq!(state.kept("hash").await?.as_deref(), Some(b"document".as_slice()));
    assert_eq!(state.kept("other").await?, None);
    Ok(())
}
