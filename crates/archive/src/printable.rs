//! Text out of an archive, made fit for a log or a mail.

/// How much of a text is shown.
const SHOWN_CHARS: usize = 120;

/// How much of a text is looked at: more than it takes for what is shown.
const READ_BYTES: usize = 1024;

/// Any bytes as something that can be put into a log: escaped where needed, and shortened.
pub(crate) fn printable(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw.get(..READ_BYTES).unwrap_or(raw));
    let mut shown = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == SHOWN_CHARS {
            shown.push('…');
            break;
        }
        if is_treacherous(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Control characters, those that end a line, those that change the direction of writing, and those that are not seen
/// at all (what Unicode calls default-ignorable): they make a name look like another in a log or a mail.
pub(crate) fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This crate reads archives for anybody and depends on no other one of the project, so it has a list of its own.
    #[test]
    fn characters_are_treacherous_in_archives_as_everywhere_else() {
        for c in '\0'..=char::MAX {
            assert_eq!(is_treacherous(c), tidewaiter::finding::is_treacherous(c), "{c:?}");
        }
    }

    #[test]
    fn refusals_show_any_name() {
        assert_eq!(printable(b"a\x1b[31m\xff"), "a\\u{1b}[31m\u{fffd}");
        assert_eq!(printable("é".repeat(500).as_bytes()).chars().count(), SHOWN_CHARS + 1);
    }
}
