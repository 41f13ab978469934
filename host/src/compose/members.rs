//! The members of a JSON object, in order and with their exact text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's members, borrowed from its text where they can be. A name may stand twice.
#[derive(Default)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, Cow<'a, RawValue>)>);

impl<'a> Members<'a> {
    /// Splits an object into its members; `None` for anything else.
    pub(super) fn read(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Returns a member's text, `null` too.
    pub(super) fn as_sent(&self, name: &str) -> Option<&RawValue> {
        let member = self.0.iter().find(|(key, _)| key == name);
        member.map(|(_, value)| &**value)
    }

    /// Returns a member's text; `null` is the same as absent.
    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        self.as_sent(name).filter(|value| value.get() != "null")
    }

    /// Replaces or adds a member; without a value it is left out.
    pub(super) fn put(&mut self, name: &'a str, value: Option<Box<RawValue>>) {
        let present = self.0.iter_mut().find(|(key, _)| key == name);
        match (present, value) {
            (Some((_, present)), Some(value)) => *present = Cow::Owned(value),
            (None, Some(value)) => self.0.push((Cow::Borrowed(name), Cow::Owned(value))),
            (_, None) => self.0.retain(|(key, _)| key != name),
        }
    }

    /// Writes the object.
    pub(super) fn to_json(&self) -> Box<RawValue> {
        let json = serde_json::value::to_raw_value(self);
        json.expect("members that were JSON are JSON")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl serde::Serialize for Members<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, &**value)))
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry::<_, &RawValue>()? {
            members.push((name, Cow::Borrowed(value)));
        }
        Ok(Members(members))
    }
}

/// A member's name, borrowed unless it holds escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
