use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::pattern::write;

/// Writes Thursday, 5 March 2026, 17:04:05.067 UTC.
fn written(pattern: &str) -> String {
    at("2026-03-05T17:04:05.067Z", pattern)
}

fn at(moment: &str, pattern: &str) -> String {
    in_zone(moment, TimeZone::UTC, pattern)
}

fn in_zone(moment: &str, zone: TimeZone, pattern: &str) -> String {
    let moment: Timestamp = moment.parse().unwrap();
    write(pattern, &moment.to_zoned(zone))
}

#[test]
fn every_token_is_written_as_moment_does() {
    for (pattern, expected) in [
        ("YYYY YY Y YYYYY YYYYYY", "2026 26 2026 02026 +002026"),
        ("Q Qo", "1 1st"),
        ("MMMM MMM MM M Mo", "March Mar 03 3 3rd"),
        ("DDDD DDD DDDo DD D Do", "064 64 64th 05 5 5th"),
        ("dddd ddd dd d do e E", "Thursday Thu Th 4 4th 4 4"),
        ("HH H hh h kk k", "17 17 05 5 17 17"),
        ("mm m ss s", "04 4 05 5"),
        ("S SS SSS SSSS SSSSSSSSS", "0 06 067 0670 067000000"),
        ("A a", "PM pm"),
        ("Z ZZ", "+00:00 +0000"),
        ("X x", "1772730245 1772730245067"),
        ("w ww wo gg gggg ggggg", "10 10 10th 26 2026 02026"),
        ("W WW Wo GG GGGG GGGGG", "10 10 10th 26 2026 02026"),
        (
            "N NNNN NNNNN y yy yyyy yo",
            "AD Anno Domini AD 2026 2026 2026 2026th",
        ),
        ("hmm hmmss Hmm Hmmss", "504 50405 1704 170405"),
        ("LT LTS L l", "5:04 PM 5:04:05 PM 03/05/2026 3/5/2026"),
        ("LL ll", "March 5, 2026 Mar 5, 2026"),
        ("LLL lll", "March 5, 2026 5:04 PM Mar 5, 2026 5:04 PM"),
        (
            "LLLL llll",
            "Thursday, March 5, 2026 5:04 PM Thu, Mar 5, 2026 5:04 PM",
        ),
    ] {
        assert_eq!(written(pattern), expected, "{pattern}");
    }
}

#[test]
fn the_longest_token_wins() {
    for (pattern, expected) in [
        ("YYYYMMDD", "20260305"),
        ("YYY", "262026"),
        ("MMMMM", "March3"),
        ("MMo", "03o"),
        ("DDDDo", "064o"),
        ("DDo", "05o"),
        ("hhmm", "0504"),
        ("h:mm", "5:04"),
        ("ggg", "26g"),
        ("SSSSSSSSSSS", "06700000006"),
        ("LLYY", "March 5, +002026"),
    ] {
        assert_eq!(written(pattern), expected, "{pattern}");
    }
}

#[test]
fn what_is_no_token_stands_for_itself() {
    for (pattern, expected) in [
        ("YYYY年M月D日", "2026年3月5日"),
        ("[YYYY] YYYY", "YYYY 2026"),
        ("h[h]mm", "5h04"),
        ("[]D", "5"),
        ("[a]b]D", "a]b5"),
        ("[a[b]D", "[pmb5"),
        ("[D", "[5"),
        ("D]", "5]"),
        ("\\D D", "D 5"),
        ("\\LT \\[D]", "LT [5]"),
        ("\\\\D", "5"),
        ("D\\", "5"),
        ("[LT\\] \n]", "LT\\] \n"),
        ("D\r\n\u{2028}D", "55"),
        ("\\\nD", "5"),
        ("T U 🎉", "T U 🎉"),
        ("", ""),
    ] {
        assert_eq!(written(pattern), expected, "{pattern}");
    }
}

#[test]
fn hours_of_midnight_and_noon_have_their_names() {
    let hours = "HH H hh h kk k A a hmm";
    assert_eq!(
        at("2026-03-05T00:30:00Z", hours),
        "00 0 12 12 24 24 AM am 1230"
    );
    assert_eq!(
        at("2026-03-05T12:30:00Z", hours),
        "12 12 12 12 12 12 PM pm 1230"
    );
}

#[test]
fn days_of_the_month_have_their_endings() {
    for (day, expected) in [
        ("01", "1st"),
        ("02", "2nd"),
        ("03", "3rd"),
        ("11", "11th"),
        ("12", "12th"),
        ("13", "13th"),
        ("21", "21st"),
        ("22", "22nd"),
        ("30", "30th"),
    ] {
        assert_eq!(at(&format!("2026-03-{day}T00:00:00Z"), "Do"), expected);
    }
}

#[test]
fn weeks_at_the_turn_of_the_year_are_those_of_moment() {
    let weeks = "gggg w GGGG W";
    for (day, expected) in [
        ("2024-12-28", "2024 52 2024 52"),
        ("2024-12-29", "2025 1 2024 52"),
        ("2024-12-30", "2025 1 2025 1"),
        ("2023-01-01", "2023 1 2022 52"),
        ("2021-01-03", "2021 2 2020 53"),
    ] {
        assert_eq!(at(&format!("{day}T12:00:00Z"), weeks), expected, "{day}");
    }
    assert_eq!(at("9999-12-30T12:00:00Z", "gggg"), "9999");
}

#[test]
fn years_before_the_first_have_an_era() {
    let years = "YYYY y N NNNN YYYYYY";
    assert_eq!(
        at("-000043-03-15T12:00:00Z", years),
        "-0043 44 BC Before Christ -000043"
    );
}

#[test]
fn a_named_zone_keeps_its_summer_time() {
    let zone = || TimeZone::get("America/Los_Angeles").unwrap();
    let pattern = "YYYY-MM-DD HH:mm Z ZZ zz";
    for (moment, expected) in [
        ("2026-03-08T09:59:59Z", "2026-03-08 01:59 -08:00 -0800 PST"),
        ("2026-03-08T10:00:00Z", "2026-03-08 03:00 -07:00 -0700 PDT"),
        ("2026-11-01T08:59:59Z", "2026-11-01 01:59 -07:00 -0700 PDT"),
        ("2026-11-01T09:00:00Z", "2026-11-01 01:00 -08:00 -0800 PST"),
    ] {
        assert_eq!(in_zone(moment, zone(), pattern), expected);
    }
}

#[test]
fn an_offset_of_seconds_is_rounded_to_minutes() {
    let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(-3 * 3600 - 29 * 60 - 40).unwrap());
    assert_eq!(in_zone("2026-03-05T17:04:05Z", zone, "Z"), "-03:30");
}
