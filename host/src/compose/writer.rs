//! How each format writes a component.

use super::Format;
use super::components::Kind;

/// What stands around a label and its value.
struct Frame {
    open: &'static str,
    between: &'static str,
    close: &'static str,
}

/// Writes components one after another.
pub(super) struct Writer {
    format: Format,
    text: String,
}

impl Writer {
    pub(super) fn new(format: Format, capacity: usize) -> Self {
        let text = String::with_capacity(capacity);
        Self { format, text }
    }

    pub(super) fn write(&mut self, kind: Kind, label: &str, value: &str) {
        let frame = self.format.frame(kind);
        for part in [frame.open, label, frame.between] {
            self.text.push_str(part);
        }
        match (self.format, kind) {
            (Format::Html, Kind::Link) => self.write_link(value),
            (Format::Html, _) => escape(value, "<br>", &mut self.text),
            (Format::Plain | Format::Markdown, _) => self.text.push_str(value),
        }
        self.text.push_str(frame.close);
    }

    /// A recording that is not ready yet has a word in place of an address. No other address than the web's becomes
    /// a link: `javascript:` would run in the CRM.
    fn write_link(&mut self, value: &str) {
        if !is_web_address(value) {
            self.text.push_str("(pending...)");
            return;
        }
        self.text.push_str(r#"<a target="_blank" href=""#);
        // Browsers leave line breaks out of an address.
        escape(value, "", &mut self.text);
        self.text.push_str(r#"">open</a>"#);
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

impl Format {
    fn frame(self, kind: Kind) -> Frame {
        let (open, between, close) = match self {
            Self::Plain => plain(kind),
            Self::Html => html(kind),
            Self::Markdown => markdown(kind),
        };
        Frame {
            open,
            between,
            close,
        }
    }
}

type Parts = (&'static str, &'static str, &'static str);

fn plain(kind: Kind) -> Parts {
    match kind {
        Kind::Note | Kind::Field | Kind::Link => ("- ", ": ", "\n"),
        Kind::Block | Kind::SpacedBlock => ("\n- ", ":\n", "\n--- END\n"),
        Kind::Journey => ("- ", ":\n", "\n--- JOURNEY END\n"),
    }
}

fn html(kind: Kind) -> Parts {
    match kind {
        Kind::Note => ("<b>", "</b><br>", "<br><br><b>Call details</b><br>"),
        Kind::Field | Kind::Link => ("<li><b>", "</b>: ", "</li>"),
        Kind::Block | Kind::Journey => ("<div><b>", "</b><br>", "</div>"),
        Kind::SpacedBlock => ("<div><b>", "</b><br>", "</div><br>"),
    }
}

fn markdown(kind: Kind) -> Parts {
    match kind {
        Kind::Note => ("## ", "\n", "\n\n## Call details\n"),
        Kind::Field | Kind::Link => ("**", "**: ", "\n"),
        Kind::Block | Kind::SpacedBlock | Kind::Journey => ("### ", "\n", "\n"),
    }
}

fn is_web_address(value: &str) -> bool {
    let starts_with = |scheme: &str| {
        let start = value.as_bytes().get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    starts_with("http://") || starts_with("https://")
}

/// Appends a text for HTML: what would be markup is escaped, a line break becomes `line_break`.
fn escape(text: &str, line_break: &str, escaped: &mut String) {
    let bytes = text.as_bytes();
    let mut n_done = 0;
    while let Some(n_clean) = special(&bytes[n_done..]) {
        let at = n_done + n_clean;
        escaped.push_str(&text[n_done..at]);
        escaped.push_str(match bytes[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => line_break,
        });
        let is_pair = bytes[at..].starts_with(b"\r\n");
        n_done = at + 1 + usize::from(is_pair);
    }
    escaped.push_str(&text[n_done..]);
}

/// Returns where the first byte stands that cannot stay. Eight bytes are looked at in one step.
fn special(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let hits = special_in(u64::from_le_bytes(*word));
        if hits != 0 {
            return Some(8 * index + hits.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|byte| is_special(*byte));
    found.map(|at| 8 * words.len() + at)
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\r' | b'\n')
}

/// Returns a word whose lowest bit that is set lies in the first special byte; 0 if there is none.
fn special_in(word: u64) -> u64 {
    const fn all(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    // The highest bit of the first byte that is 0. What stands behind that byte may be wrong: the subtraction borrows.
    let first_zero = |word: u64| word.wrapping_sub(all(1)) & !word & all(0x80);
    let is = |byte: u8| first_zero(word ^ all(byte));
    // Two that differ in one bit are found at once.
    let is_one_of = |byte: u8, other: u8| {
        let differing = all(byte ^ other);
        first_zero((word | differing) ^ (all(byte) | differing))
    };
    is(b'\n') | is(b'\r') | is_one_of(b'&', b'"') | is_one_of(b'<', b'>')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut escaped = String::new();
        escape(text, "<br>", &mut escaped);
        escaped
    }

    #[test]
    fn markup_is_escaped_and_every_kind_of_line_break_becomes_one() {
        assert_eq!(
            escaped("a & <b> \"c\" 'd'"),
            "a &amp; &lt;b&gt; &quot;c&quot; 'd'"
        );
        assert_eq!(escaped("1\r\n2\r3\n4\n\r5"), "1<br>2<br>3<br>4<br><br>5");
        assert_eq!(escaped("&amp;"), "&amp;amp;");
        assert_eq!(escaped(""), "");
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        for n_before in 0..100 {
            for n_after in [0, 1, 31, 32, 33] {
                let (before, after) = ("é".repeat(n_before), "x".repeat(n_after));
                assert_eq!(
                    escaped(&format!("{before}\n{after}")),
                    format!("{before}<br>{after}")
                );
            }
        }
    }

    #[test]
    fn each_special_byte_is_found_among_all_others() {
        for byte in 0..=u8::MAX {
            for at in 0..24 {
                let mut bytes = [b'x'; 24];
                bytes[at] = byte;
                let expected = is_special(byte).then_some(at);
                assert_eq!(special(&bytes), expected, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn a_link_leads_to_the_web_or_nowhere() {
        for address in ["http://a", "https://a/b?c=d", "HTTPS://A", "hTTp://x"] {
            assert!(is_web_address(address), "{address}");
        }
        for address in [
            "",
            "(pending...)",
            "httpx://a",
            "http:/a",
            "javascript:alert(1)",
            " http://a",
        ] {
            assert!(!is_web_address(address), "{address}");
        }
    }
}
