//! Takes secrets and private texts out of what people and log files get to see.
//!
//! What egress and the pipeline write holds none by construction. This is for texts that a connector or a CRM wrote:
//! fault messages, log lines, answers. A text is removed where it or its beginning stands, as it is and as JSON writes
//! it; a private one also line by line. What a connector has cut up or encoded in another way cannot be found.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use switchboard_connector_sdk::model::{is_private_member, is_secret_member};

/// What stands in the place of a removed text.
const MASK: &str = "***";

/// Shorter texts occur by chance: removing every `no` would garble a message and reveal the note.
const MIN_SECRET_CHARS: usize = 4;
const MIN_PRIVATE_CHARS: usize = 8;

/// So much of the beginning of a longer text gives it away: whoever quotes a CRM may have cut the quotation.
const TELLING_SECRET_CHARS: usize = 8;
const TELLING_PRIVATE_CHARS: usize = 16;

/// Removes what is secret or private in one call.
///
/// Most calls write nothing that has to be searched, so the texts are collected when the first one is.
#[derive(Clone)]
pub(crate) struct Redactor(Arc<Inner>);

struct Inner {
    input: Arc<[u8]>,
    secrets: Arc<[String]>,
    /// The texts to remove, longest first, so that one that contains another goes whole.
    texts: OnceLock<Vec<Hidden>>,
}

/// A text to remove, ordered by its length.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Hidden {
    n_bytes: usize,
    text: String,
    /// Where its telling beginning ends.
    telling: usize,
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
        let hidden = texts.iter().rev();
        hidden.fold(text.to_owned(), |text, hidden| hidden.removed_from(text))
    }

    /// Returns a JSON value without what must not be shown in its texts and names.
    pub(crate) fn redact_json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.redact(&text).into(),
            Value::Array(items) => items.into_iter().map(|it| self.redact_json(it)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (self.redact(&name), self.redact_json(value)))
                .collect(),
            other => other,
        }
    }
}

impl Hidden {
    fn new(text: String, n_telling: usize) -> Self {
        let telling = text.char_indices().nth(n_telling);
        Self {
            n_bytes: text.len(),
            telling: telling.map_or(text.len(), |(end, _)| end),
            text,
        }
    }

    /// Masks the text, and what begins like it as far as it does.
    fn removed_from(&self, text: String) -> String {
        let beginning = &self.text[..self.telling];
        if !text.contains(beginning) {
            return text;
        }
        let mut parts = text.split(beginning);
        let mut shown = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            shown.push_str(MASK);
            shown.push_str(&part[common_prefix(part, &self.text[self.telling..])..]);
        }
        shown
    }
}

/// Returns how many bytes both texts begin with, in whole characters.
fn common_prefix(left: &str, right: &str) -> usize {
    let pairs = left.chars().zip(right.chars());
    let equal = pairs.take_while(|(left, right)| left == right);
    equal.map(|(character, _)| character.len_utf8()).sum()
}

impl Inner {
    fn collect(&self) -> Vec<Hidden> {
        let mut texts = BTreeSet::new();
        self.secrets
            .iter()
            .for_each(|secret| add_secret(secret, &mut texts));
        // An input that is no JSON is refused before anyone could write about it.
        if let Ok(input) = serde_json::from_slice::<Value>(&self.input) {
            collect(&input, &mut texts);
        }
        texts.into_iter().collect()
    }
}

/// Shows none of the texts.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Redactor").finish_non_exhaustive()
    }
}

fn collect(value: &Value, texts: &mut BTreeSet<Hidden>) {
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
fn add_secret(secret: &str, texts: &mut BTreeSet<Hidden>) {
    let parts = [Some(secret), secret.split_once(' ').map(|(_, token)| token)];
    for part in parts.into_iter().flatten().map(str::trim) {
        if part.chars().count() >= MIN_SECRET_CHARS {
            add(part, TELLING_SECRET_CHARS, texts);
        }
    }
}

fn add_private(text: &str, texts: &mut BTreeSet<Hidden>) {
    for part in std::iter::once(text).chain(text.lines()).map(str::trim) {
        if part.chars().count() >= MIN_PRIVATE_CHARS {
            add(part, TELLING_PRIVATE_CHARS, texts);
        }
    }
}

/// Adds a text as it is and as it stands in JSON.
fn add(text: &str, n_telling: usize, texts: &mut BTreeSet<Hidden>) {
    let quoted = Value::from(text).to_string();
    for form in [text, &quoted[1..quoted.len() - 1]] {
        texts.insert(Hidden::new(form.to_owned(), n_telling));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    fn a_text_is_found_in_json_and_where_it_was_cut() {
        let input = json!({
            "authHeader": "Bearer tok-\"4711\"-and-more",
            "note": "She said \"call back on Monday\"\nżółć",
        });
        let redactor = Redactor::new(input.to_string().into_bytes().into(), Arc::default());
        let table = [
            ("refused: tok-\"471", "refused: ***"),
            ("refused: tok-\"471x", "refused: ***x"),
            ("tok-4 is none of them", "tok-4 is none of them"),
            (r#"{"note":"She said \"call back on M"#, r#"{"note":"***"#),
            (r#"{"t":"Bearer tok-\"4711\"-and-more"}"#, r#"{"t":"***"}"#),
            ("She said \"call back on Monday\"\nżó", "***"),
        ];
        for (text, expected) in table {
            assert_eq!(redactor.redact(text), expected);
        }
        let shown =
            redactor.redact_json(json!({ "Bearer tok-\"4711\"-and-more": [input["note"], 7] }));
        assert_eq!(shown, json!({ "***": ["***", 7] }));
    }

    #[test]
    fn debug_output_shows_no_text() {
        let redactor = Redactor::new(INPUT.as_bytes().into(), Arc::default());
        assert!(!format!("{redactor:?}").contains("tok"));
    }
}
