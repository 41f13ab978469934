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
    let mut rest = text;
    while let Some(at) = special(rest.as_bytes()) {
        escaped.push_str(&rest[..at]);
        let bytes = rest.as_bytes();
        let n_taken = if bytes[at..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        escaped.push_str(match bytes[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => line_break,
        });
        rest = &rest[at + n_taken..];
    }
    escaped.push_str(rest);
}

/// Returns where the first byte stands that cannot stay. Bytes are looked at in chunks, of which the processor compares
/// all at once.
fn special(bytes: &[u8]) -> Option<usize> {
    const CHUNK: usize = 32;
    let mut chunks = bytes.chunks_exact(CHUNK);
    let mut n_clean = 0;
    for chunk in &mut chunks {
        if chunk
            .iter()
            .fold(false, |any, byte| any | is_special(*byte))
        {
            break;
        }
        n_clean += CHUNK;
    }
    let found = bytes[n_clean..].iter().position(|byte| is_special(*byte));
    found.map(|at| n_clean + at)
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\r' | b'\n')
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
