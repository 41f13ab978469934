//! Numbers as JavaScript reads and writes them: App Connect does.

/// Reads a number in decimals, with white space around it or without. JavaScript's other spellings, `0x1F` and
/// `Infinity`, are none.
pub(super) fn read(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_decimal = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    if !text.bytes().all(is_decimal) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Writes the shortest digits that stand for the number, and an exponent where JavaScript does.
pub(super) fn write(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude >= 1e21 {
        return format!("{number:e}").replace('e', "e+");
    }
    if magnitude > 0.0 && magnitude < 1e-6 {
        return format!("{number:e}");
    }
    // JavaScript writes no negative zero.
    format!("{}", number + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_javascript_does() {
        for (text, number) in [
            ("5", 5.0),
            (" -5.5 ", -5.5),
            ("+330", 330.0),
            ("1e2", 100.0),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
        for text in [
            "", " ", "inf", "nan", "Infinity", "0x10", "1e999", "5 h", "-", "+05:30",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_written_as_javascript_does() {
        for (number, text) in [
            (7.0, "7"),
            (12.5, "12.5"),
            (72.1 % 60.0, "12.099999999999994"),
            (-0.0, "0"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e-7, "1.5e-7"),
            (0.000_001, "0.000001"),
        ] {
            assert_eq!(write(number), text);
        }
    }
}
