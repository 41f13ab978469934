//! Moments in the past, as people write them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// How a moment may be written.
const FORMS: &str = "expected an age (2h, 7d, 1w), a date (2026-11-22, from 0:00 UTC) or a moment \
                     (2026-11-22T11:30:00Z)";

/// Reads a moment in the past, for clap.
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    parse_at(text, Timestamp::now())
}

fn parse_at(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let moment = text.parse::<Timestamp>().ok();
    let moment = moment.or_else(|| date(text)).or_else(|| before(text, now));
    let moment = moment.ok_or_else(|| FORMS.to_owned())?;
    if moment > now {
        return Err(format!("it is in the future: it is {now} now"));
    }
    Ok(moment)
}

/// Reads a date and nothing else: of a date with a time jiff would take the date.
fn date(text: &str) -> Option<Timestamp> {
    let date: Date = text.parse().ok()?;
    let midnight = date.to_zoned(TimeZone::UTC).ok()?;
    (date.to_string() == text).then(|| midnight.timestamp())
}

fn before(text: &str, now: Timestamp) -> Option<Timestamp> {
    let age: Span = text.parse().ok()?;
    if age.is_negative() {
        return None;
    }
    let then = now.to_zoned(TimeZone::UTC).checked_sub(age).ok()?;
    Some(then.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_noon(text: &str) -> Result<String, String> {
        let noon = "2026-03-01T12:00:00Z".parse().unwrap();
        parse_at(text, noon).map(|moment| moment.to_string())
    }

    #[test]
    fn ages_dates_and_moments_are_read() {
        for (text, moment) in [
            ("2h", "2026-03-01T10:00:00Z"),
            ("90m", "2026-03-01T10:30:00Z"),
            ("7d", "2026-02-22T12:00:00Z"),
            ("1w", "2026-02-22T12:00:00Z"),
            ("1mo", "2026-02-01T12:00:00Z"),
            ("1d 12h", "2026-02-28T00:00:00Z"),
            ("0s", "2026-03-01T12:00:00Z"),
            ("2026-02-28", "2026-02-28T00:00:00Z"),
            ("2026-02-28T01:30:00+02:00", "2026-02-27T23:30:00Z"),
        ] {
            assert_eq!(at_noon(text).as_deref(), Ok(moment), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_or_in_the_future_is_refused() {
        for text in [
            "",
            "90",
            "yesterday",
            "-2h",
            "2h ago",
            "2026-02-30",
            "2026-02-28T10:00:00",
            "9999999999999y",
            "20000y",
        ] {
            assert_eq!(at_noon(text), Err(FORMS.to_owned()), "{text}");
        }
        let future = Err("it is in the future: it is 2026-03-01T12:00:00Z now".to_owned());
        assert_eq!(at_noon("2026-03-02"), future);
        assert_eq!(at_noon("2026-03-01T12:00:01Z"), future);
    }
}
