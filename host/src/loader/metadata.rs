//! What a library says about itself, read from its metadata section.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use switchboard_abi::metadata::{HEADER_LEN, MAGIC, SECTION};

use super::printable::printable;

/// What a connector's author says about the library, as its metadata section holds it.
///
/// Members that this host does not know are ignored, so that a newer SDK may add some. Control characters
/// in its texts are escaped: they are shown in terminals, and the file may come from anybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// The name of the author's crate.
    #[serde(deserialize_with = "text")]
    pub name: String,
    /// Its version.
    #[serde(deserialize_with = "text")]
    pub version: String,
    /// What it does, in a sentence. Empty if the author wrote none.
    #[serde(default, deserialize_with = "text")]
    pub description: String,
    /// Who wrote it, separated by `:`.
    #[serde(default, deserialize_with = "text")]
    pub authors: String,
    /// Its licence, an SPDX expression.
    #[serde(default, deserialize_with = "text")]
    pub license: String,
    /// The version of the boundary that the library speaks.
    #[serde(deserialize_with = "text")]
    pub abi: String,
    /// The version of the SDK that it was built with.
    #[serde(default, deserialize_with = "text")]
    pub sdk: String,
    /// The operations that it knows, e.g. `createCallLog`.
    #[serde(deserialize_with = "texts")]
    pub operations: Vec<String>,
    /// Whether it talks to the CRM by itself instead of through the host.
    #[serde(default)]
    pub own_network: bool,
    /// The JSON Schema of `[settings]`; none if the author gave none.
    #[serde(default)]
    pub settings_schema: Option<serde_json::Value>,
}

/// Why a library's metadata cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// There is no such section.
    #[error(
        "there is no {SECTION} section: this is a shared library, but not a Switchboard \
         connector; build the connector with `export_connector!` of switchboard-connector-sdk"
    )]
    Missing,
    /// The section does not begin as it should.
    #[error(
        "its {SECTION} section does not begin with the bytes SWBMETA1; build the connector with \
         `export_connector!` of switchboard-connector-sdk"
    )]
    Magic,
    /// The section is shorter than the length that it states.
    #[error(
        "its {SECTION} section states {stated} bytes of text and holds {held}; the file is \
         damaged, copy it again"
    )]
    Length {
        /// What the section states.
        stated: usize,
        /// What follows in it.
        held: usize,
    },
    /// The text is not the JSON object that it should be.
    #[error(
        "the text in its {SECTION} section is not the JSON object that describes a connector; \
         build the connector again with a released switchboard-connector-sdk"
    )]
    Json(#[source] Arc<serde_json::Error>),
}

/// Metadata together with the text that it was read from.
#[derive(Debug, Clone)]
pub(super) struct MetadataText {
    pub(super) metadata: Metadata,
    pub(super) text: String,
}

impl MetadataText {
    /// Reads the bytes of a metadata section: magic, length, text, and whatever padding follows.
    pub(super) fn parse(section: &[u8]) -> Result<Self, MetadataError> {
        let text = block_text(section)?;
        let text = std::str::from_utf8(text)
            .map_err(|_| serde::de::Error::custom("it is not UTF-8"))
            .map_err(json_error)?;
        Ok(Self {
            metadata: serde_json::from_str(text).map_err(json_error)?,
            text: text.to_owned(),
        })
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(printable(&String::deserialize(deserializer)?))
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(texts.iter().map(|text| printable(text)).collect())
}

fn json_error(error: serde_json::Error) -> MetadataError {
    MetadataError::Json(Arc::new(error))
}

fn block_text(section: &[u8]) -> Result<&[u8], MetadataError> {
    let (magic, rest) = section
        .split_first_chunk::<{ MAGIC.len() }>()
        .ok_or(MetadataError::Magic)?;
    let (stated, text) = rest
        .split_first_chunk::<{ HEADER_LEN - MAGIC.len() }>()
        .ok_or(MetadataError::Magic)?;
    if *magic != MAGIC {
        return Err(MetadataError::Magic);
    }
    // A length that does not fit into memory is longer than what is held, too.
    let stated = usize::try_from(u32::from_le_bytes(*stated)).unwrap_or(usize::MAX);
    let held = text.len();
    text.get(..stated)
        .ok_or(MetadataError::Length { stated, held })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        r#"{"name":"acme","version":"1.2.0","abi":"1.0.0","#,
        r#""operations":["createCallLog"],"later":[1]}"#,
    );

    fn block(text: &[u8]) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap();
        [&MAGIC[..], &length.to_le_bytes(), text].concat()
    }

    #[test]
    fn unknown_members_and_padding_are_ignored_and_the_text_is_kept() {
        let mut section = block(TEXT.as_bytes());
        section.extend([0; 100]);
        let read = MetadataText::parse(&section).unwrap();
        assert_eq!(read.text, TEXT);
        assert_eq!(read.metadata.operations, ["createCallLog"]);
        assert_eq!(read.metadata.settings_schema, None);
        assert!(!read.metadata.own_network);
    }

    #[test]
    fn no_text_of_it_steers_a_terminal() {
        let hostile = TEXT
            .replace("acme", "\\u001b[2Jacme")
            .replace("createCallLog", "\\n")
            .replace("\"abi\"", "\"authors\":\"\\u001b\",\"abi\"");
        let read = MetadataText::parse(&block(hostile.as_bytes())).unwrap();
        assert_eq!(read.text, hostile);
        let metadata = read.metadata;
        assert_eq!(metadata.name, "\\u{1b}[2Jacme");
        assert_eq!(metadata.authors, "\\u{1b}");
        assert_eq!(metadata.operations, ["\\n"]);
    }

    #[test]
    fn a_block_cut_anywhere_is_refused() {
        let section = block(TEXT.as_bytes());
        for length in 0..section.len() {
            let refused = MetadataText::parse(&section[..length]);
            assert!(refused.is_err(), "cut to {length} bytes");
        }
    }

    #[test]
    fn wrong_magic_and_text_that_is_not_json_are_told_apart() {
        let magic = MetadataText::parse(b"SWBMETA2\x02\0\0\0{}").unwrap_err();
        assert!(matches!(magic, MetadataError::Magic), "{magic}");
        for text in [&b"not json"[..], b"{}", b"\xff\xff", b""] {
            let json = MetadataText::parse(&block(text)).unwrap_err();
            assert!(matches!(json, MetadataError::Json(_)), "{json}");
        }
    }
}
