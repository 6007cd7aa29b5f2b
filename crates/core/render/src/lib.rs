//! The forms in which people and programs get a value: one [`Renderer`] per form.
//!
//! The models hold times and ids as values; only a renderer turns them into text. A form is implemented for each
//! model that has it:
//!
//! | Form | [`Report`] | [`Digest`] | [`Notice`] | [`Page`] |
//! |---|---|---|---|---|
//! | [`Html`] | mail | mail | mail | page of a day |
//! | [`Text`] | mail | mail | mail | |
//! | [`Subject`] | subject of the mail | subject | subject | |
//! | [`Headline`] | first line of the log | first line of the mail | | |
//! | [`Summary`] | a line on a terminal | | | |
//! | [`Log`] | the file under `logs/` | | | |
//! | [`Json`] | for programs | | | |
//!
//! The size of every form is bounded, whatever the model holds: what is not shown is counted.
//!
//! [`Report`]: tidewaiter_model::report::Report
//! [`Digest`]: tidewaiter_model::report::digest::Digest
//! [`Notice`]: crate::notice::Notice
//! [`Page`]: tidewaiter_model::report::day::Page

mod headline;
mod html;
mod json;
mod log;
pub mod notice;
mod phrases;
mod subject;
mod text;
pub mod words;

pub use headline::{Headline, Summary};
pub use html::Html;
pub use json::Json;
pub use log::Log;
pub use subject::Subject;
pub use text::Text;

/// A form in which a value is shown.
///
/// ```
/// use tidewaiter_render::{Renderer, Subject, Text};
///
/// /// A mail that a program can send about anything that has a subject and a text.
/// fn mail<T>(value: &T) -> String
/// where
///     Subject: Renderer<T>,
///     Text: Renderer<T>,
/// {
///     format!("Subject: {}\n\n{}", Subject.render(value), Text.render(value))
/// }
/// ```
pub trait Renderer<T: ?Sized> {
    /// The value in this form, as UTF-8. Text that came from a partner is never markup in it.
    fn render(&self, value: &T) -> String;
}
