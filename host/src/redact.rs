//! Takes secrets and private texts out of what people and log files get to see.
//!
//! What egress and the pipeline write holds none by construction. This is for texts that a connector or a CRM wrote:
//! fault messages, log lines, answers. A text is removed where it or its beginning stands, as it is and as JSON and HTML
//! write it; a private one also line by line. What a connector has cut up or encoded in another way cannot be found.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};
use switchboard_connector_sdk::model::{MAX_NESTING, is_private_member, is_secret_member};

use crate::input::{AUTH_HEADER, Members};
use crate::secret::Secret;

/// What stands in the place of a removed text.
pub(crate) const MASK: &str = "***";

/// Shorter texts occur by chance: removing every `no` would garble a message and reveal the note.
const MIN_SECRET_CHARS: usize = 4;
const MIN_PRIVATE_CHARS: usize = 8;
const MIN_PERSONAL_CHARS: usize = 4;

/// Shorter parts of a URL are words like `api` or `v1`.
const MIN_URL_PART_CHARS: usize = 8;

/// How many first bytes texts are found by: no more than the shortest text has.
const KEY_BYTES: usize = MIN_SECRET_CHARS;

/// So much of the beginning of a longer text gives it away: whoever quotes a CRM may have cut the quotation.
const TELLING_SECRET_CHARS: usize = 8;
const TELLING_PRIVATE_CHARS: usize = 16;

/// Removes what is secret or private in one call.
///
/// Most calls write nothing that has to be searched, so the texts are collected when the first one is.
#[derive(Clone)]
pub(crate) struct Redactor(Arc<Inner>);

struct Inner {
    inputs: Vec<Arc<[u8]>>,
    secrets: Arc<[Secret]>,
    scope: Scope,
    texts: OnceLock<Texts>,
}

/// What is removed beside secrets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Nothing,
    /// What was said and written in a call.
    Private,
    /// Who was in it, as well.
    Personal,
}

/// The texts to remove, by their first bytes.
#[derive(Default)]
struct Texts(HashMap<[u8; KEY_BYTES], Vec<Hidden>>);

/// A text to remove.
struct Hidden {
    text: String,
    /// Where its telling beginning ends.
    telling: usize,
}

impl Redactor {
    /// Removes what is secret or private in the JSON texts that came in for a call, and texts known to be secret.
    pub(crate) fn new(inputs: Vec<Arc<[u8]>>, secrets: Arc<[Secret]>) -> Self {
        Self(Arc::new(Inner {
            inputs,
            secrets,
            scope: Scope::Private,
            texts: OnceLock::new(),
        }))
    }

    /// Returns a redactor that removes secrets only, for those who ask to see what is written.
    pub(crate) fn showing_private(&self) -> Self {
        self.with_scope(Scope::Nothing)
    }

    /// Returns a redactor that removes names, phone numbers and addresses as well, for what is kept.
    pub(crate) fn for_keeping(&self) -> Self {
        self.with_scope(Scope::Personal)
    }

    fn with_scope(&self, scope: Scope) -> Self {
        Self(Arc::new(Inner {
            inputs: self.0.inputs.clone(),
            secrets: Arc::clone(&self.0.secrets),
            scope,
            texts: OnceLock::new(),
        }))
    }

    /// Returns a redactor that knows another JSON text as well.
    pub(crate) fn with(&self, input: Vec<u8>) -> Self {
        Self(Arc::new(Inner {
            inputs: [self.0.inputs.as_slice(), &[input.into()]].concat(),
            secrets: Arc::clone(&self.0.secrets),
            scope: self.0.scope,
            texts: OnceLock::new(),
        }))
    }

    /// Returns the text without what must not be shown.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.0
            .texts
            .get_or_init(|| self.0.collect())
            .removed_from(text)
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

impl Texts {
    /// Adds a text in each form in which it may be quoted.
    fn add(&mut self, text: &str, n_telling: usize) {
        let html = as_html(text);
        let mut forms = vec![text.to_owned(), as_json(text), as_json(&html), html];
        forms.sort_unstable();
        forms.dedup();
        for form in forms {
            self.add_form(form, n_telling);
        }
    }

    /// Adds a text as it stands. What everybody could guess of its beginning gives nothing away.
    fn add_form(&mut self, text: String, n_telling: usize) {
        // The least number of characters is at least that of the key's bytes.
        let Some(key) = text.as_bytes().first_chunk().copied() else {
            return;
        };
        let n_guessed = url_scheme(&text).chars().count();
        let telling = text.char_indices().nth(n_guessed + n_telling);
        let telling = telling.map_or(text.len(), |(end, _)| end);
        let hidden = Hidden { text, telling };
        self.0.entry(key).or_default().push(hidden);
    }

    /// Adds a secret. Of a URL also the parts that hold one: others may quote a path without its host.
    fn add_secret(&mut self, secret: &str) {
        let secret = secret.trim();
        for text in std::iter::once(secret).chain(secret_parts(secret)) {
            if is_long_enough(text) {
                self.add(text, TELLING_SECRET_CHARS);
            }
        }
    }

    /// Adds an `Authorization` value: what follows its scheme, since people may read `Bearer`. Without one, all of it.
    fn add_authorization(&mut self, value: &str) {
        self.add_secret(after_scheme(value).unwrap_or(value));
    }

    /// Adds a secret of a manifest. It may be an `Authorization` value, too, which others quote without the scheme.
    fn add_setting(&mut self, secret: &str) {
        self.add_secret(secret);
        after_scheme(secret)
            .into_iter()
            .for_each(|token| self.add_secret(token));
    }

    /// Adds a private text, and each of its lines.
    fn add_private(&mut self, text: &str) {
        for part in std::iter::once(text).chain(lines(text)).map(str::trim) {
            if part.chars().count() >= MIN_PRIVATE_CHARS {
                self.add(part, TELLING_PRIVATE_CHARS);
            }
        }
    }

    /// Adds a name or a number. Its beginning gives nobody away, so all of it has to stand there.
    fn add_personal(&mut self, text: &str) {
        let text = text.trim();
        if text.chars().count() >= MIN_PERSONAL_CHARS {
            self.add(text, text.chars().count());
        }
    }

    /// Masks every text, and what begins like one as far as it does.
    fn removed_from(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            match self.hidden_at_start(rest) {
                0 => {
                    shown.push(first);
                    rest = &rest[first.len_utf8()..];
                }
                hidden => {
                    shown.push_str(MASK);
                    rest = &rest[hidden..];
                }
            }
        }
        shown
    }

    /// Returns how many bytes at the start of a text must not be shown: the most that any hidden text asks for.
    fn hidden_at_start(&self, text: &str) -> usize {
        let Some(key) = text.as_bytes().first_chunk::<KEY_BYTES>() else {
            return 0;
        };
        let candidates = self.0.get(key).into_iter().flatten();
        let equal = candidates.map(|hidden| (common_prefix(text, &hidden.text), hidden.telling));
        let given_away = equal.filter(|(equal, telling)| equal >= telling);
        given_away.map(|(equal, _)| equal).max().unwrap_or(0)
    }
}

/// Writes a text as it stands within a JSON string.
fn as_json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Writes a text as it stands in the HTML of a log entry.
fn as_html(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    escaped
        .replace("\r\n", "<br>")
        .replace(['\n', '\r'], "<br>")
}

/// Splits a text into lines, also one that is HTML, as a composed log entry may be.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r'])
        .flat_map(|part| part.split("<br>"))
        .flat_map(|part| part.split("</li>"))
        .flat_map(|part| part.split("</div>"))
}

fn is_long_enough(secret: &str) -> bool {
    secret.chars().count() >= MIN_SECRET_CHARS
}

/// Returns what follows the scheme of an `Authorization` value, if that is enough to be the secret.
fn after_scheme(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let is_scheme = scheme.bytes().all(|byte| byte.is_ascii_alphabetic());
    (is_scheme && is_long_enough(token.trim())).then_some(token)
}

/// Returns what a URL begins with, e.g. `https://`; of another text nothing.
fn url_scheme(text: &str) -> &str {
    let is_scheme = |word: &str| {
        word.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    match text.split_once("://") {
        Some((scheme, _)) if is_scheme(scheme) => &text[..scheme.len() + "://".len()],
        _ => "",
    }
}

/// Returns the parts of a URL that may be secrets by themselves: user and password, long segments of the path, and long
/// values of the query. Another text has none.
fn secret_parts(text: &str) -> Vec<&str> {
    let Some(rest) = text
        .get(url_scheme(text).len()..)
        .filter(|rest| rest.len() < text.len())
    else {
        return Vec::new();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let values = query
        .split(['&', '#'])
        .map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    let long = path.split(['/', '#']).chain(values);
    let long = long.filter(|part| part.chars().count() >= MIN_URL_PART_CHARS);
    let user_info = authority.rsplit_once('@').map(|(user_info, _)| user_info);
    let user_info = user_info.into_iter().flat_map(|it| it.split(':'));
    user_info.chain(long).collect()
}

/// Returns how many bytes both texts begin with, in whole characters.
fn common_prefix(left: &str, right: &str) -> usize {
    let pairs = left.chars().zip(right.chars());
    let equal = pairs.take_while(|(left, right)| left == right);
    equal.map(|(character, _)| character.len_utf8()).sum()
}

impl Inner {
    fn collect(&self) -> Texts {
        let mut texts = Texts::default();
        self.secrets
            .iter()
            .for_each(|secret| texts.add_setting(secret.expose()));
        for input in &self.inputs {
            // An input that is no JSON is refused before anyone could write about it.
            match serde_json::from_slice::<Value>(input) {
                Ok(input) => collect(&input, self.scope, &mut texts),
                Err(_) => collect_readable(input, 0, self.scope, &mut texts),
            }
        }
        texts
    }
}

/// Shows none of the texts.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Redactor").finish_non_exhaustive()
    }
}

/// Collects from the members that can be read, where another is nested too deep. The faults of such an input quote it.
fn collect_readable(object: &[u8], depth: usize, scope: Scope, texts: &mut Texts) {
    let members = Members::read(object).unwrap_or_default();
    for (name, raw) in members.iter() {
        match serde_json::from_str::<Value>(raw.get()) {
            Ok(value) => {
                let member = Map::from_iter([(name.to_owned(), value)]);
                collect(&Value::Object(member), scope, texts);
            }
            Err(_) if depth < MAX_NESTING => {
                collect_readable(raw.get().as_bytes(), depth + 1, scope, texts);
            }
            Err(_) => {}
        }
    }
}

fn collect(value: &Value, scope: Scope, texts: &mut Texts) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name.eq_ignore_ascii_case(AUTH_HEADER) {
                    for_each_text(value, &mut |text| texts.add_authorization(text));
                } else if is_secret_member(name) {
                    for_each_text(value, &mut |text| texts.add_secret(text));
                } else if scope >= Scope::Private && is_private_member(name) {
                    for_each_text(value, &mut |text| texts.add_private(text));
                } else if scope >= Scope::Personal && is_personal_member(name) {
                    for_each_text(value, &mut |text| texts.add_personal(text));
                } else {
                    collect(value, scope, texts);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, scope, texts)),
        _ => {}
    }
}

/// Whether a member of this name says who took part in a call.
fn is_personal_member(name: &str) -> bool {
    const SUFFIXES: [&str; 5] = ["name", "number", "email", "address", "location"];
    const OTHERS: [&str; 2] = ["hostname", "timezonename"];
    let name = name.to_ascii_lowercase();
    let is_one = SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    is_one && !OTHERS.contains(&name.as_str())
}

fn for_each_text(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| for_each_text(item, visit)),
        Value::Object(members) => members
            .values()
            .for_each(|value| for_each_text(value, visit)),
        Value::Number(number) => visit(&number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests;
