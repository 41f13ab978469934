//! Identifiers, whose senders do not agree on a type.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

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
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

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

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
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
