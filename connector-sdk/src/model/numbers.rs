//! The digits of an input's numbers, which a double does not keep.

use std::cell::OnceCell;

/// The numbers of a JSON text. The text is searched for them once, when somebody asks for the digits of the first.
pub(super) struct Numbers<'t> {
    text: &'t str,
    starts: OnceCell<Vec<usize>>,
}

/// Goes from number to number; yields where each begins.
struct Starts<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Numbers<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            starts: OnceCell::new(),
        }
    }

    /// Returns the digits of the number that comes after so many others.
    pub(super) fn digits(&self, index: usize) -> Option<&'t str> {
        let starts = self.starts.get_or_init(|| Starts::of(self.text).collect());
        let number = &self.text[*starts.get(index)?..];
        Some(&number[..length(number.as_bytes())])
    }
}

/// Counts the numbers of a JSON text.
pub(super) fn count(text: &str) -> usize {
    Starts::of(text).count()
}

impl<'t> Starts<'t> {
    fn of(text: &'t str) -> Self {
        let text = text.as_bytes();
        Self { text, at: 0 }
    }
}

impl Iterator for Starts<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            let start = self.at;
            let left = self.text.get(start..)?;
            match left.first()? {
                b'"' => self.at += string_length(left),
                b'-' | b'0'..=b'9' => {
                    self.at += length(left);
                    return Some(start);
                }
                _ => self.at += 1,
            }
        }
    }
}

fn length(number: &[u8]) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    number.iter().take_while(|byte| is_part(byte)).count()
}

/// Returns how many bytes a JSON string has, with its quotation marks.
fn string_length(text: &[u8]) -> usize {
    let mut length = 1;
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\');
    while let Some(n_plain) = text
        .get(length..)
        .and_then(|left| left.iter().position(ends))
    {
        length += n_plain;
        match text[length] {
            b'"' => return length + 1,
            _ => length += 2,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_each_number_are_found_and_nothing_in_a_text_is_one() {
        let json = r#"[0.50, {"1": -2e+3, "\"4\\": "5\\\" 6", "é7": [true, 8E-1,null]},1]"#;
        let numbers = Numbers::new(json);
        for (index, digits) in ["0.50", "-2e+3", "8E-1", "1"].into_iter().enumerate() {
            assert_eq!(numbers.digits(index), Some(digits));
        }
        assert_eq!((numbers.digits(4), count(json)), (None, 4));
    }

    #[test]
    fn what_is_no_json_has_numbers_all_the_same() {
        for (text, n) in [
            ("", 0),
            ("\"", 0),
            ("\"1\\", 0),
            ("\"\\\"1", 0),
            ("1\"", 1),
            ("-", 1),
        ] {
            assert_eq!(count(text), n, "{text}");
        }
    }
}
