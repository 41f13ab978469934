//! Reads `[settings]` of a manifest into a connector's type.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::connector::Connector;
use crate::fault::Fault;

/// The settings of a connector that is exported without a schema.
#[diagnostic::on_unimplemented(
    message = "a connector with settings is exported with their JSON Schema",
    label = "the settings of this connector are `{Self}`",
    note = "write `export_connector!(.., settings_schema = \"settings.schema.json\")`, or use `NoSettings`"
)]
pub trait Absent {}

impl Absent for crate::NoSettings {}

/// Returns the JSON Schema of `[settings]` that must be empty, so that a host can show where they are not.
pub const fn schema_of_no_settings<C: Connector<Settings: Absent>>() -> &'static str {
    r#"{"type":"object","properties":{},"additionalProperties":false}"#
}

/// Reads the JSON of the settings.
///
/// # Errors
///
/// `invalid-input`. A setting may have been filled in from the environment or a file and be secret, so the message
/// names keys and kinds, and shows `...` for every text that stands in the settings.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|error| {
        let message = error.to_string();
        // The settings came from TOML: a place in their JSON helps nobody.
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&place).unwrap_or(&message);
        let settings = serde_json::from_str(json).unwrap_or_default();
        Fault::invalid_input(format!(
            "cannot read [settings]: {}",
            hide(message, &settings)
        ))
    })
}

/// Replaces the texts of a value where a message quotes them.
fn hide<'m>(message: &'m str, settings: &Value) -> Cow<'m, str> {
    match settings {
        Value::String(text) => hide_text(message, text),
        Value::Array(items) => hide_all(message, items.iter()),
        Value::Object(members) => hide_all(message, members.values()),
        _ => Cow::Borrowed(message),
    }
}

fn hide_all<'m, 'v>(message: &'m str, values: impl Iterator<Item = &'v Value>) -> Cow<'m, str> {
    values.fold(Cow::Borrowed(message), |message, value| {
        Cow::Owned(hide(&message, value).into_owned())
    })
}

fn hide_text<'m>(message: &'m str, text: &str) -> Cow<'m, str> {
    // Shorter texts are hidden in quotes only: as they are they would tear words of the message apart.
    const MIN_BARE_LEN: usize = 6;
    if text.is_empty() {
        return Cow::Borrowed(message);
    }
    let message = message
        .replace(&format!("{text:?}"), "\"...\"")
        .replace(&format!("`{text}`"), "`...`");
    if text.len() < MIN_BARE_LEN {
        return Cow::Owned(message);
    }
    Cow::Owned(message.replace(text, "..."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only whether it can be read matters")]
    struct Settings {
        base_url: Region,
        #[serde(default)]
        limits: Vec<u32>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Region {
        Europe,
    }

    #[test]
    fn a_fault_names_keys_and_kinds() {
        for (json, message) in [
            ("{}", "missing field `base_url`"),
            (
                r#"{"base_url": "europe", "regoin": 1}"#,
                "unknown field `regoin`, expected `base_url` or `limits`",
            ),
            (
                r#"{"base_url": "europe", "limits": 5}"#,
                "invalid type: integer `5`, expected a sequence",
            ),
        ] {
            let fault = read::<Settings>(json).unwrap_err();
            let expected = format!("cannot read [settings]: {message}");
            assert_eq!(fault, Fault::invalid_input(expected));
        }
    }

    #[test]
    fn a_fault_shows_no_text_of_the_settings() {
        for (json, message) in [
            (
                r#"{"base_url": "s3cr3t"}"#,
                "unknown variant `...`, expected `europe`",
            ),
            (
                r#"{"base_url": "k1"}"#,
                "unknown variant `...`, expected `europe`",
            ),
            (
                r#"{"base_url": "europe", "limits": "a\"1"}"#,
                "invalid type: string \"...\", expected a sequence",
            ),
            (
                r#"{"base_url": "europe", "limits": ["k"]}"#,
                "invalid type: string \"...\", expected u32",
            ),
        ] {
            let fault = read::<Settings>(json).unwrap_err();
            let expected = format!("cannot read [settings]: {message}");
            assert_eq!(fault, Fault::invalid_input(expected));
        }
    }

    #[test]
    fn an_authors_own_message_shows_no_text_of_the_settings() {
        #[derive(Debug)]
        struct Picky;
        impl<'de> serde::Deserialize<'de> for Picky {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let members = <std::collections::HashMap<String, String>>::deserialize(from)?;
                let key = &members["key"];
                Err(serde::de::Error::custom(format!("{key} is no key")))
            }
        }
        let fault = read::<Picky>(r#"{"key": "s3cr3t"}"#).unwrap_err();
        assert_eq!(fault.message(), "cannot read [settings]: ... is no key");
    }
}
