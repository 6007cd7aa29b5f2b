//! What claims on keys promise.

use tidewaiter::keys::{Key, Place};
use tidewaiter::report::Outcome;

use super::{claim, end, single};
use crate::Result;
use crate::ports::{KeyClaims, Progress, RunLedger};

pub(super) async fn a_key_is_taken_from_its_owner_and_remembered<S: RunLedger + KeyClaims>(
    state: &S,
) -> Result<()> {
    let (first, second) = (single("keys", 50, "x.csv", 0, 1), single("keys", 51, "x.csv", 0, 1));
    state.register(&[first.clone(), second.clone()]).await?;
    let key = Key::placed(Place::Archives, &first.repository, &first.file);
    let first_claim = claim(state, &key, first.id).await?;
    assert_eq!(
        first_claim,
        Some(key.renamed(first.id)),
        "an unclaimed file is kept under a name with our import id"
    );
    assert_eq!(claim(state, &key, first.id).await?, None, "afterwards it is ours");
    let too_early = claim(state, &key, second.id).await;
    assert!(too_early.is_err_and(|e| e.is_transient()), "nothing is taken from who is not done");
    end(state, &first, Outcome::Imported).await?;
    let older = key.renamed(first.id);
    for _ in 0..2 {
        assert_eq!(claim(state, &key, second.id).await?, Some(older.clone()), "the same answer each time");
    }
    let Some(Progress::Done(kept)) = state.run(first.id).await?.map(|i| i.progress) else {
        unreachable!("the first import is done")
    };
    assert_eq!(kept.place, older, "the ledger says where the first file is now");
    end(state, &second, Outcome::NotProcessed).await?;
    let taken_back = claim(state, &key, first.id).await;
    assert!(taken_back.is_err_and(|e| e.is_transient()), "who is done takes nothing back");
    // The new name is a valid one: a file that is dropped under it finds it taken.
    let third = single("keys", 52, older.file_name(), 0, 1);
    state.register(std::slice::from_ref(&third)).await?;
    assert_eq!(claim(state, &older, third.id).await?, Some(older.renamed(first.id)));
    // The other way about: the new name was taken before it was needed.
    let [fourth, fifth, sixth] = [53, 54, 55].map(|n| single("keys", n, "y.csv", 0, 1));
    state.register(&[fourth.clone(), fifth.clone(), sixth.clone()]).await?;
    let key = Key::placed(Place::Archives, &fourth.repository, &fourth.file);
    claim(state, &key, fourth.id).await?;
    end(state, &fourth, Outcome::Imported).await?;
    let taken = key.renamed(fourth.id);
    claim(state, &taken, fifth.id).await?;
    let free = taken.renamed(fourth.id);
    for _ in 0..2 {
        assert_eq!(claim(state, &key, sixth.id).await?, Some(free.clone()), "a third file is passed over");
    }
    assert_eq!(claim(state, &taken, fifth.id).await?, None, "it keeps its name");
    Ok(())
}
