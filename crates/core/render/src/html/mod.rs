//! HTML for mail programs and browsers, from the templates in `templates/`.
//!
//! The templates are checked when the crate is compiled and escape every value that they show. They load nothing and
//! run nothing: no image, no link, no script. A module here turns a model into what its template shows, so that
//! bounds and choices are Rust, and markup is HTML.

mod chart;
mod colour;
mod day;
mod digest;
#[expect(
    unreachable_pub,
    clippy::inline_always,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the form that `filter_fn` asks for, and what it expands to"
)]
mod filters;
mod notice;
mod report;

use askama::Template;
use tidewaiter_model::report::Counts;

/// An HTML document: light and dark, for phones too.
#[derive(Debug, Clone, Copy)]
pub struct Html;

/// The document of a template.
fn document(template: &impl Template) -> String {
    let mut html = String::new();
    // A template fails if what it shows fails to be formatted, which text and numbers never do, or if its writer
    // does, which a String never does. Were there an error all the same, what comes before it is still worth reading.
    let _ = template.render_into(&mut html);
    html
}

/// What every mail says first: see `mail.html`.
struct Frame {
    /// What mail programs show beside the mail.
    title: String,
    /// What they show before it is opened.
    preview: String,
    colour: &'static str,
    /// What happened, in a word.
    word: String,
    headline: String,
    /// What it happened to.
    about: String,
    footer: String,
}

/// A number with its name.
struct Tile {
    count: u64,
    name: &'static str,
    colour: Option<&'static str>,
}

/// Names of facts, each with one value or several.
type Facts = Vec<(String, Vec<String>)>;

/// What a finding says, in its parts.
enum Part<'a> {
    Words(&'a str),
    Line(u64),
    /// The value that shows it.
    Found(&'a str),
}

/// What became of lines: how many, in which words, in which colour.
fn shares(counts: &Counts) -> [Tile; 4] {
    let Counts { imported, unchanged, superseded, rejected, .. } = *counts;
    let tile = |count, name, colour| Tile { count, name, colour: Some(colour) };
    [
        tile(imported, "imported", "#1f8f5f"),
        tile(unchanged, "unchanged", "#9fb3c8"),
        tile(superseded, "superseded", "#6d8fd1"),
        tile(rejected, "rejected", "#d9603b"),
    ]
}

/// Lines as a row of numbers. None if there are no lines.
fn line_tiles(counts: &Counts) -> Vec<Tile> {
    if counts.read == 0 {
        return Vec::new();
    }
    let read = Tile { count: counts.read, name: "lines read", colour: None };
    // Few files have lines that supersede each other: none of them is no news.
    let shares = shares(counts).into_iter().filter(|tile| tile.count > 0 || tile.name != "superseded");
    std::iter::once(read).chain(shares).collect()
}
