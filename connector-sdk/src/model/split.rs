//! Splits the text of an object or an array into the texts of what it holds, digit for digit.
//!
//! Each level of a text is walked again to split the next one, so this is for the few values whose text somebody asks
//! for, and for what [`walk`] gives up on.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::faults::Faults;
use super::node::{Decimal, Key, Member, Node};
use super::walk::walk;

/// Returns the text at a JSON pointer whose tokens are keys; `None` if nothing stands there.
pub(super) fn text_at<'t>(text: &'t str, pointer: &str) -> Option<&'t RawValue> {
    let mut tokens = pointer.split('/').skip(1);
    let Some(first) = tokens.next() else {
        return serde_json::from_str(text).ok();
    };
    tokens.try_fold(member(text, &key(first))?, |raw, token| {
        member(raw.get(), &key(token))
    })
}

/// Returns the text of an object's member. Of two with one key, the first one counts.
pub(super) fn member<'t>(text: &'t str, name: &str) -> Option<&'t RawValue> {
    let mut hit = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // The deserializer takes a search that ends at the hit for an error.
    let _ = deserializer.deserialize_map(MemberVisitor {
        name,
        hit: &mut hit,
    });
    hit
}

/// Returns the texts of an array's items.
pub(super) fn items(text: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(text).ok()
}

/// Reads `n_levels` of any text that JSON's grammar allows. A part that cannot be read leaves the others readable.
pub(super) fn tree(raw: &RawValue, n_levels: usize) -> Node<'_> {
    let text = raw.get();
    let node = match text.as_bytes().first() {
        Some(b'{' | b'[') if n_levels == 0 => None,
        Some(b'{') => members(text).map(|members| object(members, n_levels - 1)),
        Some(b'[') => items(text).map(|items| array(items, n_levels - 1)),
        Some(b'-' | b'0'..=b'9') => Some(number(text)),
        _ => walk(text, &mut Faults::default()).ok(),
    };
    node.unwrap_or(Node::Unreadable)
}

/// Reads a number, which may be out of range.
fn number(text: &str) -> Node<'_> {
    match walk(text, &mut Faults::default()) {
        Ok(whole @ (Node::Unsigned(_) | Node::Signed(_))) => whole,
        _ => Node::Decimal(Decimal::Digits(text)),
    }
}

fn object<'t>(members: Vec<(Cow<'t, str>, &'t RawValue)>, n_levels: usize) -> Node<'t> {
    let read = |(key, raw)| Member {
        key,
        value: tree(raw, n_levels),
    };
    Node::Object(members.into_iter().map(read).collect())
}

fn array(items: Vec<&RawValue>, n_levels: usize) -> Node<'_> {
    let items = items.into_iter();
    Node::Array(items.map(|raw| tree(raw, n_levels)).collect())
}

/// Returns the key that a token of a JSON pointer stands for.
fn key(token: &str) -> Cow<'_, str> {
    match token.contains('~') {
        true => Cow::Owned(token.replace("~1", "/").replace("~0", "~")),
        false => Cow::Borrowed(token),
    }
}

fn members(text: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(MembersVisitor).ok()
}

/// Looks for one member and stops at it.
struct MemberVisitor<'n, 'de> {
    name: &'n str,
    hit: &'n mut Option<&'de RawValue>,
}

impl<'de> Visitor<'de> for MemberVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key)? {
            if key == self.name {
                *self.hit = Some(map.next_value()?);
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            members.push((key, map.next_value()?));
        }
        Ok(members)
    }
}
