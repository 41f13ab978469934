//! Takes secrets and private texts out of what people and log files get to see.
//!
//! What egress and the pipeline write holds none by construction. This is for texts that a connector or a CRM wrote:
//! fault messages, log lines, answers. A text is removed where it stands whole, a private one also line by line; what a
//! connector has cut up or encoded cannot be found.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use switchboard_connector_sdk::model::{is_private_member, is_secret_member};

/// What stands in the place of a removed text.
const MASK: &str = "***";

/// Shorter texts occur by chance: removing every `no` would garble a message and reveal the note.
const MIN_SECRET_CHARS: usize = 4;
const MIN_PRIVATE_CHARS: usize = 8;

/// Removes what is secret or private in one call.
///
/// Most calls write nothing that has to be searched, so the texts are collected when the first one is.
#[derive(Clone)]
pub(crate) struct Redactor(Arc<Inner>);

struct Inner {
    input: Arc<[u8]>,
    secrets: Arc<[String]>,
    /// The texts to remove, longest first, so that one that contains another goes whole.
    texts: OnceLock<Vec<String>>,
}

impl Redactor {
    /// Removes what is secret or private in an input, and texts known to be secret. The input may be empty.
    pub(crate) fn new(input: Arc<[u8]>, secrets: Arc<[String]>) -> Self {
        Self(Arc::new(Inner {
            input,
            secrets,
            texts: OnceLock::new(),
        }))
    }

    /// Returns the text without what must not be shown.
    pub(crate) fn redact(&self, text: &str) -> String {
        let texts = self.0.texts.get_or_init(|| self.0.collect());
        let hits = texts.iter().filter(|secret| text.contains(secret.as_str()));
        hits.fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), MASK)
        })
    }
}

impl Inner {
    fn collect(&self) -> Vec<String> {
        let mut texts = BTreeSet::new();
        self.secrets
            .iter()
            .for_each(|secret| add_secret(secret, &mut texts));
        // An input that is no JSON is refused before anyone could write about it.
        if let Ok(input) = serde_json::from_slice::<Value>(&self.input) {
            collect(&input, &mut texts);
        }
        let mut texts: Vec<_> = texts.into_iter().collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        texts
    }
}

/// Shows none of the texts.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Redactor").finish_non_exhaustive()
    }
}

fn collect(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if is_secret_member(name) {
                    for_each_text(value, &mut |text| add_secret(text, texts));
                } else if is_private_member(name) {
                    for_each_text(value, &mut |text| add_private(text, texts));
                } else {
                    collect(value, texts);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        _ => {}
    }
}

fn for_each_text(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| for_each_text(item, visit)),
        Value::Object(members) => members
            .values()
            .for_each(|value| for_each_text(value, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Adds a secret, and of an `Authorization` value what follows the scheme.
fn add_secret(secret: &str, texts: &mut BTreeSet<String>) {
    let parts = [Some(secret), secret.split_once(' ').map(|(_, token)| token)];
    for part in parts.into_iter().flatten().map(str::trim) {
        if part.chars().count() >= MIN_SECRET_CHARS {
            texts.insert(part.to_owned());
        }
    }
}

fn add_private(text: &str, texts: &mut BTreeSet<String>) {
    for part in std::iter::once(text).chain(text.lines()).map(str::trim) {
        if part.chars().count() >= MIN_PRIVATE_CHARS {
            texts.insert(part.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &str = r#"{
        "authHeader": "Bearer tok-4711",
        "user": { "accessToken": "tok-0815", "nested": [{ "API_KEY": 1, "clientSecret": "s3cr3t" }] },
        "note": "call back on Monday\nno",
        "proxyConfig": { "password": "hunter2" },
        "contactInfo": { "name": "Jane Roe" }
    }"#;

    #[test]
    fn secrets_and_private_texts_are_removed_and_the_rest_stays() {
        let secrets = ["${}from-env".to_owned()].into();
        let redactor = Redactor::new(INPUT.as_bytes().into(), secrets);
        let text =
            "Jane Roe: tok-4711 tok-0815 s3cr3t hunter2 'call back on Monday' ${}from-env no";
        assert_eq!(
            redactor.redact(text),
            "Jane Roe: *** *** *** *** '***' *** no"
        );
    }

    #[test]
    fn debug_output_shows_no_text() {
        let redactor = Redactor::new(INPUT.as_bytes().into(), Arc::default());
        assert!(!format!("{redactor:?}").contains("tok"));
    }
}
