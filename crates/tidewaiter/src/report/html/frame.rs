//! What all mails have in common: the page around them, and the parts that they are made of.

use std::fmt::{Result, Write};

use super::style::{FONT, STYLE};
use super::text::{escape, rich};

/// Begins a mail: `title`, which programs show beside it, and `preview`, which they show before it is opened.
pub(crate) fn begin(out: &mut String, title: &str, preview: &str) -> Result {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"supported-color-schemes\" content=\"light dark\">\
         <title>{}</title><style>{STYLE}</style></head>\n\
         <body class=\"page\" style=\"margin:0;padding:0;background:#f2f4f7\">\n\
         <div style=\"display:none;max-height:0;overflow:hidden\">{}</div>\n\
         <table role=\"presentation\" class=\"page\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
         style=\"background:#f2f4f7\"><tr><td class=\"out\" align=\"center\" style=\"padding:24px 12px\">\n\
         <table role=\"presentation\" class=\"card ink\" width=\"640\" cellpadding=\"0\" cellspacing=\"0\" \
         style=\"width:100%;max-width:640px;background:#ffffff;border-radius:12px;overflow:hidden;text-align:left;\
         color:#18212d;font-size:15px;line-height:1.5;{FONT}\">\n",
        escape(title),
        escape(preview),
    )
}

/// What happened, on its colour: a word, a headline, and what it is about.
pub(crate) fn banner(out: &mut String, colour: &str, word: &str, headline: &str, about: &str) -> Result {
    writeln!(
        out,
        "<tr><td class=\"pad\" style=\"padding:22px 28px;background:{colour};color:#ffffff\">\
         <div style=\"font-size:13px;font-weight:700;letter-spacing:.06em;text-transform:uppercase\">{}</div>\
         <div style=\"font-size:22px;line-height:1.3;font-weight:700;padding:2px 0 8px;overflow-wrap:anywhere\">{}</div>\
         <div style=\"font-size:14px;overflow-wrap:anywhere;word-break:break-word\">{}</div></td></tr>",
        escape(word),
        escape(headline),
        escape(about),
    )
}

/// What the reader is to do, as HTML.
pub(crate) fn todo(out: &mut String, html: &str) -> Result {
    writeln!(
        out,
        "<tr><td class=\"pad\" style=\"padding:20px 28px 0\">\
         <div class=\"todo\" style=\"background:#eaf1fb;color:#16324f;border-radius:8px;padding:12px 16px\">\
         <b>What to do.</b> {html}</div></td></tr>"
    )
}

/// A number with its name, in a row of them; with a mark of a colour if it has one.
pub(crate) fn tile(out: &mut String, count: &str, name: &str, colour: Option<&str>) -> Result {
    let mark = colour.map_or_else(String::new, |colour| {
        format!(
            "<span style=\"display:inline-block;width:8px;height:8px;border-radius:2px;background:{colour}\"></span> "
        )
    });
    write!(
        out,
        "<td class=\"tile\" valign=\"top\" style=\"padding:0 8px 0 0\">\
         <div style=\"font-size:20px;line-height:1.25;font-weight:700\">{count}</div>\
         <div class=\"dim\" style=\"font-size:13px;color:#5a6878;white-space:nowrap\">{mark}{name}</div></td>"
    )
}

/// A remark in small letters.
pub(crate) fn aside(out: &mut String, text: &str) -> Result {
    write!(
        out,
        "<div class=\"dim\" style=\"font-size:13px;color:#5a6878;padding-top:6px\">{}</div>",
        escape(text)
    )
}

/// How to mend it.
pub(crate) fn tip(out: &mut String, hint: &str) -> Result {
    write!(
        out,
        "<div class=\"tip\" style=\"background:#fdf5e2;color:#5c4308;border-radius:6px;padding:7px 12px;\
         margin-top:6px;font-size:14px\"><b>How to mend it:</b> {}</div>",
        rich(hint)
    )
}

/// A heading of a part.
pub(crate) fn heading(out: &mut String, text: &str) -> Result {
    writeln!(
        out,
        "<tr><td class=\"pad\" style=\"padding:26px 28px 0;font-size:16px;font-weight:700\">{}</td></tr>",
        escape(text)
    )
}

/// Begins a table of facts.
pub(crate) fn facts(out: &mut String) -> Result {
    write!(
        out,
        "<tr><td class=\"pad\" style=\"padding:6px 28px 0\">\
         <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\">"
    )
}

/// A fact of it, unless it is empty.
pub(crate) fn fact(out: &mut String, name: &str, value: &str) -> Result {
    if value.is_empty() { Ok(()) } else { fact_lines(out, name, &[value.to_owned()]) }
}

/// A fact of it that is several, each on a line of its own.
pub(crate) fn fact_lines(out: &mut String, name: &str, values: &[String]) -> Result {
    let values: Vec<String> = values.iter().map(|value| escape(value)).collect();
    write!(
        out,
        "<tr><td class=\"dim rule\" valign=\"top\" style=\"padding:7px 12px 7px 0;color:#5a6878;font-size:14px;\
         white-space:nowrap;border-top:1px solid #e3e8ee\">{name}</td><td class=\"rule\" valign=\"top\" \
         style=\"padding:7px 0;font-size:14px;overflow-wrap:anywhere;word-break:break-word;\
         border-top:1px solid #e3e8ee\">{}</td></tr>",
        values.join("<br>")
    )
}

/// Ends a table.
pub(crate) fn end_table(out: &mut String) -> Result {
    writeln!(out, "</table></td></tr>")
}

/// Ends a mail with a word on where it comes from.
pub(crate) fn end(out: &mut String, text: &str) -> Result {
    write!(
        out,
        "<tr><td class=\"pad dim\" style=\"padding:14px 28px 24px;color:#5a6878;font-size:13px\">{}</td></tr>\n\
         </table>\n</td></tr></table>\n</body></html>\n",
        escape(text)
    )
}
