//! Texts as a workbook spells them.

use std::io::{Read, Seek};

use crate::refusal::SheetError;
use crate::xml::{Xml, bad, too_long};

/// Appends the text of the open element, a shared or an inline string, and closes it. Its runs are joined; how it is
/// pronounced is left out.
pub(crate) fn rich<R: Read + Seek>(
    xml: &mut Xml<'_, R>,
    piece: &mut String,
    text: &mut String,
) -> Result<(), SheetError> {
    while let Some(tag) = xml.child()? {
        match tag.name {
            "t" => {
                let is_kept = keeps_space(tag.value("xml:space")?.as_deref());
                plain(xml, is_kept, piece, text)?;
            }
            "r" => {
                while let Some(tag) = xml.child()? {
                    if tag.name == "t" {
                        let is_kept = keeps_space(tag.value("xml:space")?.as_deref());
                        plain(xml, is_kept, piece, text)?;
                    } else {
                        xml.skip()?;
                    }
                }
            }
            _ => xml.skip()?,
        }
        if text.len() > xml.text_limit() {
            return Err(too_long(xml.text_limit()));
        }
    }
    Ok(())
}

fn keeps_space(value: Option<&str>) -> bool {
    value == Some("preserve")
}

fn plain<R: Read + Seek>(
    xml: &mut Xml<'_, R>,
    is_kept: bool,
    piece: &mut String,
    text: &mut String,
) -> Result<(), SheetError> {
    piece.clear();
    xml.text(piece)?;
    push_piece(piece, is_kept, text);
    Ok(())
}

/// Appends the text of one `t`. Without `xml:space="preserve"` the blanks around it do not count, as in Excel.
pub(crate) fn push_piece(piece: &str, is_kept: bool, text: &mut String) {
    push_unescaped(if is_kept { piece } else { piece.trim_matches([' ', '\t', '\r', '\n']) }, text);
}

/// Appends text in which `_x000D_` stands for a character that XML cannot hold, and `_x005F_` for an underscore that would be
/// read as the beginning of one.
pub(crate) fn push_unescaped(mut rest: &str, text: &mut String) {
    while let Some(at) = rest.find("_x") {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        let (one, len) = match unit(escape) {
            Some(high @ 0xd800..=0xdbff) => match escape.get(ESCAPE..).and_then(unit) {
                Some(low @ 0xdc00..=0xdfff) => {
                    (char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)), 2 * ESCAPE)
                }
                _ => (None, ESCAPE),
            },
            Some(unit) => (char::from_u32(unit), ESCAPE),
            None => (None, 1),
        };
        let (escape, after) = escape.split_at(len);
        match one {
            Some(one) => text.push(one),
            None => text.push_str(escape),
        }
        rest = after;
    }
    text.push_str(rest);
}

/// Bytes of `_x000D_`.
const ESCAPE: usize = 7;

fn unit(escape: &str) -> Option<u32> {
    let digits = escape.get(..ESCAPE)?.strip_prefix("_x")?.strip_suffix('_')?;
    digits.bytes().all(|one| one.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Reads the number of a row, a text or a style.
pub(crate) fn whole(text: &str) -> Option<usize> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let is_plain = (1..=10).contains(&text.len()) && text.bytes().all(|one| one.is_ascii_digit());
    is_plain.then(|| text.parse().ok())?
}

/// The same for an attribute that must hold one.
pub(crate) fn whole_of(name: &str, text: &str) -> Result<usize, SheetError> {
    whole(text).ok_or_else(|| bad(format_args!("{name} is no number: {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_characters() {
        let cases = [
            ("a_x000D_\nb", "a\r\nb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_x0041_x0042_", "Ax0042_"),
            ("__x0041__", "_A_"),
            ("_xD83D__xDE00_", "\u{1f600}"),
            ("_xD83D_ _xDE00_", "_xD83D_ _xDE00_"),
            ("_x00e9_é_x", "éé_x"),
            ("_x00g9_ _x_ _xé_", "_x00g9_ _x_ _xé_"),
            ("max_x", "max_x"),
        ];
        for (spelled, wanted) in cases {
            let mut text = String::new();
            push_unescaped(spelled, &mut text);
            assert_eq!(text, wanted, "{spelled}");
        }
    }

    #[test]
    fn only_blanks_of_xml_are_cut() {
        let mut text = String::new();
        push_piece(" \n a\u{a0} ", false, &mut text);
        push_piece(" b ", true, &mut text);
        assert_eq!(text, "a\u{a0} b ");
    }
}
