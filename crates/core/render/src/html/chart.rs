//! Lines by the hour, as bars.

use tidewaiter_model::report::day::Day;

use crate::words::{number, plural};

/// The height of the drawing, in its own units.
pub(super) const HEIGHT: u64 = 100;
/// The width of the drawing: 24 hours.
pub(super) const WIDTH: u64 = 24 * HOUR;
/// The width of a bar.
pub(super) const BAR: u64 = HOUR - 8;
/// The width of an hour, of which the bar takes most.
const HOUR: u64 = 30;
/// Lines at the top, in the middle and at the foot, with their colours.
pub(super) const GRID: [(u64, &str); 3] =
    [(0, "var(--rule)"), (HEIGHT / 2, "var(--rule)"), (HEIGHT - 1, "var(--quiet)")];

/// The chart of a day. Numbers are beside it as text: the drawing is stretched to where it stands.
pub(super) struct Chart {
    /// The most lines of an hour, in words.
    pub(super) peak: String,
    /// The hours in which files ended.
    pub(super) hours: Vec<Hour>,
}

/// Lines taken and rejected, and files, of an hour.
pub(super) struct Hour {
    pub(super) title: String,
    pub(super) x: u64,
    pub(super) bars: Vec<Bar>,
}

/// A part of an hour's column.
pub(super) struct Bar {
    pub(super) y: u64,
    pub(super) height: u64,
    pub(super) colour: &'static str,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    taken: u64,
    rejected: u64,
    files: u64,
}

impl Chart {
    pub(super) fn new(day: &Day) -> Self {
        let mut hours = [Sums::default(); 24];
        for file in &day.files {
            if let Some(hour) = hours.get_mut(usize::from(file.minute / 60)) {
                hour.files += 1;
                hour.rejected += file.counts.rejected;
                hour.taken += file.counts.read.saturating_sub(file.counts.rejected);
            }
        }
        let most = hours.iter().map(|hour| hour.taken + hour.rejected).max().unwrap_or(0);
        Self {
            peak: match most {
                0 => "no lines".to_owned(),
                _ => format!("at most {} in an hour", plural(most, "line")),
            },
            hours: (0_u64..)
                .zip(hours)
                .filter(|(_, hour)| hour.files > 0)
                .map(|(n, hour)| Hour::new(n, hour, most))
                .collect(),
        }
    }
}

impl Hour {
    fn new(hour: u64, sums: Sums, most: u64) -> Self {
        let Sums { taken, rejected, files } = sums;
        let (low, high) = (height(taken, most), height(rejected, most));
        let bar = |foot: u64, height: u64, colour| Bar {
            y: HEIGHT.saturating_sub(1 + foot + height),
            height,
            colour,
        };
        let bars = [bar(0, low, "var(--good)"), bar(low, high, "var(--bad)")];
        Self {
            title: format!(
                "{hour:02}:00: {}, {} accepted, {} rejected",
                plural(files, "file"),
                number(taken),
                number(rejected)
            ),
            x: hour * HOUR + 4,
            bars: bars.into_iter().filter(|bar| bar.height > 0).collect(),
        }
    }
}

/// The height of a bar: what there is at all can be seen.
fn height(count: u64, most: u64) -> u64 {
    if count == 0 || most == 0 {
        return 0;
    }
    let units = u128::from(count) * u128::from(HEIGHT - 4) / u128::from(most);
    u64::try_from(units).unwrap_or(HEIGHT).max(1)
}
