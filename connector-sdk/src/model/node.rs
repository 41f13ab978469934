//! A parsed input, borrowed from its text.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Visitor};

use super::numbers::Numbers;

/// A JSON value. Its strings are parts of the input's text unless they hold escapes.
pub(super) enum Node<'t> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    /// Any other number.
    Decimal(Decimal<'t>),
    Text(Text<'t>),
    Array(Vec<Node<'t>>),
    /// The members in order. Of two with one key, the first one counts.
    Object(Vec<Member<'t>>),
    /// A value that JSON's grammar allows and no view can show, such as a text with half of a character.
    Unreadable,
}

/// A number whose digits a double does not keep.
pub(super) enum Decimal<'t> {
    /// The one behind so many others in the text.
    Nth(usize),
    /// Its digits.
    Digits(&'t str),
}

/// A string.
pub(super) enum Text<'t> {
    /// A part of the input's text.
    Plain(&'t str),
    /// One that is written with escapes. It may be long, so views share it.
    Unescaped(Arc<str>),
}

impl Node<'_> {
    /// Returns JSON's word for what this is.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Unsigned(_) | Self::Signed(_) | Self::Decimal(_) => "number",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
            Self::Unreadable => "value",
        }
    }
}

impl<'t> Decimal<'t> {
    pub(super) fn digits(&self, numbers: &Numbers<'t>) -> Option<&'t str> {
        match self {
            Self::Nth(index) => numbers.digits(*index),
            Self::Digits(digits) => Some(digits),
        }
    }
}

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Unescaped(text) => text,
        }
    }

    pub(super) fn to_shared(&self) -> Arc<str> {
        match self {
            Self::Plain(text) => Arc::from(*text),
            Self::Unescaped(text) => Arc::clone(text),
        }
    }
}

/// A member of an object.
pub(super) struct Member<'t> {
    pub(super) key: Cow<'t, str>,
    pub(super) value: Node<'t>,
}

/// Reads a key, borrowed from the input unless it holds escapes.
pub(super) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
