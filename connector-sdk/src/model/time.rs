//! Reads the moments of a call record.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::Offset;

use super::scalar::Scalar;

/// What [`moment`] reads, for messages.
pub(super) const EXPECTED: &str =
    "a date with a time like 2026-03-05T23:59:30Z, or milliseconds since 1970";

static PARSER: DateTimeParser = DateTimeParser::new();

/// Reads ISO 8601 with `Z` or an offset (`+05:30`, `+0530`), without one as UTC, or epoch milliseconds as a number or
/// as digits. A date alone is none: nobody knows when that day the call was.
pub(super) fn moment(sent: &Scalar<'_>) -> Option<Timestamp> {
    match sent {
        Scalar::Text(text) => from_text(text.trim()),
        Scalar::Number(digits) => from_millis(digits),
    }
}

fn from_text(text: &str) -> Option<Timestamp> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return from_millis(text).filter(|_| !is_date(text));
    }
    if !has_time(text) {
        return None;
    }
    let with_offset = PARSER.parse_timestamp(text).ok();
    with_offset.or_else(|| without_offset(text))
}

/// Whether a date is followed by a time: its separator stands behind 10 characters (`2026-03-05`) or 8 (`20260305`).
/// Elsewhere a `T` is part of something else, such as the zone in `2026-03-05[Europe/Tallinn]`.
fn has_time(text: &str) -> bool {
    let separates = |index| matches!(text.as_bytes().get(index), Some(b'T' | b't' | b' '));
    // A signed year has six digits: `+002026-03-05`.
    let n_more = if text.starts_with(['+', '-']) { 3 } else { 0 };
    separates(10 + n_more) || separates(8 + n_more)
}

/// Reads a time without an offset as UTC, but not one that names a zone: that is a time of that zone.
fn without_offset(text: &str) -> Option<Timestamp> {
    if text.contains('[') {
        return None;
    }
    in_utc(PARSER.parse_datetime(text).ok()?)
}

/// Whether digits are a date such as `20260305`. As milliseconds they would be a moment of January 1970.
fn is_date(digits: &str) -> bool {
    digits.len() == 8 && PARSER.parse_date(digits).is_ok()
}

fn from_millis(digits: &str) -> Option<Timestamp> {
    let millis = digits
        .parse::<i64>()
        .ok()
        .or_else(|| whole(digits.parse().ok()?))?;
    Timestamp::from_millisecond(millis).ok()
}

/// Takes `1.7e12` and `1700000000000.0`, which some serializers write.
fn whole(millis: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (millis.fract() == 0.0 && millis.abs() < EXACT).then_some(millis as i64)
}

fn in_utc(local: DateTime) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn read(json: &str) -> Option<String> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        moment(&Scalar::read(&raw)?).map(|moment| moment.to_string())
    }

    #[test]
    fn every_form_of_a_moment_is_read() {
        let noon = Some("2026-03-05T12:00:00Z".to_owned());
        for form in [
            r#""2026-03-05T12:00:00Z""#,
            r#""2026-03-05T12:00:00.000Z""#,
            r#""2026-03-05T17:30:00+05:30""#,
            r#""2026-03-05T17:30:00+0530""#,
            r#""2026-03-05T12:00:00""#,
            r#""2026-03-05 12:00:00""#,
            "1772712000000",
            r#""1772712000000""#,
            "1772712000000.0",
            "1.772712e12",
            r#""20260305T120000Z""#,
            r#""2026-03-05T12:00Z""#,
            r#""2026-03-05T12Z""#,
            r#""2026-03-05t12:00:00z""#,
            r#""2026-03-05T12:00:00,000Z""#,
            r#"" 2026-03-05T12:00:00Z ""#,
            r#""2026-03-05T12:00:00-00:00""#,
            r#""2026-03-05T14:00:00+02""#,
            r#""2026-03-05T12:00:00Z[UTC]""#,
            r#""+002026-03-05T12:00:00Z""#,
        ] {
            assert_eq!(read(form), noon, "{form}");
        }
    }

    #[test]
    fn a_date_alone_and_nonsense_are_no_moment() {
        for form in [
            r#""2026-03-05""#,
            r#""""#,
            r#""soon""#,
            r#""2026-13-05T12:00:00Z""#,
            r#""99999999999999999999""#,
            "1e300",
            "true",
            "{}",
            r#""2026-03-05+05:30""#,
            r#""2026-03-05T12:00:00[Europe/Berlin]""#,
            r#""2026-03-05[Europe/Tallinn]""#,
            r#""2026-03-05[America/New York]""#,
            r#""2026-03-05Z""#,
            r#""20260305""#,
            r#""12:00:00""#,
            r#""T12:00:00Z""#,
            r#""2026-03-05T""#,
            r#""2026-03-05T25:00:00Z""#,
            r#""2026-02-30T12:00:00Z""#,
            r#""2026-03-05T12:00:00+99:00""#,
            r#""2026-03-05T12:00:00 Z""#,
            r#""2026-03-05T12:00:00 EST""#,
            r#""Thu, 05 Mar 2026 12:00:00 GMT""#,
            r#""1772712000000.5""#,
            "1772712000000.5",
            "-1e400",
            r#""\ud800""#,
        ] {
            assert_eq!(read(form), None, "{form}");
        }
    }
}
