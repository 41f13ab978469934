//! The tokens of moment.js, in English.

use std::fmt::Write as _;

use jiff::Zoned;
use jiff::civil::Weekday;

use super::week::Week;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// How many bytes of a text the first token takes; another character counts as one. A line break is none, 0.
pub(super) fn len(text: &str) -> usize {
    let Some(first) = text.chars().next() else {
        return 0;
    };
    let n_same = n_same(text);
    let is_ordinal = text[n_same * usize::from(first.is_ascii())..].starts_with('o');
    match (first, n_same) {
        ('H' | 'h', 1) if text[1..].starts_with("mmss") => 5,
        ('H' | 'h', 1) if text[1..].starts_with("mm") => 3,
        ('M' | 'D' | 'd' | 'w' | 'W' | 'Q' | 'y', 1) if is_ordinal => 2,
        ('D', 3) if is_ordinal => 4,
        ('M' | 'D' | 'd' | 'y', n) => n.min(4),
        ('Y', 3) | ('g' | 'G', 3) => 2,
        ('Y', n) => n.min(6),
        ('g' | 'G', n) => n.min(5),
        ('N', n) => n.min(5),
        ('S', n) => n.min(9),
        ('H' | 'h' | 'k' | 'm' | 's' | 'w' | 'W' | 'Z' | 'z', n) => n.min(2),
        ('\n' | '\r' | '\u{2028}' | '\u{2029}', _) => 0,
        (other, _) => other.len_utf8(),
    }
}

/// Returns how often the first character of a text stands there, counted up to 9. Only of use for letters of a byte.
pub(super) fn n_same(text: &str) -> usize {
    let bytes = text.as_bytes();
    let same = bytes.iter().take(9).take_while(|byte| **byte == bytes[0]);
    same.count()
}

/// Appends what a token stands for; whether it is one.
pub(super) fn write(token: &str, moment: &Zoned, to: &mut String) -> bool {
    if !token.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return false;
    }
    write_date(token, moment, to) || write_week(token, moment, to) || write_time(token, moment, to)
}

fn write_date(token: &str, moment: &Zoned, to: &mut String) -> bool {
    let (year, month, day) = (i64::from(moment.year()), moment.month(), moment.day());
    let name = MONTHS[usize::from(month.unsigned_abs()) - 1];
    let day_of_year = i64::from(moment.day_of_year());
    let quarter = i64::from((month - 1) / 3 + 1);
    let (month, day) = (i64::from(month), i64::from(day));
    match token {
        "YYYYYY" => {
            to.push_str(if year < 0 { "" } else { "+" });
            padded(year, 6, to);
        }
        "YYYYY" => padded(year, 5, to),
        "YYYY" | "Y" => padded(year, 4, to),
        "YY" => padded(year % 100, 2, to),
        "Q" => padded(quarter, 1, to),
        "Qo" => ordinal(quarter, to),
        "MMMM" => to.push_str(name),
        "MMM" => to.push_str(&name[..3]),
        "MM" => padded(month, 2, to),
        "M" => padded(month, 1, to),
        "Mo" => ordinal(month, to),
        "DDDD" => padded(day_of_year, 3, to),
        "DDD" => padded(day_of_year, 1, to),
        "DDDo" => ordinal(day_of_year, to),
        "DD" => padded(day, 2, to),
        "D" => padded(day, 1, to),
        "Do" => ordinal(day, to),
        _ => return write_era(token, year, to),
    }
    true
}

/// The era and the year in it: the year before 1 is year 1 before Christ.
fn write_era(token: &str, year: i64, to: &mut String) -> bool {
    let (short, long, year) = match year {
        ..=0 => ("BC", "Before Christ", 1 - year),
        _ => ("AD", "Anno Domini", year),
    };
    match token {
        "N" | "NN" | "NNN" | "NNNNN" => to.push_str(short),
        "NNNN" => to.push_str(long),
        "y" | "yy" | "yyy" | "yyyy" => padded(year, token.len(), to),
        "yo" => ordinal(year, to),
        _ => return false,
    }
    true
}

fn write_week(token: &str, moment: &Zoned, to: &mut String) -> bool {
    let weekday = moment.weekday();
    let name = day_name(weekday);
    let from_sunday = i64::from(weekday.to_sunday_zero_offset());
    match token {
        "dddd" => to.push_str(name),
        "ddd" => to.push_str(&name[..3]),
        "dd" => to.push_str(&name[..2]),
        "d" | "e" => padded(from_sunday, 1, to),
        "do" => ordinal(from_sunday, to),
        "E" => padded(weekday.to_monday_one_offset().into(), 1, to),
        "w" | "ww" | "wo" | "gg" | "gggg" | "ggggg" => {
            let week = Week::of(moment.date());
            return write_numbered(token, week, to);
        }
        "W" | "WW" | "Wo" | "GG" | "GGGG" | "GGGGG" => {
            let week = moment.date().iso_week_date();
            let (year, number) = (week.year(), week.week().into());
            return write_numbered(token, Week { year, number }, to);
        }
        _ => return false,
    }
    true
}

fn write_numbered(token: &str, week: Week, to: &mut String) -> bool {
    let (year, number) = (i64::from(week.year), i64::from(week.number));
    match token {
        "wo" | "Wo" => ordinal(number, to),
        "gg" | "GG" => padded(year % 100, 2, to),
        _ if token.starts_with(['g', 'G']) => padded(year, token.len(), to),
        _ => padded(number, token.len(), to),
    }
    true
}

fn write_time(token: &str, moment: &Zoned, to: &mut String) -> bool {
    let (hour, minute) = (i64::from(moment.hour()), i64::from(moment.minute()));
    let second = i64::from(moment.second());
    let of_twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let of_day = if hour == 0 { 24 } else { hour };
    match token {
        "H" | "HH" => padded(hour, token.len(), to),
        "h" | "hh" => padded(of_twelve, token.len(), to),
        "k" | "kk" => padded(of_day, token.len(), to),
        "m" | "mm" => padded(minute, token.len(), to),
        "s" | "ss" => padded(second, token.len(), to),
        "Hmm" | "Hmmss" | "hmm" | "hmmss" => {
            let is_of_day = token.starts_with('H');
            padded(if is_of_day { hour } else { of_twelve }, 1, to);
            padded(minute, 2, to);
            if token.ends_with("ss") {
                padded(second, 2, to);
            }
        }
        "A" => to.push_str(if hour < 12 { "AM" } else { "PM" }),
        "a" => to.push_str(if hour < 12 { "am" } else { "pm" }),
        _ => return write_instant(token, moment, to),
    }
    true
}

fn write_instant(token: &str, moment: &Zoned, to: &mut String) -> bool {
    let millis = moment.timestamp().as_nanosecond().div_euclid(1_000_000);
    match token {
        // The digits behind the milliseconds are 0.
        _ if token.starts_with('S') => {
            let digits = format!("{:03}000000", moment.millisecond());
            to.push_str(&digits[..token.len()]);
        }
        "X" => push(millis.div_euclid(1000), to),
        "x" => push(millis, to),
        "Z" => write_offset(moment, ":", to),
        "ZZ" => write_offset(moment, "", to),
        "z" | "zz" => push(moment.strftime("%Z"), to),
        _ => return false,
    }
    true
}

/// Writes the distance from UTC in whole minutes: before there were zones, cities had seconds, too.
fn write_offset(moment: &Zoned, separator: &str, to: &mut String) {
    let seconds = moment.offset().seconds();
    let minutes = (f64::from(seconds) / 60.0).round() as i64;
    to.push(if minutes < 0 { '-' } else { '+' });
    padded(minutes.abs() / 60, 2, to);
    to.push_str(separator);
    padded(minutes.abs() % 60, 2, to);
}

/// Appends a number of at least so many digits, its sign not counted.
fn padded(number: i64, n_digits: usize, to: &mut String) {
    to.push_str(if number < 0 { "-" } else { "" });
    push(format_args!("{:0n_digits$}", number.unsigned_abs()), to);
}

/// Appends `1st`, `2nd`, `3rd`, `4th`, `11th`.
fn ordinal(number: i64, to: &mut String) {
    let ending = match (number % 100 / 10, number % 10) {
        (1, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    push(format_args!("{number}{ending}"), to);
}

fn push(value: impl std::fmt::Display, to: &mut String) {
    // Writing to a text cannot fail.
    let _ = write!(to, "{value}");
}

fn day_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
