//! What a store of configurations promises.

use super::super::{id, repository};
use crate::Result;
use crate::ports::ConfigStore;

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
        let noted = state.activates(&place, universe, id(n)).await?;
        assert_eq!(noted, expected, "configuration {n} of {universe}");
    }
    assert!(state.activates(&repository("other"), "acme", id(1)).await?, "another repository has its own");
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
