//! Lists that a contact is subscribed to: which cells name lists, and what such a cell does to a record.
//!
//! A cell is text, never a number: list 0 exists, and `-0` leaves it.

use std::collections::BTreeSet;

/// What the record holds after the cell: the lists it is in, in ascending order. `None` if it is in none.
pub fn merged(record: Option<&str>, cell: &str) -> Option<String> {
    let mut lists: BTreeSet<u32> = steps(record.unwrap_or_default()).map(|(_, list)| list).collect();
    for (joins, list) in steps(cell) {
        if joins {
            lists.insert(list);
        } else {
            lists.remove(&list);
        }
    }
    let lists: Vec<String> = lists.iter().map(u32::to_string).collect();
    (!lists.is_empty()).then(|| lists.join(" "))
}

/// True if a record holds a list.
pub fn contains(record: &str, list: u32) -> bool {
    steps(record).any(|(_, member)| member == list)
}

/// True for a cell of numbers of lists, each perhaps behind a minus sign, separated by spaces or commas.
pub fn are_lists(cell: &str) -> bool {
    let mut words = words(cell).peekable();
    words.peek().is_some() && words.all(|word| step(word).is_some())
}

/// The lists a cell names, and whether each is joined.
fn steps(cell: &str) -> impl Iterator<Item = (bool, u32)> {
    words(cell).filter_map(step)
}

fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([' ', ',']).filter(|word| !word.is_empty())
}

fn step(word: &str) -> Option<(bool, u32)> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    // Nine digits fit into 32 bits, and `+5` is no number of a list.
    let plain = (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let list = plain.then(|| digits.parse().ok()).flatten()?;
    Some((digits.len() == word.len(), list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_joins_and_leaves() {
        assert_eq!(merged(None, "5").as_deref(), Some("5"));
        assert_eq!(merged(Some("1 5 12"), "-5,3").as_deref(), Some("1 3 12"));
        assert_eq!(merged(Some("0 5"), "-0").as_deref(), Some("5"), "list 0 is a list like any other");
        assert_eq!(merged(Some("5"), "-5"), None);
        assert_eq!(merged(None, "7 -7"), None, "the last word on a list counts");
        assert_eq!(merged(None, "-7 07").as_deref(), Some("7"), "07 is list 7");
    }

    #[test]
    fn what_names_lists_and_what_does_not() {
        for good in ["0", "-0", "5", "-5", "5 -2", "5,-2", "5, -2", " 5 "] {
            assert!(are_lists(good), "{good:?}");
        }
        for bad in ["", " ", ",", "+5", "--5", "5-", "5;6", "x", "1234567890", "-", "5.0", "٣"] {
            assert!(!are_lists(bad), "{bad:?}");
        }
    }

    #[test]
    fn membership() {
        assert!(contains("0 5", 0) && contains("0 5", 5) && !contains("15", 5));
    }
}
