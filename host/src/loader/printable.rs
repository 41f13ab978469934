//! Makes texts of a file fit to be shown: its author may be anybody.

/// Escapes what would end a line, steer a terminal or turn the order of letters: control characters, Unicode's separators
/// of lines and the marks of its bidirectional algorithm.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || is_separator(letter) || is_direction(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

fn is_separator(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_letters_are_kept() {
        assert_eq!(
            printable("\u{1b}[31ma\n\u{9b}\u{7f}"),
            "\\u{1b}[31ma\\n\\u{9b}\\u{7f}"
        );
        assert_eq!(printable("a\u{202e}os.bil"), "a\\u{202e}os.bil");
        assert_eq!(printable("a\u{2028}b\u{2029}"), "a\\u{2028}b\\u{2029}");
        let plain = "Zażółć \"gęślą\" 日本 עברית \\n";
        assert_eq!(printable(plain), plain);
    }
}
