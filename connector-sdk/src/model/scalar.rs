//! Strings and numbers, as the views read them.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// A string, or a number as its digits.
pub(super) enum Scalar<'a> {
    Text(Cow<'a, str>),
    Number(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    /// Reads the text of a value; `None` for one of another kind.
    pub(super) fn read(raw: &'a RawValue) -> Option<Self> {
        let json = raw.get();
        match json.as_bytes().first()? {
            b'"' => text_of(json).map(Self::Text),
            b'-' | b'0'..=b'9' => Some(Self::Number(Cow::Borrowed(json))),
            _ => None,
        }
    }

    /// Returns a string's text or a number's digits.
    pub(super) fn into_text(self) -> String {
        let (Self::Text(text) | Self::Number(text)) = self;
        text.into_owned()
    }
}

/// Returns the text of a JSON string.
fn text_of(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        // The value is JSON: without an escape it is its own text.
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(json).ok().map(Cow::Owned)
}
