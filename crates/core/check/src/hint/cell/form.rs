//! Values of a fixed form: true and false, addresses, telephone numbers, lists of values.

use tidewaiter_schema::compile::Column;

use super::super::{messages, nearest};
use super::{Advice, Style, accepts, is_format};

pub(super) fn truth(column: &Column, value: &str, _: &Style) -> Option<Advice> {
    let word = value.to_lowercase();
    let meant = match word.as_str() {
        // No `o`: it is short for oui, and looks like a zero.
        "true" | "yes" | "y" | "t" | "1" | "on" | "oui" | "si" | "sí" | "ja" | "j" | "vrai" => true,
        "false" | "no" | "n" | "f" | "0" | "off" | "non" | "nein" | "faux" => false,
        _ => return None,
    };
    // Where the column has numbers of its own for it, those of others mean nothing.
    if column.truth("1") == Some(false) || column.truth("0") == Some(true) {
        return None;
    }
    let schema = ["true", "false", "1", "0"].into_iter().find(|text| column.truth(text) == Some(meant))?;
    Some(Advice::write(format!("write it as `{schema}`"), schema))
}

/// `Ada <ada@example.org>`, `ada@example.org, bob@example.org`, `jean paul@example.org`.
pub(super) fn addresses(column: &Column, value: &str, _: &Style) -> Option<Advice> {
    if !is_format(column, "ada@example.com") {
        return None;
    }
    let angled = value.strip_suffix('>').and_then(|rest| rest.rsplit_once('<'));
    if let Some((_, address)) = angled.filter(|(_, address)| accepts(column, address)) {
        // What stands before it may be wanted elsewhere.
        return Some(Advice::say(format!("write only the address: `{address}`")));
    }
    if value.split([',', ';', '/', ' ']).filter(|part| accepts(column, part)).count() > 1 {
        return Some(Advice::say("write one address only"));
    }
    // Whether the blank is one too many, or stands for a point or for nothing, is not known.
    let gaps = value.contains('@') && value.contains(char::is_whitespace);
    if gaps {
        return Some(Advice::say("an address has no spaces within: check which character belongs there"));
    }
    value.contains('\u{ad}').then(|| {
        Advice::say(
            "it contains a soft hyphen, which is not always seen: check whether a hyphen belongs there",
        )
    })
}

pub(super) fn near_miss(column: &Column, value: &str, _: &Style) -> Option<Advice> {
    let values = || column.one_of().iter().map(String::as_str);
    let same = values().find(|one| one.to_lowercase() == value.trim().to_lowercase());
    let meant = same.or_else(|| nearest(value, values()))?;
    let text = messages::near_miss(meant);
    // Of several that differ in case alone, none is meant beyond doubt.
    let alike = |one: &&str| one.to_lowercase() == value.trim().to_lowercase();
    Some(if values().filter(alike).count() == 1 { Advice::write(text, meant) } else { Advice::say(text) })
}

/// `33612345678.0`: what programs make of a column of telephone numbers that they take for amounts.
pub(super) fn decimal_phone(column: &Column, value: &str, _: &Style) -> Option<Advice> {
    let (whole, fraction) = value.split_once(['.', ','])?;
    let zeros = !fraction.is_empty() && fraction.bytes().all(|b| b == b'0');
    // It may have begun with a 0, which amounts do not.
    (zeros && accepts(column, whole)).then(|| {
        Advice::say(
            "a program took the number for an amount and may have dropped a leading 0: format the column as text and export it again",
        )
    })
}
