//! Dates as ISO 8601 and RFC 3339 write them: what the manifest's defaults and the calls' values are held to alike.

use jiff::civil::Date;

/// Whether a text is an ISO date: `2026-01-31`, alone or with a time, `2026-01-31T10:00`, that may have seconds, a
/// fraction of them, and behind it `Z` or an offset such as `+05:30`.
///
/// Other forms of ISO 8601, `20260131` or `2026-W05`, and a blank instead of the `T` are refused: not every connector
/// reads them.
pub(crate) fn is_iso_date(text: &str) -> bool {
    match text.split_once('T') {
        Some((day, time)) => is_day(day) && is_time(time),
        None => is_day(text),
    }
}

fn is_day(text: &str) -> bool {
    has_shape(text, "0000-00-00") && text.parse::<Date>().is_ok()
}

fn is_time(text: &str) -> bool {
    let end = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(end);
    is_clock(clock) && is_zone(zone)
}

fn is_clock(text: &str) -> bool {
    match text.split_once('.') {
        Some((clock, fraction)) => {
            is_within_day(clock, "00:00:00")
                && !fraction.is_empty()
                && fraction.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => is_within_day(text, "00:00") || is_within_day(text, "00:00:00"),
    }
}

fn is_zone(text: &str) -> bool {
    let offset = text.strip_prefix(['+', '-']);
    matches!(text, "" | "Z") || offset.is_some_and(|offset| is_within_day(offset, "00:00"))
}

/// Whether a text has a shape, and its numbers are hours, minutes and seconds.
fn is_within_day(text: &str, shape: &str) -> bool {
    let limits = ["23", "59", "59"];
    has_shape(text, shape)
        && text
            .split(':')
            .zip(limits)
            .all(|(part, limit)| part <= limit)
}

/// Whether a text has a digit where the shape has a 0, and elsewhere what the shape has.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(byte, expected): (u8, u8)| match expected {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_stands_alone_or_with_a_time() {
        for text in [
            "2026-01-31",
            "2024-02-29",
            "2026-01-31T10:00",
            "2026-01-31T23:59:59",
            "2026-01-31T10:00Z",
            "2026-01-31T10:00:00.123456789012Z",
            "2026-01-31T10:00:00+05:30",
            "2026-01-31T10:00-11:00",
        ] {
            assert!(is_iso_date(text), "{text}");
        }
    }

    #[test]
    fn what_only_resembles_a_date_is_none() {
        for text in [
            "",
            "2026",
            "2026-01",
            "2026-02-29",
            "2026-13-01",
            "2026-1-31",
            "+2026-01-31",
            "20260131",
            "2026-W05",
            "31.01.2026",
            " 2026-01-31",
            "2026-01-31 10:00",
            "2026-01-31t10:00",
            "2026-01-31T",
            "2026-01-31T10",
            "2026-01-31T24:00",
            "2026-01-31T10:60",
            "2026-01-31T10:00:60",
            "2026-01-31T10:00:00.",
            "2026-01-31T10:00.5",
            "2026-01-31T10:00:00,5",
            "2026-01-31T10:00z",
            "2026-01-31T10:00+0530",
            "2026-01-31T10:00+05",
            "2026-01-31T10:00Z+05:30",
            "2026-01-31T10:00[Europe/Tallinn]",
            "10:00",
            "２０２６-01-31",
            "1767225600000",
        ] {
            assert!(!is_iso_date(text), "{text}");
        }
    }
}
