//! Reads members of JSON objects, collecting every fault instead of stopping at the first.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::input::InputFault;
use super::privacy::{is_private_member, is_secret_member};

/// An identifier as text. Senders write ids as strings or as numbers; a number is kept as its digits.
///
/// It reads the ids of a CRM's answers, too:
///
/// ```
/// use switchboard_connector_sdk::model::Id;
///
/// #[derive(serde::Deserialize)]
/// struct Created {
///     id: Id,
/// }
///
/// let created: Created = serde_json::from_str(r#"{ "id": 9001 }"#)?;
/// assert_eq!(created.id.as_str(), "9001");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(String);

impl Id {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

/// Reads a whole number or a string that is not empty.
impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(&self.0)
    }
}

/// The faults found so far. After [`Faults::LIMIT`] of them only their number is kept.
#[derive(Default)]
pub(super) struct Faults {
    listed: Vec<InputFault>,
    n_unlisted: usize,
}

impl Faults {
    const LIMIT: usize = 100;

    pub(super) fn add(&mut self, pointer: &str, message: impl Into<String>) {
        self.add_with(|| InputFault::new(pointer, message));
    }

    /// Adds a fault that is made only if it is listed: a hostile input has millions of them.
    pub(super) fn add_with(&mut self, make: impl FnOnce() -> InputFault) {
        if self.listed.len() < Self::LIMIT {
            self.listed.push(make());
        } else {
            self.n_unlisted += 1;
        }
    }

    pub(super) fn into_vec(mut self) -> Vec<InputFault> {
        if self.n_unlisted > 0 {
            let more = format!("and {} more faults", self.n_unlisted);
            self.listed.push(InputFault::new("", more));
        }
        self.listed
    }
}

/// Appends one reference token to a JSON pointer (RFC 6901).
pub(super) fn join(pointer: &str, token: &str) -> String {
    if !token.contains(['~', '/']) {
        return [pointer, "/", token].concat();
    }
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// One JSON object: its place in the input and its members, each with its exact text.
pub(super) struct Object<'a> {
    pointer: String,
    raw: &'a RawValue,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Splits an object into its members. Anything else is a fault.
    pub(super) fn read(raw: &'a RawValue, pointer: &str, faults: &mut Faults) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(raw.get());
        match deserializer.deserialize_map(MembersVisitor) {
            Ok(members) => Some(Self {
                pointer: pointer.to_owned(),
                raw,
                members,
            }),
            Err(_) => {
                faults.add(pointer, expected_shape("an object", raw));
                None
            }
        }
    }

    /// Returns the object's text, to be kept.
    pub(super) fn to_raw(&self) -> Box<RawValue> {
        self.raw.to_owned()
    }

    pub(super) fn pointer_to(&self, name: &str) -> String {
        join(&self.pointer, name)
    }

    /// Returns a member's text; `null` is the same as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.as_sent(name).filter(|raw| raw.get() != "null")
    }

    /// Returns a member's text, `null` too.
    pub(super) fn as_sent(&self, name: &str) -> Option<&'a RawValue> {
        let member = self.members.iter().find(|(key, _)| key == name);
        member.map(|(_, raw)| *raw)
    }

    /// Reads a member with `convert`, which yields `None` for a value of another kind: that is a fault.
    pub(super) fn typed<T>(
        &self,
        name: &str,
        kind: &str,
        faults: &mut Faults,
        convert: impl FnOnce(&'a RawValue) -> Option<T>,
    ) -> Option<T> {
        let raw = self.get(name)?;
        let value = convert(raw);
        if value.is_none() {
            faults.add(&self.pointer_to(name), expected(kind, raw, name));
        }
        value
    }

    pub(super) fn text(&self, name: &str, faults: &mut Faults) -> Option<String> {
        self.typed(name, "a string", faults, text)
    }

    pub(super) fn id(&self, name: &str, faults: &mut Faults) -> Option<Id> {
        self.typed(name, "a string or a number", faults, id)
    }

    /// Reads an id that must be there and not be empty.
    pub(super) fn required_id(&self, name: &str, faults: &mut Faults) -> Id {
        let id = self.require(name, faults, Self::id);
        if id.as_ref().is_some_and(Id::is_blank) {
            faults.add(&self.pointer_to(name), "must not be empty");
        }
        id.unwrap_or(Id(String::new()))
    }

    /// Reads a string of a part where other kinds of values are kept rather than refused: they yield `None`.
    pub(super) fn lenient_text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(text)
    }

    pub(super) fn object(&self, name: &str, faults: &mut Faults) -> Option<Object<'a>> {
        let raw = self.get(name)?;
        Object::read(raw, &self.pointer_to(name), faults)
    }

    /// Reads a member with `read`; a missing one is a fault.
    pub(super) fn require<T>(
        &self,
        name: &str,
        faults: &mut Faults,
        read: impl FnOnce(&Self, &str, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        if self.get(name).is_none() {
            faults.add(&self.pointer_to(name), "is required and missing");
            return None;
        }
        read(self, name, faults)
    }
}

/// Returns the text of a JSON string.
pub(super) fn text(raw: &RawValue) -> Option<String> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        // The value is JSON: without an escape it is its own text.
        return Some(inner.to_owned());
    }
    serde_json::from_str(raw.get()).ok()
}

/// Returns a string's text or a number's digits.
pub(super) fn id(raw: &RawValue) -> Option<Id> {
    if is_number(raw) {
        return Some(Id(raw.get().to_owned()));
    }
    text(raw).map(Id)
}

pub(super) fn is_number(raw: &RawValue) -> bool {
    raw.get()
        .starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// Says what stands where something else was expected, without showing what is secret or private.
pub(super) fn expected(kind: &str, found: &RawValue, name: &str) -> String {
    let is_scalar = !found.get().starts_with(['{', '[', 'n']);
    if is_scalar && !is_secret_member(name) && !is_private_member(name) {
        let shown = shorten(found.get());
        return format!("expected {kind}, found the {} {shown}", kind_of(found));
    }
    expected_shape(kind, found)
}

/// Says what stands where an object or an array was expected. Its value is never shown: a common mistake is JSON
/// written into a string, and then the string holds whatever the object would, a token for instance.
pub(super) fn expected_shape(kind: &str, found: &RawValue) -> String {
    let article = match kind_of(found) {
        "null" => "",
        "array" | "object" => "an ",
        _ => "a ",
    };
    format!("expected {kind}, found {article}{}", kind_of(found))
}

fn kind_of(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }
}

/// Cuts a value that is shown in a message.
pub(super) fn shorten(shown: &str) -> Cow<'_, str> {
    const MAX_CHARS: usize = 60;
    match shown.char_indices().nth(MAX_CHARS) {
        None => Cow::Borrowed(shown),
        Some((end, _)) => Cow::Owned(format!("{}...", &shown[..end])),
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an id: a string that is not empty or a whole number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
        if text.is_empty() {
            return Err(E::invalid_length(0, &self));
        }
        Ok(Id(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Id, E> {
        Ok(Id(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Id, E> {
        Ok(Id(number.to_string()))
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

/// A key, borrowed from the input unless it holds escapes.
pub(super) struct Key;

impl<'de> serde::de::DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answers_id_is_a_text_or_a_whole_number() {
        let read = |json| serde_json::from_str::<Id>(json).map(|id| id.to_string());
        assert_eq!(read(r#""a-7""#).unwrap(), "a-7");
        assert_eq!(
            read("18446744073709551615").unwrap(),
            "18446744073709551615"
        );
        assert_eq!(read("-7").unwrap(), "-7");
        for json in [r#""""#, "null", "1.5", "true", "{}", "[7]"] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
