//! Changes members of an input; every other member keeps its place and its text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};

/// The member with the token.
pub(crate) const AUTH_HEADER: &str = "authHeader";

/// Sets the member `authHeader` of an input; every other member keeps its place and its text.
///
/// What is no JSON object comes back as it is, and is refused with its faults when it is logged.
pub fn with_auth_header<'a>(input: &'a [u8], value: &str) -> Cow<'a, [u8]> {
    let Some(mut members) = Members::read(input) else {
        return Cow::Borrowed(input);
    };
    members.set(AUTH_HEADER, raw_text(value));
    Cow::Owned(members.to_json().into_bytes())
}

/// Writes a text as a JSON string.
pub(crate) fn raw_text(text: &str) -> Box<RawValue> {
    to_raw_value(text).expect("a text is JSON")
}

/// Returns the text of a JSON string; `None` for anything else, and for a string that no text can be.
pub(crate) fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        // The value is JSON: without an escape it is its own text.
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(raw.get()).ok().map(Cow::Owned)
}

/// The members of an object in order, with the exact text of their names and values; a name may stand twice.
#[derive(Default)]
pub(crate) struct Members<'a>(Vec<Member<'a>>);

struct Member<'a> {
    name: Cow<'a, str>,
    /// The name as it is written: a character may stand there as an escape.
    key: Cow<'a, RawValue>,
    value: Cow<'a, RawValue>,
}

impl<'a> Members<'a> {
    /// Splits an object into its members; `None` if the text is anything else.
    pub(crate) fn read(json: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(json).ok()?;
        serde_json::from_str(text).ok()
    }

    /// Returns names and texts, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        let members = self.0.iter();
        members.map(|member| (&*member.name, &*member.value))
    }

    /// Returns a member's text; of two with one name that of the first.
    pub(crate) fn get(&self, name: &str) -> Option<&RawValue> {
        let member = self.0.iter().find(|member| member.name == name);
        member.map(|member| &*member.value)
    }

    /// Sets a member in its place, or adds it as the last one.
    pub(crate) fn set(&mut self, name: &str, value: Box<RawValue>) {
        let value = Cow::Owned(value);
        match self.0.iter_mut().find(|member| member.name == name) {
            Some(member) => member.value = value,
            None => self.0.push(Member {
                name: Cow::Owned(name.to_owned()),
                key: Cow::Owned(raw_text(name)),
                value,
            }),
        }
    }

    /// Sets every member of another object.
    pub(crate) fn set_all(&mut self, others: Members<'_>) {
        for other in others.0 {
            self.set(&other.name, other.value.into_owned());
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a member out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|member| member.name != name);
    }

    /// Writes the object.
    pub(crate) fn to_json(&self) -> String {
        let texts = self.0.iter().map(|it| [it.key.get(), it.value.get()]);
        let n_bytes: usize = texts.clone().flatten().map(|text| text.len() + 1).sum();
        let mut json = String::with_capacity(n_bytes + 2);
        json.push('{');
        for (index, [key, value]) in texts.enumerate() {
            let separator = if index == 0 { "" } else { "," };
            json.extend([separator, key, ":", value]);
        }
        json.push('}');
        json
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let name = text_of(key).ok_or_else(|| serde::de::Error::custom("half a character"))?;
            members.push(Member {
                name,
                key: Cow::Borrowed(key),
                value: Cow::Borrowed(value),
            });
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn filled(input: &str) -> String {
        String::from_utf8(with_auth_header(input.as_bytes(), "Bearer \"x\"").into_owned()).unwrap()
    }

    #[test]
    fn the_header_is_added_or_replaced_and_the_rest_keeps_its_text() {
        assert_eq!(
            filled(r#"{"b": 0.000, "a":1}"#),
            r#"{"b":0.000,"a":1,"authHeader":"Bearer \"x\""}"#
        );
        assert_eq!(
            filled(r#"{"authHeader":null,"a":[ ]}"#),
            r#"{"authHeader":"Bearer \"x\"","a":[ ]}"#
        );
    }

    #[test]
    fn twice_the_same_name_stays_twice_to_be_refused() {
        assert_eq!(
            filled(r#"{"a":1,"a":2}"#),
            r#"{"a":1,"a":2,"authHeader":"Bearer \"x\""}"#
        );
    }

    #[test]
    fn a_member_is_found_by_its_name_and_all_others_keep_their_text() {
        let json = br#" { "\u0061" : 1.50, "b": "\u00e9\/", "c" :{ "x" : 1e2 }, "\/": [ ] } "#;
        let mut members = Members::read(json).unwrap();
        let names: Vec<_> = members.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c", "/"]);
        assert_eq!(members.get("a").unwrap().get(), "1.50");
        assert!(members.get("x").is_none());
        members.set("c", raw_text("\"new\""));
        members.set("d", raw_text("last"));
        assert_eq!(
            members.to_json(),
            r#"{"\u0061":1.50,"b":"\u00e9\/","c":"\"new\"","\/":[ ],"d":"last"}"#
        );
        for name in ["a", "c", "d", "x"] {
            members.remove(name);
        }
        assert_eq!(members.to_json(), r#"{"b":"\u00e9\/","\/":[ ]}"#);
        for name in ["b", "/"] {
            members.remove(name);
        }
        assert_eq!(members.to_json(), "{}");
    }

    proptest! {
        #[test]
        fn setting_a_member_changes_no_other(
            names in vec("[a-c\\\\\"é]{0,2}", 0..6),
            texts in vec(r#"-?[1-9]{1,30}(\.[0-9]{1,3})?|"[a-z]{0,3}"|\[ *\]|\{ *\}|null"#, 6),
            set in "[a-c]{0,2}",
        ) {
            let members: Vec<_> = names.iter().zip(&texts).collect();
            let json: Vec<_> = members
                .iter()
                .map(|(name, text)| format!(" {} : {text} ", raw_text(name)))
                .collect();
            let json = format!("{{{}}}", json.join(","));
            let mut edited = Members::read(json.as_bytes()).unwrap();
            edited.set(&set, raw_text("new"));
            let edited = edited.to_json();

            let mut expected: Vec<_> = members
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()))
                .collect();
            match expected.iter_mut().find(|(name, _)| *name == set) {
                Some((_, text)) => *text = "\"new\"",
                None => expected.push((&set, "\"new\"")),
            }
            let found = Members::read(edited.as_bytes()).unwrap();
            let found: Vec<_> = found.iter().map(|(name, raw)| (name, raw.get())).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_no_object_comes_back_as_it_is() {
        for input in ["", "[]", "{\"a\":", "7", r#"{"\ud800":1}"#] {
            assert_eq!(filled(input), input);
        }
    }
}
