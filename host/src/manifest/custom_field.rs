//! `[[custom_fields]]`: what users may submit beside a call.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;
use toml::de::DeValue;

use super::{
    diagnostic::{Diagnostic, Place},
    iso_date::is_iso_date,
    reader::Item,
};

/// The definition of one field of `additionalSubmission`. Serializes with the names that stand in a manifest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CustomField {
    /// The member's name; no two fields share one.
    pub name: String,
    /// How people call it; the name, unless the manifest says otherwise.
    pub title: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Whether a call without it is refused.
    pub required: bool,
    /// Whether its options depend on the contact, so that the manifest cannot list all of them.
    pub contact_dependent: bool,
    /// Whether a value beside the options is allowed.
    pub allow_custom_value: bool,
    /// What can be selected, in order. None: whatever the user's side offers.
    pub options: Vec<FieldOption>,
    /// What is filled in if the input has no value: a string, number or boolean that fits the kind.
    pub default: Option<Value>,
    /// What the field is for.
    pub description: Option<String>,
}

/// What a custom field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// One of several options.
    Selection,
    /// A text that the user types.
    Input,
    /// A boolean.
    Checkbox,
    /// An ISO date.
    Date,
    /// A text.
    String,
    /// A notice to the user; it holds no value.
    Warning,
}

/// Something that can be selected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldOption {
    /// A string or number. Values are compared as text: 7 equals "7".
    pub value: Value,
    /// How people call it; the value, unless the manifest says otherwise.
    pub title: String,
}

pub(super) const KINDS: [(&str, FieldKind); 6] = [
    ("selection", FieldKind::Selection),
    ("input", FieldKind::Input),
    ("checkbox", FieldKind::Checkbox),
    ("date", FieldKind::Date),
    ("string", FieldKind::String),
    ("warning", FieldKind::Warning),
];

const EXPECTED_DATE: &str = "an ISO date such as \"2026-01-31\"";

/// Names that were seen before, with their places.
type Seen = HashMap<String, Place>;

impl CustomField {
    /// Whether only the listed options may be selected.
    pub fn has_fixed_options(&self) -> bool {
        !self.options.is_empty() && !self.contact_dependent && !self.allow_custom_value
    }
}

impl FieldOption {
    /// Returns the value as text, as which values are compared.
    pub fn text(&self) -> String {
        as_text(&self.value)
    }
}

/// Reads all definitions.
pub(super) fn read_all(item: Item<'_>) -> Option<Vec<CustomField>> {
    if item.value().is_table() {
        return item.mistyped("an array of tables: [[custom_fields]], in double brackets");
    }
    let mut seen = Seen::new();
    item.list(|item| read(item, &mut seen))
}

fn read(item: Item<'_>, seen: &mut Seen) -> Option<CustomField> {
    let mut table = item.table("[[custom_fields]]")?;
    let name = table.required("name", "name = \"deals\"", |item| {
        let name = item.filled()?;
        refuse_repeated(item, "custom field", &name, seen);
        Some(name)
    });
    let title = table.optional("title", Item::filled);
    let kind = table.required("type", "type = \"input\"", |item| item.choice(&KINDS));
    let required = table.optional("required", |item| required(item, kind));
    let contact_dependent = table.optional("contact_dependent", Item::boolean);
    let allow_custom_value = table.optional("allow_custom_value", Item::boolean);
    let options = table.optional("options", |item| options(item, kind));
    let description = table.optional("description", Item::text);
    let field = kind.map(|kind| CustomField {
        name: name.clone().unwrap_or_default(),
        title: title.or(name.clone()).unwrap_or_default(),
        kind,
        required: required.unwrap_or_default(),
        contact_dependent: contact_dependent.unwrap_or_default(),
        allow_custom_value: allow_custom_value.unwrap_or_default(),
        options: options.as_deref().and_then(all).unwrap_or_default(),
        default: None,
        description,
    });
    // What fits depends on the rest of the definition.
    let default = table.optional("default", |item| match &field {
        Some(field) => default(item, field),
        None => unjudged(item),
    });
    table.finish();
    name?;
    Some(CustomField { default, ..field? })
}

fn required(item: Item<'_>, kind: Option<FieldKind>) -> Option<bool> {
    let required = item.boolean()?;
    if required && kind == Some(FieldKind::Warning) {
        let message = "a field of type `warning` holds no value and cannot be required";
        item.report(Diagnostic::new(item.place(), message).help("leave `required` out"));
    }
    Some(required)
}

/// Returns `None` in the place of a faulty option.
fn options(item: Item<'_>, kind: Option<FieldKind>) -> Option<Vec<Option<FieldOption>>> {
    if kind.is_some_and(|kind| kind != FieldKind::Selection) {
        let message = "only a field of type `selection` has options";
        let help = "write `type = \"selection\"`, or leave `options` out";
        item.report(Diagnostic::new(item.place(), message).help(help));
    }
    let mut seen = Seen::new();
    item.list(|item| Some(option(item, &mut seen)))
}

/// Returns the options if all are known: from a part of them nobody can say that a default is none of them.
fn all(options: &[Option<FieldOption>]) -> Option<Vec<FieldOption>> {
    options.iter().cloned().collect()
}

fn option(item: Item<'_>, seen: &mut Seen) -> Option<FieldOption> {
    let mut table = item.table("an entry of `options`")?;
    let value = table.required("value", "value = \"1\"", |item| {
        let value = text_or_number(item)?;
        refuse_repeated(item, "option", &as_text(&value), seen);
        Some(value)
    });
    let title = table.optional("title", Item::filled);
    table.finish();
    let value = value?;
    Some(FieldOption {
        title: title.unwrap_or_else(|| as_text(&value)),
        value,
    })
}

fn default(item: Item<'_>, field: &CustomField) -> Option<Value> {
    match field.kind {
        FieldKind::Selection => {
            let default = text_or_number(item)?;
            refuse_unlisted(item, &default, field);
            Some(default)
        }
        FieldKind::Input | FieldKind::String => item.text().map(Value::from),
        FieldKind::Checkbox => item.boolean().map(Value::from),
        FieldKind::Date => date(item).map(Value::from),
        FieldKind::Warning => {
            let message = "a field of type `warning` holds no value and has no default";
            item.report(Diagnostic::new(item.place(), message).help("leave `default` out"));
            None
        }
    }
}

/// Reads the default of a field of no known type: only the variables in it can be judged.
fn unjudged(item: Item<'_>) -> Option<Value> {
    if let DeValue::String(_) = item.value() {
        item.text();
    }
    None
}

fn text_or_number(item: Item<'_>) -> Option<Value> {
    match item.value() {
        DeValue::String(_) => item.filled().map(Value::from),
        DeValue::Integer(_) => item.integer(i64::MIN..=i64::MAX).map(Value::from),
        DeValue::Float(number) => match number.as_str().parse().map(serde_json::Number::from_f64) {
            Ok(Some(number)) => Some(Value::Number(number)),
            _ => item.refuse("a finite number"),
        },
        _ => item.mistyped("a string or a number"),
    }
}

/// Reads a date that is written as a TOML date or as text.
fn date(item: Item<'_>) -> Option<String> {
    let text = match item.value() {
        DeValue::Datetime(date) => date.to_string(),
        DeValue::String(_) => item.text()?,
        _ => return item.mistyped(EXPECTED_DATE),
    };
    if is_iso_date(&text) {
        Some(text)
    } else {
        item.refuse(EXPECTED_DATE)
    }
}

fn refuse_unlisted(item: Item<'_>, default: &Value, field: &CustomField) {
    let is_listed = field
        .options
        .iter()
        .any(|option| option.text() == as_text(default));
    if field.has_fixed_options() && !is_listed {
        let help = "add it to `options`, or write `allow_custom_value = true`";
        let message = "the default is none of the options";
        item.report(Diagnostic::new(item.place(), message).help(help));
    }
}

/// Reports a name that came before, or keeps it.
fn refuse_repeated(item: Item<'_>, what: &str, name: &str, seen: &mut Seen) {
    if let Some(first) = seen.get(name) {
        let fault = Diagnostic::new(item.place(), format!("the {what} is defined twice"))
            .label("expected another name")
            .related(first.clone(), "first defined here");
        item.report(fault);
    } else {
        seen.insert(name.to_owned(), item.place());
    }
}

/// Returns a text as it is, another value as JSON writes it.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
