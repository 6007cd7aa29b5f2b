//! Reads that stop short only at the end: every part of the crate tells the end of its data by a short count.

/// Reads until the buffer is full or nothing more comes; a short count means the end.
pub(crate) fn fill<E>(
    buffer: &mut [u8],
    mut read: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> Result<usize, E> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..)
        && !rest.is_empty()
    {
        match read(rest)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}
