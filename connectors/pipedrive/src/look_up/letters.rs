//! What a note says, however its HTML is written.

/// Returns the letters of an HTML text: no tags, entities decoded, no white space.
///
/// Pipedrive writes notes anew: it closes tags, drops some, and turns line breaks into others.
pub(super) fn letters(html: &str) -> String {
    let mut letters = String::new();
    let mut rest = html;
    while let Some(start) = rest.find(['<', '&']) {
        letters.push_str(&rest[..start]);
        rest = &rest[start..];
        if let Some(behind) = behind_tag(rest) {
            rest = behind;
        } else if let Some((letter, behind)) = entity(rest) {
            letters.push(letter);
            rest = behind;
        } else {
            letters.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    letters.push_str(rest);
    letters.retain(|letter| !letter.is_whitespace());
    letters
}

/// Returns what follows the tag that a text begins with.
fn behind_tag(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('<')?;
    let names_one = |letter: char| letter.is_ascii_alphabetic() || letter == '/' || letter == '!';
    inside.starts_with(names_one).then_some(())?;
    // A text that is cut in a tag is read in one go all the same.
    let end = inside.find(['<', '>'])?;
    inside[end..].strip_prefix('>')
}

/// Returns the character of the entity that a text begins with, and what follows.
fn entity(text: &str) -> Option<(char, &str)> {
    const LONGEST: usize = 10;
    let inside = text.strip_prefix('&')?;
    let end = inside.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let letter = match &inside[..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        other => numbered(other.strip_prefix('#')?)?,
    };
    Some((letter, &inside[end + 1..]))
}

fn numbered(digits: &str) -> Option<char> {
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    char::from_u32(number.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_that_was_written_anew_has_the_same_letters() {
        let ours = "<b>Agent notes</b><br>Tom &amp; Jerry&#39;s\n<ul><li>5 &lt; 6</li></ul>";
        for theirs in [
            "<b>Agent notes</b><br />Tom &amp; Jerry's<ul>\n<li>5 &lt; 6</li>\n</ul>",
            "<p><strong>Agent&nbsp;notes</strong></p>Tom&#x20;&amp; Jerry&apos;s <li>5 < 6",
            "Agent notes Tom & Jerry\u{27}s 5 &#60; 6<!-- clean -->",
        ] {
            assert_eq!(letters(theirs), letters(ours), "{theirs}");
        }
        assert_eq!(letters(ours), "AgentnotesTom&Jerry's5<6");
    }

    #[test]
    fn other_words_are_other_letters() {
        for (left, right) in [
            ("a", "b"),
            ("", "a"),
            ("&lt;b&gt;", "<b>"),
            ("&amp;lt;", "&lt;"),
        ] {
            assert_ne!(letters(left), letters(right), "{left} {right}");
        }
    }

    #[test]
    fn what_is_no_tag_and_no_entity_stands_for_itself() {
        for text in [
            "<",
            "&",
            "a<3",
            "<b",
            "&;",
            "&unknown;",
            "&#;",
            "&#xd800;",
            "&é;",
            "<é>",
        ] {
            assert_eq!(letters(text), text);
        }
    }

    /// Each beginning of a tag was followed to the end of the text: minutes for a note of 10 MB.
    #[test]
    fn a_text_of_beginnings_is_read_in_one_go() {
        let text = "<a&".repeat(1_000_000);
        assert_eq!(letters(&text).len(), text.len());
    }
}
