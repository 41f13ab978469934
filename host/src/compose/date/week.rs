//! Weeks as moment.js counts them in English: from Sunday on, the first is the one with the first of January.

use jiff::ToSpan;
use jiff::civil::Date;

/// The week of a day: its year and its number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Week {
    pub(super) year: i16,
    pub(super) number: i16,
}

impl Week {
    pub(super) fn of(date: Date) -> Self {
        let n_days_left = 6 - date.weekday().to_sunday_zero_offset();
        // The year of the week's Saturday is the week's. Behind the last day of all there is none.
        let saturday = date.checked_add(n_days_left.days()).unwrap_or(date);
        Self {
            year: saturday.year(),
            number: (saturday.day_of_year() - 1) / 7 + 1,
        }
    }
}
