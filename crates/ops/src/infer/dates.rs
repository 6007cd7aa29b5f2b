//! The forms in which a column writes its dates.

use std::sync::LazyLock;

use tidewaiter::config::dialect::DateFormat;
use tidewaiter::schema::compile::Moment;

use super::typed::{self, Type};

/// A form of dates that is tried.
#[derive(Debug)]
pub(super) struct Form {
    /// What `date_formats` says.
    pub(super) written: &'static str,
    /// The first of February, 2026, in this form.
    sample: &'static str,
    pub(super) has_time: bool,
    /// The form of digits alone, which is taken only where the label speaks of a day.
    pub(super) needs_label: bool,
    /// The form that types have without `date_formats`.
    pub(super) is_native: bool,
    format: Option<DateFormat>,
}

/// The forms, with the first of February, 2026 at 09:08:07 in each. `%` patterns are those of strptime.
const WRITTEN: [(&str, &str); 46] = [
    ("yyyy-mm-dd", "2026-02-01"),
    ("dd/mm/yyyy", "01/02/2026"),
    ("mm/dd/yyyy", "02/01/2026"),
    ("dd.mm.yyyy", "01.02.2026"),
    ("dd-mm-yyyy", "01-02-2026"),
    ("mm-dd-yyyy", "02-01-2026"),
    ("yyyy/mm/dd", "2026/02/01"),
    ("yyyy.mm.dd", "2026.02.01"),
    ("dd/mm/yy", "01/02/26"),
    ("mm/dd/yy", "02/01/26"),
    ("dd.mm.yy", "01.02.26"),
    ("dd-mm-yy", "01-02-26"),
    ("yyyymmdd", "20260201"),
    ("%d %b %Y", "01 Feb 2026"),
    ("%d-%b-%Y", "01-Feb-2026"),
    ("%d-%b-%y", "01-Feb-26"),
    ("%b %d, %Y", "Feb 01, 2026"),
    ("%d %B %Y", "01 February 2026"),
    ("%B %d, %Y", "February 01, 2026"),
    ("yyyy-mm-dd hh:mm:ss", "2026-02-01 09:08:07"),
    ("yyyy-mm-ddThh:mm:ss", "2026-02-01T09:08:07"),
    ("yyyy-mm-dd hh:mm", "2026-02-01 09:08"),
    ("yyyy-mm-ddThh:mm", "2026-02-01T09:08"),
    ("%Y-%m-%dT%H:%M:%S%z", "2026-02-01T09:08:07+0000"),
    ("%Y-%m-%dT%H:%M:%S%:z", "2026-02-01T09:08:07+00:00"),
    ("%Y-%m-%dT%H:%M:%SZ", "2026-02-01T09:08:07Z"),
    ("%Y-%m-%d %H:%M:%S %z", "2026-02-01 09:08:07 +0000"),
    ("%Y-%m-%d %H:%M:%S UTC", "2026-02-01 09:08:07 UTC"),
    ("%Y-%m-%d %H:%M:%S%.f", "2026-02-01 09:08:07.5"),
    ("%Y-%m-%dT%H:%M:%S%.f", "2026-02-01T09:08:07.5"),
    ("dd/mm/yyyy hh:mm:ss", "01/02/2026 09:08:07"),
    ("mm/dd/yyyy hh:mm:ss", "02/01/2026 09:08:07"),
    ("dd/mm/yyyy hh:mm", "01/02/2026 09:08"),
    ("mm/dd/yyyy hh:mm", "02/01/2026 09:08"),
    ("dd.mm.yyyy hh:mm:ss", "01.02.2026 09:08:07"),
    ("dd.mm.yyyy hh:mm", "01.02.2026 09:08"),
    ("dd-mm-yyyy hh:mm:ss", "01-02-2026 09:08:07"),
    ("mm-dd-yyyy hh:mm:ss", "02-01-2026 09:08:07"),
    ("dd-mm-yyyy hh:mm", "01-02-2026 09:08"),
    ("mm-dd-yyyy hh:mm", "02-01-2026 09:08"),
    ("yyyy/mm/dd hh:mm:ss", "2026/02/01 09:08:07"),
    ("%m/%d/%Y %I:%M %p", "02/01/2026 09:08 AM"),
    ("%m/%d/%Y %I:%M:%S %p", "02/01/2026 09:08:07 AM"),
    ("yyyymmddhhmmss", "20260201090807"),
    ("epoch", "1769936887"),
    ("epoch_ms", "1769936887000"),
];

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let form = |(written, sample): &(&'static str, &'static str)| {
        let format = DateFormat::try_from((*written).to_owned()).ok();
        let digits = sample.bytes().all(|byte| byte.is_ascii_digit());
        let has_time = sample.contains(':') || (digits && sample.len() > 8);
        Form { written, sample, has_time, needs_label: digits, is_native: false, format }
    };
    // The types' own forms come first: they need no option.
    let native = [("", "2026-02-01", false), ("", "2026-02-01T09:08:07Z", true)];
    let native = native.map(|(written, sample, has_time)| Form {
        written,
        sample,
        has_time,
        needs_label: false,
        is_native: true,
        format: None,
    });
    native.into_iter().chain(WRITTEN.iter().map(form)).collect()
});

/// The forms that are tried. Their places are what columns keep.
pub(super) fn forms() -> &'static [Form] {
    &FORMS
}

impl Form {
    /// True if a text is a date of this form in a year that business data have.
    pub(super) fn reads(&self, text: &str) -> bool {
        match &self.format {
            Some(format) => format.read(text).is_some_and(|moment| self.is_plausible(moment)),
            None => {
                self.is_native && typed::fits(if self.has_time { Type::Datetime } else { Type::Date }, text)
            }
        }
    }

    fn is_plausible(&self, moment: Moment) -> bool {
        let (year, has_time) = match moment {
            Moment::Day(day) => (day.year(), false),
            Moment::At(at, _) => (at.date().year(), true),
            Moment::Time(_) => return false,
        };
        let years = if self.needs_label { 1980..=2100 } else { 1800..=2999 };
        let is_usual = years.contains(&year) || (year == 9999 && !self.needs_label);
        has_time == self.has_time && is_usual
    }

    /// True if both read one text as different moments, so that one import cannot have both.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        let (Some(one), Some(two)) = (&self.format, &other.format) else { return false };
        [self.sample, other.sample].iter().any(|sample| match (one.read(sample), two.read(sample)) {
            (Some(first), Some(second)) => first != second,
            _ => false,
        })
    }

    /// True if the day stands before the month.
    pub(super) fn is_day_first(&self) -> bool {
        self.written.starts_with('d')
    }

    /// True if the month stands before the day, both as digits, and the year behind them.
    pub(super) fn is_month_first(&self) -> bool {
        self.written.starts_with("mm") || self.written.starts_with("%m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_reads_its_own_sample() {
        for form in forms() {
            assert!(form.reads(form.sample), "{} does not read {}", form.written, form.sample);
        }
    }

    #[test]
    fn day_and_month_first_contradict_each_other() {
        let form = |written: &str| forms().iter().find(|form| form.written == written).unwrap();
        assert!(form("dd/mm/yyyy").contradicts(form("mm/dd/yyyy")));
        assert!(!form("dd/mm/yyyy").contradicts(form("dd.mm.yyyy")));
        assert!(form("yyyymmdd").contradicts(form("epoch")));
        assert!(form("dd/mm/yyyy").reads("1/2/2026"));
        assert!(!form("dd/mm/yyyy").reads("31/02/2026"));
        assert!(!form("yyyymmdd").reads("10000001"));
    }
}
