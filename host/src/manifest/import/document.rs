//! A TOML text as a person would write it, with comments.

use serde_json::Value;
use toml_writer::{ToTomlValue, TomlStringBuilder};

/// The longest line of a comment or an array, in characters. A word alone may be longer.
const WIDTH: usize = 110;

/// What has been written so far.
#[derive(Default)]
pub(super) struct Document {
    text: String,
    notes: Vec<String>,
}

impl Document {
    /// Returns the text and what was not carried over.
    pub(super) fn finish(self) -> (String, Vec<String>) {
        (self.text, self.notes)
    }

    /// Writes an empty line.
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// Writes a comment over as many lines as it needs. What others wrote has to be quoted in it.
    pub(super) fn comment(&mut self, text: &str) {
        self.wrapped("#", "#", text);
    }

    /// Writes a comment as it is, in one line.
    pub(super) fn example(&mut self, text: &str) {
        self.line(&format!("#     {text}"));
    }

    /// Writes down what of a subject is not carried over, and keeps it for whoever imports. Without a subject it is a
    /// part of the platform.
    pub(super) fn not_carried_over(&mut self, subject: &str, notes: &[String]) {
        if !notes.is_empty() {
            self.comment("Not carried over:");
        }
        for note in notes {
            self.wrapped("# -", "#  ", note);
            self.notes.push(format!("{subject}{note}"));
        }
    }

    /// Writes words behind a mark, and behind another one on further lines.
    fn wrapped(&mut self, first: &str, further: &str, text: &str) {
        let mut line = first.to_owned();
        let mut has_words = false;
        for word in text.split_whitespace() {
            if has_words && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                line = further.to_owned();
            }
            line.push(' ');
            line.push_str(word);
            has_words = true;
        }
        self.line(&line);
    }

    /// Starts a table, `[crm]`, or an entry of an array of tables, `[[custom_fields]]`.
    pub(super) fn table(&mut self, header: &str) {
        self.line(header);
    }

    pub(super) fn integer(&mut self, key: &str, value: i64) {
        self.entry(key, &value.to_toml_value());
    }

    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.entry(key, &toml_text(text));
    }

    /// Writes a boolean, unless it is the default.
    pub(super) fn flag(&mut self, key: &str, flag: bool) {
        if flag {
            self.entry(key, "true");
        }
    }

    /// Writes a boolean, number or string.
    pub(super) fn scalar(&mut self, key: &str, value: &Value) {
        self.entry(key, &scalar(value));
    }

    /// Writes an array in one line, or if that becomes too long, with a line for each value.
    pub(super) fn array(&mut self, key: &str, values: &[String]) {
        let line = format!("[{}]", values.join(", "));
        if key.len() + 3 + line.chars().count() <= WIDTH {
            self.entry(key, &line);
            return;
        }
        self.line(&format!("{key} = ["));
        for value in values {
            self.line(&format!("    {value},"));
        }
        self.line("]");
    }

    fn entry(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {value}"));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// Writes a text as a string of TOML in one line, in a way that a reader of manifests finds no variable in it.
pub(super) fn toml_text(text: &str) -> String {
    let text = text.replace("${", "$${");
    TomlStringBuilder::new(&text).as_basic().to_toml_value()
}

/// Writes a boolean, a number that fits into 64 bits, or a string.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_toml_value(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer.to_toml_value(),
            (None, float) => float.unwrap_or_default().to_toml_value(),
        },
        Value::String(text) => toml_text(text),
        other => toml_text(&other.to_string()),
    }
}
