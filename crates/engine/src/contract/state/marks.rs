//! What marks promise.

use super::super::at;
use crate::Result;
use crate::ports::Marks;

pub(super) async fn a_mark_is_set_once_unless_it_is_renewed<S: Marks>(state: &S) -> Result<()> {
    assert_eq!(state.get("once").await?, None);
    assert_eq!(state.put_if_absent("once", at(1)).await?, at(1));
    assert_eq!(state.put_if_absent("once", at(2)).await?, at(1), "it was noted before");
    assert_eq!(state.get("once").await?, Some(at(1)));
    for again in [2, 3] {
        state.put("again", at(again)).await?;
        assert_eq!(state.get("again").await?, Some(at(again)));
    }
    Ok(())
}
