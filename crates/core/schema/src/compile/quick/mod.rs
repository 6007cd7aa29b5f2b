//! Ways to see at a glance that a value is good.
//!
//! Most values of a column are of one plain shape. A column that has a quick way lets these pass by looking at
//! 16 to 64 bytes at once; whatever it does not let pass is read by the exact way, which decides. So a quick way may
//! only ever say *yes*, and only where the exact way would: tests hold them together.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "no branches: what they would depend on is as good as chance"
)]

mod date;
mod form;
mod pattern;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use date::Day;
pub(crate) use form::Form;
pub(crate) use pattern::Automaton;
pub use shape::Letters;

/// A quick way to let good values of a column pass.
#[derive(Debug, Clone)]
pub struct Quick(Way);

/// What a quick way looks at.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// There is none.
    Never,
    /// Anything, within the lengths.
    Text(Lengths),
    /// A text of one of some forms.
    Forms(Lengths, Box<[Form]>),
    /// A text that a pattern's automaton takes.
    Pattern(Lengths, Automaton),
    Email(Lengths),
    Phone(Lengths),
    Lists(Lengths),
    Integer {
        negative: bool,
    },
    Number {
        negative: bool,
    },
    /// A date within bounds.
    Date {
        first: Day,
        last: Day,
    },
    Datetime,
    /// One of some texts of at most 16 bytes.
    OneOf(Box<[Word]>),
}

/// Lengths in bytes that are right however many characters they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// The least.
    pub least: usize,
    /// The greatest.
    pub most: usize,
}

/// A text of at most 16 bytes, with zeros behind it, and its length.
pub(crate) type Word = (u128, usize);

impl Lengths {
    /// For texts of so many characters.
    pub(crate) fn of(least: Option<u64>, most: Option<u64>) -> Self {
        // A character takes one to four bytes, and an empty text does not come here.
        let least = least.filter(|&least| least > 1).map_or(0, |least| least.saturating_mul(4));
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        Self { least: size(least), most: most.map_or(usize::MAX, size) }
    }

    #[inline]
    fn hold(self, length: usize) -> bool {
        (self.least <= length) & (length <= self.most)
    }
}

impl Quick {
    /// There is none: nothing passes.
    pub const NEVER: Self = Self(Way::Never);

    pub(crate) fn of(way: Way) -> Self {
        Self(way)
    }

    /// Lets any text of these lengths pass.
    pub fn text(lengths: Lengths) -> Self {
        Self(Way::Text(lengths))
    }

    /// The lengths of the values that pass, if it looks at nothing else.
    pub fn lengths(&self) -> Option<Lengths> {
        match self.0 {
            Way::Text(lengths) => Some(lengths),
            _ => None,
        }
    }

    /// True if the value that begins here and has `length` bytes is good beyond doubt, or has none and `empty` is
    /// true. What stands behind it may be anything; that it is there is what allows to look at many bytes at once.
    ///
    /// Whether a cell is empty is as good as chance to a processor, so it is not asked before the work but
    /// weighed after it. Where letters are is asked of `letters`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is called for most values of a file")]
    pub fn accepts(
        &self,
        tail: &[u8],
        length: usize,
        empty: bool,
        letters: impl Fn(&[u8; 64]) -> Letters,
    ) -> bool {
        let nothing = (length == 0) & empty;
        match &self.0 {
            Way::Never => nothing,
            Way::Text(lengths) => nothing | (lengths.hold(length) & (length > 0)),
            Way::Forms(lengths, forms) => {
                let are = |bytes| forms.iter().fold(false, |is, form| is | form.is_whole(bytes, length));
                nothing | (lengths.hold(length) & (length > 0) & tail.first_chunk().is_some_and(are))
            }
            Way::Pattern(lengths, automaton) => {
                let value = || tail.get(..length).unwrap_or_default();
                nothing || (lengths.hold(length) && length > 0 && automaton.accepts(value()))
            }
            Way::Email(lengths) => nothing | (lengths.hold(length) & shape::is_email(tail, length, letters)),
            Way::Phone(lengths) => nothing | (lengths.hold(length) & shape::is_phone(tail, length)),
            Way::Lists(lengths) => nothing | (lengths.hold(length) & shape::are_lists(tail, length)),
            Way::Integer { negative } => nothing | shape::is_integer(tail, length, *negative),
            Way::Number { negative } => nothing | shape::is_number(tail, length, *negative),
            Way::Date { first, last } => nothing | date::is_date(tail, length, *first, *last),
            Way::Datetime => nothing | date::is_datetime(tail, length),
            Way::OneOf(words) => {
                nothing || (length > 0 && word(tail, length).is_some_and(|word| words.contains(&word)))
            }
        }
    }

    /// The same for a value of so many bytes, each of its quotes written as two.
    #[inline]
    pub fn accepts_doubled(&self, length: usize) -> bool {
        match &self.0 {
            Way::Text(lengths) => lengths.least <= length / 2 && length <= lengths.most,
            _ => false,
        }
    }
}

impl Way {
    /// True for any of these texts; None if one is longer than 16 bytes.
    pub(crate) fn one_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let words: Option<Box<[Word]>> = texts
            .into_iter()
            .map(|text| {
                let mut padded = [0; 16];
                padded.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
                word(&padded, text.len())
            })
            .collect();
        words.map(Self::OneOf)
    }
}

/// The value as one number; None if it has more than 16 bytes, or the text ends too soon behind it.
#[inline]
fn word(tail: &[u8], length: usize) -> Option<Word> {
    let sixteen = u128::from_le_bytes(*tail.first_chunk::<16>()?);
    let unused = 16_u32.checked_sub(u32::try_from(length).ok()?)? * 8;
    Some((sixteen.unbounded_shl(unused).unbounded_shr(unused), length))
}

/// The date of a text, for bounds; None unless it is one, and for leap days.
pub(crate) fn day_of(text: &str) -> Option<Day> {
    let mut padded = [0; 16];
    padded.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    date::day_of(&padded).filter(|_| text.len() == 10)
}
