//! A change as bytes.
//!
//! | what | how |
//! |---|---|
//! | the length of the rest | 4 bytes |
//! | name of the subject, line | text, number |
//! | batch, place in the batch | numbers |
//! | kind of the subject, and its key if it has one beside its name | byte, text |
//! | columns: how many; for each 0, or the length of its value and 1; all values | numbers, bytes |
//! | references: how many; for each which one, and the key | numbers, texts |
//!
//! A number has seven bits a byte, the lowest ones first; a text is its length and its bytes. What is sorted by comes
//! first.

use std::io;

use tidewaiter::record::{Cells, Change, Subject};

/// How many bytes the length takes.
pub(super) const LENGTH: usize = size_of::<u32>();

const KEY: u8 = 0;
const MATCH: u8 = 1;
const MATCH_OR_KEY: u8 = 2;
const GENERATED: u8 = 3;

/// Appends a change.
pub(super) fn write(out: &mut Vec<u8>, batch: u64, at: u32, change: &Change) -> io::Result<()> {
    let start = out.len();
    out.extend_from_slice(&[0; LENGTH]);
    write_text(out, change.subject.name());
    write_number(out, change.line);
    write_number(out, batch);
    write_number(out, at.into());
    match &change.subject {
        Subject::Key(_) => out.push(KEY),
        Subject::Match { key: None, .. } => out.push(MATCH),
        Subject::Match { key: Some(key), .. } => {
            out.push(MATCH_OR_KEY);
            write_text(out, key);
        }
        Subject::Generated(_) => out.push(GENERATED),
    }
    write_number(out, change.values.iter().len() as u64);
    for value in change.values.iter() {
        write_number(out, value.map_or(0, |value| value.len() as u64 + 1));
    }
    for value in change.values.iter().flatten() {
        out.extend_from_slice(value.as_bytes());
    }
    write_number(out, change.references.len() as u64);
    for (number, key) in &change.references {
        write_number(out, *number as u64);
        write_text(out, key);
    }
    let length = u32::try_from(out.len() - start - LENGTH);
    let (Ok(length), Some(place)) = (length, out.get_mut(start..start + LENGTH)) else {
        out.truncate(start);
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a line of more than 4 GiB cannot be sorted",
        ));
    };
    place.copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// The length that bytes begin with.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    bytes.first_chunk().map(|length| u32::from_le_bytes(*length) as usize)
}

/// What a change is sorted by: the name of its subject, and its line. `body` is the change without its length.
pub(super) fn key(body: &[u8]) -> Option<(&[u8], u64)> {
    let mut rest = Rest(body);
    let name = rest.bytes()?;
    Some((name, rest.number()?))
}

/// Reads a change into one that was used before, so that nothing is allocated; answers the batch and the place in it.
/// None if the bytes are no change. `body` is the change without its length.
pub(super) fn read(body: &[u8], change: &mut Change) -> Option<(u64, u32)> {
    let mut rest = Rest(body);
    let name = rest.text()?;
    change.line = rest.number()?;
    let place = (rest.number()?, u32::try_from(rest.number()?).ok()?);
    match (rest.byte()?, &mut change.subject) {
        (KEY, Subject::Key(known)) | (GENERATED, Subject::Generated(known)) => set(known, name),
        (KEY, subject) => *subject = Subject::Key(name.to_owned()),
        (GENERATED, subject) => *subject = Subject::Generated(name.to_owned()),
        (MATCH, subject) => *subject = Subject::Match { value: name.to_owned(), key: None },
        (MATCH_OR_KEY, subject) => {
            let key = Some(rest.text()?.to_owned());
            *subject = Subject::Match { value: name.to_owned(), key };
        }
        _ => return None,
    }
    rest.cells(&mut change.values)?;
    let references = rest.count()?;
    change.references.resize_with(references, Default::default);
    for (number, key) in &mut change.references {
        *number = usize::try_from(rest.number()?).ok()?;
        set(key, rest.text()?);
    }
    rest.0.is_empty().then_some(place)
}

fn set(text: &mut String, to: &str) {
    text.clear();
    text.push_str(to);
}

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Option<u8> {
        self.0.split_off_first().copied()
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// How many parts there are. Each takes a byte at least, so that a wrong number allocates nothing.
    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.0.len())
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        self.0.split_off(..length)
    }

    fn text(&mut self) -> Option<&'a str> {
        str::from_utf8(self.bytes()?).ok()
    }

    fn cells(&mut self, cells: &mut Cells) -> Option<()> {
        let columns = self.count()?;
        let mut lengths = Rest(self.0);
        let mut bytes = 0_usize;
        for _ in 0..columns {
            let length = self.number()?.saturating_sub(1);
            bytes = bytes.checked_add(usize::try_from(length).ok()?)?;
        }
        // One check of all values costs less than one of each.
        let mut texts = str::from_utf8(self.0.split_off(..bytes)?).ok()?;
        cells.clear();
        for _ in 0..columns {
            let value = match lengths.number()?.checked_sub(1) {
                None => None,
                Some(length) => {
                    let (value, others) = texts.split_at_checked(usize::try_from(length).ok()?)?;
                    texts = others;
                    Some(value)
                }
            };
            cells.push(value);
        }
        Some(())
    }
}
