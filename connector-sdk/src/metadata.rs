//! Renders a library's metadata at compile time, so that it can be read from the file without running it.
//!
//! The block's format stands in [`switchboard_abi::metadata`]. Authors do not use this module;
//! [`export_connector!`](crate::export_connector) does.

use switchboard_abi::metadata::{HEADER_LEN, MAGIC};

/// What a library says of itself.
#[derive(Clone, Copy)]
pub struct Metadata {
    /// The connector's crate.
    pub name: &'static str,
    /// The connector's version.
    pub version: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// The authors, separated by colons as Cargo does.
    pub authors: &'static str,
    /// The licence as an SPDX expression.
    pub license: &'static str,
    /// The operations that the connector knows.
    pub operations: &'static [&'static str],
    /// Whether the connector opens sockets of its own.
    pub own_network: bool,
    /// JSON Schema of the settings.
    pub settings_schema: &'static str,
}

/// Returns the length of the block in bytes.
pub const fn block_len(metadata: &Metadata) -> usize {
    let mut writer = Writer::<0> {
        bytes: [],
        len: HEADER_LEN,
    };
    writer.object(metadata);
    writer.len
}

/// Renders the block. `N` is what [`block_len`] returned.
pub const fn render<const N: usize>(metadata: &Metadata) -> [u8; N] {
    let mut writer = Writer::<N> {
        bytes: [0; N],
        len: 0,
    };
    writer.bytes(&MAGIC);
    writer.bytes(&((N - HEADER_LEN) as u32).to_le_bytes());
    writer.object(metadata);
    assert!(
        writer.len == N,
        "the block was measured with other metadata"
    );
    writer.bytes
}

/// Returns the JSON text of a rendered block.
pub const fn text(block: &'static [u8]) -> &'static str {
    match core::str::from_utf8(block.split_at(HEADER_LEN).1) {
        Ok(text) => text,
        Err(_) => panic!("the metadata of a connector is UTF-8"),
    }
}

/// Compares two texts at compile time.
pub const fn same_text(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut index = 0;
    while index < left.len() && index < right.len() && left[index] == right[index] {
        index += 1;
    }
    index == left.len() && index == right.len()
}

/// Writes, or with `N` = 0 only measures.
struct Writer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

// `for` and slices' methods are not `const` yet, which is why this is written with `while`.
impl<const N: usize> Writer<N> {
    const fn object(&mut self, metadata: &Metadata) {
        self.bytes(b"{");
        self.text_member("name", metadata.name);
        self.text_member("version", metadata.version);
        self.text_member("description", metadata.description);
        self.text_member("authors", metadata.authors);
        self.text_member("license", metadata.license);
        self.text_member("abi", switchboard_abi::ABI_VERSION);
        self.text_member("sdk", env!("CARGO_PKG_VERSION"));
        self.operations(metadata.operations);
        self.bytes(b",\"own_network\":");
        self.bytes(if metadata.own_network {
            b"true"
        } else {
            b"false"
        });
        self.bytes(b",\"settings_schema\":");
        self.bytes(metadata.settings_schema.as_bytes());
        self.bytes(b"}");
    }

    const fn operations(&mut self, operations: &[&str]) {
        self.bytes(b"\"operations\":[");
        let mut index = 0;
        while index < operations.len() {
            if index > 0 {
                self.bytes(b",");
            }
            self.text(operations[index]);
            index += 1;
        }
        self.bytes(b"]");
    }

    const fn text_member(&mut self, name: &str, value: &str) {
        self.text(name);
        self.bytes(b":");
        self.text(value);
        self.bytes(b",");
    }

    /// Writes a JSON string. Authors' names and descriptions may hold quotes.
    const fn text(&mut self, text: &str) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let text = text.as_bytes();
        self.bytes(b"\"");
        let mut index = 0;
        while index < text.len() {
            match text[index] {
                b'"' => self.bytes(b"\\\""),
                b'\\' => self.bytes(b"\\\\"),
                byte if byte < 0x20 => {
                    let escape = [HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]];
                    self.bytes(b"\\u00");
                    self.bytes(&escape);
                }
                byte => self.bytes(&[byte]),
            }
            index += 1;
        }
        self.bytes(b"\"");
    }

    const fn bytes(&mut self, bytes: &[u8]) {
        let mut index = 0;
        while index < bytes.len() {
            if self.len < N {
                self.bytes[self.len] = bytes[index];
            }
            self.len += 1;
            index += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: Metadata = Metadata {
        name: "acme",
        version: "1.2.3",
        description: "says \"hi\"\n\\ and żółw",
        authors: "A:B",
        license: "MIT",
        operations: &["createCallLog", "findCallLog"],
        own_network: true,
        settings_schema: "{\"type\": \"object\"}",
    };
    static BLOCK: [u8; block_len(&METADATA)] = render(&METADATA);

    #[test]
    fn the_block_is_magic_length_and_json() {
        assert_eq!(BLOCK[..8], MAGIC);
        let len = u32::from_le_bytes(BLOCK[8..12].try_into().unwrap()) as usize;
        assert_eq!(len, BLOCK.len() - HEADER_LEN);
        let json: serde_json::Value = serde_json::from_str(text(&BLOCK)).unwrap();
        assert_eq!(json["description"], METADATA.description);
        assert_eq!(json["abi"], "1.0.0");
        assert_eq!(
            json["operations"],
            serde_json::json!(["createCallLog", "findCallLog"])
        );
        assert_eq!(json["own_network"], true);
        assert_eq!(json["settings_schema"]["type"], "object");
    }

    #[test]
    fn texts_are_compared_whole() {
        assert!(same_text("abc", "abc"));
        for other in ["", "ab", "abcd", "abd"] {
            assert!(!same_text("abc", other), "{other}");
        }
    }
}
