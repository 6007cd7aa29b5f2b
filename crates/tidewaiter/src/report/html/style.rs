//! What the mail looks like.
//!
//! Each element has its light colours in a `style` of its own, since some mail programs drop `<style>`; the
//! block below has what cannot be said there: the dark, and the phone. Tables make the layout, since some
//! programs know nothing else. There is nothing to load.

use super::super::{Counts, Outcome};

/// What is different in the dark, on a phone, and in code.
pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}\
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px;background:#eef1f5;border-radius:4px;padding:1px 4px;overflow-wrap:anywhere;word-break:break-word}\
@media (max-width:480px){.pad{padding-left:18px!important;padding-right:18px!important}\
.out{padding:0!important}.card{border-radius:0!important}\
.tile{display:inline-block!important;width:auto!important;min-width:76px;padding:0 9px 10px 0!important}}\
@media (prefers-color-scheme:dark){.page{background:#0f141b!important}.card{background:#19212c!important}\
.ink{color:#e8ecf1!important}.dim{color:#9fb0c3!important}\
.rule{border-color:#2d3947!important}.tip{background:#2b2517!important;color:#f3e3bd!important}\
.todo{background:#16263c!important;color:#d5e4f8!important}\
code{background:#2a3543!important;color:#e8ecf1!important}\
.word{color:#ffb4a9!important}}";

/// The fonts of people's own machines.
pub(crate) const FONT: &str =
    "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/// The colours of what became of lines: imported, unchanged, superseded, rejected.
pub(crate) const SHARES: [&str; 4] = ["#1f8f5f", "#9fb3c8", "#6d8fd1", "#d9603b"];

/// The colour of what is well, on which white can be read, as on all of these.
pub(crate) const GOOD: &str = "#13795b";
/// Of what is well in part, or late.
pub(crate) const SOME: &str = "#a15c07";
/// Of what is refused or missing.
pub(crate) const BAD: &str = "#b42318";
/// Of what was not taken up.
pub(crate) const HELD: &str = "#5b5f97";

/// How serious an outcome is, as a colour on which white can be read.
pub(crate) fn tone(outcome: Outcome, counts: &Counts) -> &'static str {
    match outcome {
        Outcome::Bogus => BAD,
        Outcome::NotProcessed => HELD,
        Outcome::Imported if counts.rejected > 0 => SOME,
        Outcome::Imported | Outcome::Unpacked | Outcome::Activated => GOOD,
    }
}
