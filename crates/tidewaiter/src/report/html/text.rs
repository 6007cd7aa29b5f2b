//! Text on its way into HTML: nothing that a partner sends is ever markup.

use crate::finding::Kind;

/// A text in which nothing is markup.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A value that a partner sent, between quotes that are part of the text: what is copied from a mail into a
/// spreadsheet must not begin like a formula.
pub(crate) fn value(text: &str) -> String {
    if text.is_empty() { "(empty)".to_owned() } else { format!("“{}”", escape(text)) }
}

/// What was found instead: a value that a partner sent.
pub(crate) fn found(text: &str) -> String {
    format!("found <code class=\"word\" style=\"color:#9c2a10\">{}</code>", value(text))
}

/// Where findings of a kind are, if all of them are in one column: ` in <code>email</code>`.
pub(crate) fn in_column(kind: &Kind) -> String {
    match kind.field.as_deref().filter(|field| !field.is_empty()) {
        Some(field) => format!(" in <code>{}</code>", escape(field)),
        None => String::new(),
    }
}

/// A text of ours, in which what stands between backticks is code. An odd backtick stays one.
pub(crate) fn rich(text: &str) -> String {
    let parts: Vec<String> = text.split('`').map(escape).collect();
    let paired = parts.len() % 2 == 1;
    let mut html = String::new();
    for (n, part) in parts.iter().enumerate() {
        match n {
            0 => {}
            _ if !paired => html.push('`'),
            _ if n % 2 == 1 => html.push_str("<code>"),
            _ => html.push_str("</code>"),
        }
        html.push_str(part);
    }
    html
}

/// A text of ours with a capital at its beginning.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(escape("<b a='1' c=\"2\">&"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
        assert_eq!(rich("write `<i>` so"), "write <code>&lt;i&gt;</code> so");
        assert_eq!(rich("an odd ` one"), "an odd ` one");
    }

    #[test]
    fn a_value_that_is_copied_is_no_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert!(value(formula).starts_with('“'), "{formula}");
        }
        assert_eq!(value(""), "(empty)");
    }
}
