//! The values of a line in one piece, so that a line of many columns costs no more than one of few.

use std::fmt;

/// A value for each column; None if the cell is empty.
///
/// ```
/// use tidewaiter_records::Cells;
///
/// let mut cells: Cells = [Some("1"), None].into_iter().collect();
/// cells.set(1, "Paris");
/// assert_eq!(cells.iter().collect::<Vec<_>>(), [Some("1"), Some("Paris")]);
/// assert_eq!(cells.get(7), None);
/// cells.clear();
/// assert_eq!(cells.iter().len(), 0);
/// ```
#[derive(Clone, Default)]
pub struct Cells {
    text: String,
    /// Where each value begins and ends. A line has a few MB at most.
    places: Vec<Option<(u32, u32)>>,
}

impl Cells {
    /// None yet, with room for so many of so many bytes together.
    pub fn with_capacity(columns: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), places: Vec::with_capacity(columns) }
    }

    /// Removes all values, and keeps the room for the next ones.
    pub fn clear(&mut self) {
        self.text.clear();
        self.places.clear();
    }

    /// Adds the value of the next column.
    pub fn push(&mut self, value: Option<&str>) {
        let place = value.map(|value| self.add(value));
        self.places.push(place);
    }

    /// Adds empty cells up to so many in all.
    pub fn fill_up(&mut self, columns: usize) {
        self.places.resize(columns.max(self.places.len()), None);
    }

    /// Gives a column another value, if there is such a column.
    pub fn set(&mut self, column: usize, value: &str) {
        if column < self.places.len() && self.get(column) != Some(value) {
            let place = self.add(value);
            if let Some(cell) = self.places.get_mut(column) {
                *cell = Some(place);
            }
        }
    }

    /// The value of a column.
    pub fn get(&self, column: usize) -> Option<&str> {
        self.text_at((*self.places.get(column)?)?)
    }

    /// The values in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        self.places.iter().map(|place| self.text_at((*place)?))
    }

    /// About how many bytes the values have.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    fn add(&mut self, value: &str) -> (u32, u32) {
        let at = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let start = at(self.text.len());
        self.text.push_str(value);
        (start, at(self.text.len()))
    }

    fn text_at(&self, (start, end): (u32, u32)) -> Option<&str> {
        self.text.get(start as usize..end as usize)
    }
}

impl<'a> FromIterator<Option<&'a str>> for Cells {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(values: I) -> Self {
        let mut cells = Self::default();
        values.into_iter().for_each(|value| cells.push(value));
        cells
    }
}

impl PartialEq for Cells {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Cells {}

impl fmt::Debug for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
