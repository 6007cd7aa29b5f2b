//! Lines by the hour, as bars.

use std::fmt::{Result, Write};

use super::Day;
use crate::report::{number, plural};

/// The height of the drawing, in its own units; its width is 24 hours of [`HOUR`].
const HEIGHT: u64 = 100;
/// The width of an hour, of which the bar takes most.
const HOUR: u64 = 30;

/// Lines taken and rejected, and files, of an hour.
#[derive(Debug, Clone, Copy, Default)]
struct Hour {
    taken: u64,
    rejected: u64,
    files: u64,
}

/// The chart of a day. Numbers are beside it as text: the drawing is stretched to where it stands.
pub(super) fn write(out: &mut String, day: &Day) -> Result {
    let mut hours = [Hour::default(); 24];
    for file in &day.files {
        if let Some(hour) = hours.get_mut(usize::from(file.minute / 60)) {
            hour.files += 1;
            hour.rejected += file.counts.rejected;
            hour.taken += file.counts.read.saturating_sub(file.counts.rejected);
        }
    }
    let most = hours.iter().map(|hour| hour.taken + hour.rejected).max().unwrap_or(0);
    write!(
        out,
        "<section class=\"card\"><h2>Lines by the hour</h2><p class=\"peak\"><span>{}</span><span>\
         <span class=\"dot\" style=\"background:var(--good)\"></span>taken \
         <span class=\"dot\" style=\"background:var(--bad);margin-left:8px\"></span>rejected</span></p>\
         <svg viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"lines by the hour\">",
        if most == 0 {
            "no lines".to_owned()
        } else {
            format!("at most {} in an hour", plural(most, "line"))
        },
        24 * HOUR
    )?;
    for (at, line) in [0, HEIGHT / 2, HEIGHT - 1].into_iter().enumerate() {
        let colour = if at == 2 { "var(--quiet)" } else { "var(--rule)" };
        write!(
            out,
            "<line x1=\"0\" x2=\"{}\" y1=\"{line}\" y2=\"{line}\" style=\"stroke:{colour}\" vector-effect=\"non-scaling-stroke\"/>",
            24 * HOUR
        )?;
    }
    for (n, hour) in (0_u64..).zip(hours).filter(|(_, hour)| hour.files > 0) {
        let (taken, rejected) = (height(hour.taken, most), height(hour.rejected, most));
        let x = n * HOUR + 4;
        write!(
            out,
            "<g><title>{n:02}:00: {}, {} taken, {} rejected</title>",
            plural(hour.files, "file"),
            number(hour.taken),
            number(hour.rejected)
        )?;
        bar(out, x, HEIGHT.saturating_sub(1 + taken), taken, "var(--good)")?;
        bar(out, x, HEIGHT.saturating_sub(1 + taken + rejected), rejected, "var(--bad)")?;
        write!(out, "</g>")?;
    }
    write!(
        out,
        "</svg><div class=\"hours\"><span>00</span><span>06</span><span>12</span><span>18</span><span>24 UTC</span></div></section>"
    )
}

fn bar(out: &mut String, x: u64, y: u64, height: u64, colour: &str) -> Result {
    if height == 0 {
        return Ok(());
    }
    write!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{height}\" style=\"fill:{colour}\"/>",
        HOUR - 8
    )
}

/// The height of a bar: what there is at all can be seen.
fn height(count: u64, most: u64) -> u64 {
    if count == 0 || most == 0 {
        return 0;
    }
    let units = u128::from(count) * u128::from(HEIGHT - 4) / u128::from(most);
    u64::try_from(units).unwrap_or(HEIGHT).max(1)
}
