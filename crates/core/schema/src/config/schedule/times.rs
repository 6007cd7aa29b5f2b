//! At which times of a day.

use jiff::civil::Time;

/// How many minutes a day has.
pub(super) const DAY: u16 = 24 * 60;

/// At which times of a day something runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Times {
    /// At these, in ascending order.
    At(Vec<Time>),
    /// At each of these minutes of the day.
    Each {
        /// How many minutes lie between two.
        minutes: u16,
        /// The first minute, from midnight on.
        first: u16,
        /// The minute after which there are no more.
        last: u16,
    },
}

impl Times {
    /// The times of a day, as a clock shows them.
    pub(super) fn of_day(&self) -> impl DoubleEndedIterator<Item = Time> + '_ {
        let (listed, each) = match self {
            Self::At(times) => (times.as_slice(), None),
            Self::Each { minutes, first, last } => {
                (Default::default(), Some((*first..=*last).step_by(usize::from(*minutes))))
            }
        };
        listed.iter().copied().chain(each.into_iter().flatten().filter_map(time_of))
    }
}

/// The time of a minute of the day.
pub(super) fn time_of(minute: u16) -> Option<Time> {
    let part = |number: u16| i8::try_from(number).ok();
    Time::new(part(minute / 60)?, part(minute % 60)?, 0, 0).ok()
}

/// The minute of the day of a time.
pub(super) fn minute_of(time: Time) -> u16 {
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}
