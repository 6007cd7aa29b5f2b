//! Text and numbers on their way into a template: what stands behind a `|` there.

use std::fmt::Display;

use askama::filters::{Escaper, Html, Safe};
use askama::{Result, Values, filter_fn};

use crate::{phrases, words};

/// Text in which what stands between backticks is code, and nothing else is markup.
#[filter_fn]
pub(super) fn prose(text: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    rich(&text.to_string()).map(Safe)
}

/// Text with a capital at its beginning.
#[filter_fn]
pub(super) fn capitalised(text: impl Display, _: &dyn Values) -> Result<String> {
    Ok(capital(&text.to_string()))
}

/// A number with its digits in threes.
#[filter_fn]
pub(super) fn number(count: &u64, _: &dyn Values) -> Result<String> {
    Ok(words::number(*count))
}

/// A count with its noun.
#[filter_fn]
pub(super) fn plural(count: &u64, _: &dyn Values, noun: &str) -> Result<String> {
    Ok(words::plural(*count, noun))
}

/// How often.
#[filter_fn]
pub(super) fn times(count: &u64, _: &dyn Values) -> Result<String> {
    Ok(phrases::times(*count))
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Advice as a sentence: with a capital at its beginning and a mark at its end.
pub(super) fn sentence(advice: &str) -> String {
    let end = if advice.ends_with(['.', '?', '!']) { "" } else { "." };
    capital(advice) + end
}

/// Escapes all of it, and makes code of what stands between backticks. An odd backtick stays one.
fn rich(text: &str) -> Result<String> {
    let parts: Vec<&str> = text.split('`').collect();
    let paired = parts.len() % 2 == 1;
    let mut html = String::new();
    for (n, part) in parts.into_iter().enumerate() {
        match n {
            0 => {}
            _ if !paired => html.push('`'),
            _ if n % 2 == 1 => html.push_str("<code>"),
            _ => html.push_str("</code>"),
        }
        Html.write_escaped_str(&mut html, part)?;
    }
    Ok(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(rich("<b a='1' c=\"2\">&").unwrap(), "&#60;b a=&#39;1&#39; c=&#34;2&#34;&#62;&#38;");
        assert_eq!(rich("write `<i>` so").unwrap(), "write <code>&#60;i&#62;</code> so");
        assert_eq!(rich("an odd ` one").unwrap(), "an odd ` one");
    }
}
