//! The zone in which a user reads a date.

use jiff::tz::{Offset, TimeZone};
use switchboard_connector_sdk::model::User;

use crate::compose::number;

/// Returns the zone of the user's offset, else that of the zone's name, else UTC.
pub(super) fn of(user: &User) -> TimeZone {
    let fixed = user.timezone_offset().and_then(offset);
    let named = || TimeZone::get(user.timezone_name()?).ok();
    let zone = fixed.map(TimeZone::fixed).or_else(named);
    zone.unwrap_or(TimeZone::UTC)
}

/// Reads `+05:30`, `+0530`, hours below 16 or else minutes.
fn offset(text: &str) -> Option<Offset> {
    let text = text.trim();
    let seconds = match text.split_once(':') {
        Some((hours, minutes)) => clock(hours, minutes)?,
        None if is_without_colon(text) => clock(&text[..3], &text[3..])?,
        None => number_of_seconds(number::read(text)?),
    };
    // A cast of a number that is too large yields the largest, which no zone has either.
    Offset::from_seconds(seconds as i32).ok()
}

/// Whether this is a sign and four digits, which App Connect reads as so many minutes.
fn is_without_colon(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or_default();
    digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads signed hours, of one digit or two, and two digits of minutes.
fn clock(hours: &str, minutes: &str) -> Option<f64> {
    let sign = if hours.starts_with('-') { -1.0 } else { 1.0 };
    let hours = hours.strip_prefix(['+', '-'])?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(hours.len(), 1 | 2) || minutes.len() != 2 {
        return None;
    }
    if !is_digits(hours) || !is_digits(minutes) {
        return None;
    }
    let (hours, minutes): (f64, f64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (minutes < 60.0).then_some(sign * (hours * 3600.0 + minutes * 60.0))
}

fn number_of_seconds(number: f64) -> f64 {
    const FEWEST_MINUTES: f64 = 16.0;
    let unit = if number.abs() < FEWEST_MINUTES {
        3600.0
    } else {
        60.0
    };
    (number * unit).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_a_clock_or_hours_or_minutes() {
        for (text, minutes) in [
            ("+05:30", 330),
            ("-05:30", -330),
            ("-5:30", -330),
            ("+00:10", 10),
            ("+00:00", 0),
            ("+0530", 330),
            ("-0800", -480),
            ("0", 0),
            ("5.5", 330),
            ("-3", -180),
            ("+3", 180),
            ("15", 900),
            ("15.75", 945),
            ("16", 16),
            ("-16", -16),
            ("330", 330),
            ("-480", -480),
            ("+330", 330),
            (" 60 ", 60),
            ("6e1", 60),
        ] {
            let expected = Offset::from_seconds(minutes * 60).unwrap();
            assert_eq!(offset(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_offset_that_cannot_be_read_or_be_is_none() {
        for text in [
            "",
            " ",
            ":",
            "05:30",
            "+5:3",
            "+5:99",
            "+05:60",
            "+0560",
            "+05:30:00",
            "+123:00",
            "+é:00",
            "+05:é",
            "UTC",
            "Z",
            "+99:00",
            "1e9",
            "-1e300",
            "9999999999",
            "--5:30",
            "+-5:30",
            "0x10",
            "NaN",
        ] {
            assert_eq!(offset(text), None, "{text}");
        }
    }
}
