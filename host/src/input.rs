//! Fills in what a caller keeps apart from the rest of an input.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

const AUTH_HEADER: &str = "authHeader";

/// Sets the member `authHeader` of an input; every other member keeps its place and its text.
///
/// What is no JSON object comes back as it is, and is refused with its faults when it is logged.
pub fn with_auth_header<'a>(input: &'a [u8], value: &str) -> Cow<'a, [u8]> {
    let Ok(mut members) = serde_json::from_slice::<Members>(input) else {
        return Cow::Borrowed(input);
    };
    let value = serde_json::value::to_raw_value(value).expect("a text is JSON");
    match members.0.iter_mut().find(|(name, _)| name == AUTH_HEADER) {
        Some((_, present)) => *present = value,
        None => members.0.push((AUTH_HEADER.to_owned(), value)),
    }
    Cow::Owned(serde_json::to_vec(&members).expect("members that were JSON are JSON"))
}

/// The members of an object in order, with their exact text; a name may stand twice.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
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
    fn what_is_no_object_comes_back_as_it_is() {
        for input in ["", "[]", "{\"a\":", "7"] {
            assert_eq!(filled(input), input);
        }
    }
}
