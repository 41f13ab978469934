//! What is said of a custom field: for the person who fills in a form, builds it, or wrote the manifest.

use serde_json::Value;
use serde_json::value::RawValue;
use switchboard_connector_sdk::model::{InputFault, pointer_token};

use super::SUBMISSION;
use crate::manifest::{CustomField, FieldKind};

/// How much of a value, a name or an option is shown.
const MAX_CHARS: usize = 60;

/// How many options or fields are listed.
const MAX_LISTED: usize = 10;

/// A longer name is shown cut; a pointer would not be one any more.
const MAX_POINTER_NAME_BYTES: usize = 1000;

/// A required field has no value.
pub(super) fn missing(field: &CustomField) -> InputFault {
    let expected = match field.kind {
        FieldKind::Selection if field.has_fixed_options() => {
            format!("; expected {}", options(field))
        }
        _ => String::new(),
    };
    let message = format!("is required and missing{expected}{}", titled(field));
    at(&field.name, message)
}

/// A value does not fit its field.
pub(super) fn misfit(field: &CustomField, value: &RawValue, expected: &str) -> InputFault {
    let mut fault = InputFault::mismatch(pointer(&field.name), &field.name, expected, value);
    fault.message += &titled(field);
    fault
}

/// Lists what can be selected.
pub(super) fn options(field: &CustomField) -> String {
    let options: Vec<_> = field.options.iter().map(|option| option.text()).collect();
    any_of(options.iter().map(String::as_str))
}

/// A field is not one of the manifest's, which allows no others.
pub(super) fn unknown(name: &str, known: &[CustomField]) -> InputFault {
    let known = match known {
        [] => "the manifest defines none".to_owned(),
        _ => format!(
            "expected {}",
            any_of(known.iter().map(|field| field.name.as_str()))
        ),
    };
    if name.len() > MAX_POINTER_NAME_BYTES {
        let message = format!("{} is no custom field; {known}", quoted(name));
        return InputFault::new(format!("/{SUBMISSION}"), message);
    }
    at(name, format!("is no custom field; {known}"))
}

/// So many other fields, if any, are not the manifest's.
pub(super) fn others_unknown(n_others: usize) -> Option<InputFault> {
    let message = format!("holds {n_others} other fields that are no custom fields");
    (n_others > 0).then(|| InputFault::new(format!("/{SUBMISSION}"), message))
}

/// A field is not one of the manifest's, which allows others.
pub(super) fn passed_on(name: &str) -> String {
    format!(
        "{} is no custom field of the manifest and is passed on unchecked",
        quoted(name)
    )
}

/// So many other fields, if any, are passed on.
pub(super) fn others_passed_on(n_others: usize) -> Option<String> {
    (n_others > 0).then(|| {
        format!(
            "{n_others} other fields are no custom fields of the manifest and are passed on unchecked"
        )
    })
}

/// A value stands where none belongs.
pub(super) fn dropped(field: &CustomField) -> String {
    format!(
        "{} is a notice to users and holds no value; the value that was sent is left out{}",
        quoted(&field.name),
        titled(field)
    )
}

fn at(name: &str, message: String) -> InputFault {
    InputFault::new(pointer(name), message)
}

/// Returns where a field stands in an input.
fn pointer(name: &str) -> String {
    format!("/{SUBMISSION}/{}", pointer_token(name))
}

/// Names the field as people know it, where that says more than the pointer.
fn titled(field: &CustomField) -> String {
    if field.title == field.name {
        return String::new();
    }
    format!(" (field {})", quoted(&field.title))
}

fn any_of<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> String {
    let n_more = texts.len().saturating_sub(MAX_LISTED);
    let mut listed: Vec<_> = texts.take(MAX_LISTED).map(quoted).collect();
    if n_more > 0 {
        listed.push(format!("{n_more} more"));
    }
    match listed.as_slice() {
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
        [] => "nothing".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    shortened(&Value::from(text).to_string())
}

fn shortened(json: &str) -> String {
    match json.char_indices().nth(MAX_CHARS) {
        None => json.to_owned(),
        Some((end, _)) => format!("{}...", &json[..end]),
    }
}
