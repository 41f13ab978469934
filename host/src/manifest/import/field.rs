//! The fields of App Connect's form for a call, as `[[custom_fields]]`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Document, Node, Object, document, members, quoted};
use crate::manifest::{
    CustomField, FieldKind, FieldOption,
    custom_field::{KINDS, as_text, is_date},
};

/// A field, and what of it is lost.
struct Draft {
    field: CustomField,
    lost: Vec<String>,
}

/// Writes every field that can be carried over, and a note for each of the others.
pub(super) fn import_all(fields: &Node<'_>, document: &mut Document) {
    let mut names = BTreeSet::new();
    for node in fields.entries() {
        let Some(object) = node.object() else {
            continue;
        };
        let Some(name) = name(&object) else { continue };
        document.gap();
        match read(&object, &name, &mut names) {
            Ok(draft) => write(&draft, document),
            Err(reason) => {
                let note = format!("the field {}: {reason}", quoted(&name));
                document.not_carried_over("", &[note]);
            }
        }
    }
}

fn name(object: &Object<'_>) -> Option<String> {
    let node = object.required("const", "the field's name")?;
    let name = node.text()?;
    if name.trim().is_empty() {
        node.report("the name of a field is empty");
        return None;
    }
    Some(name.to_owned())
}

/// Reads a field; the error says why it cannot be carried over.
fn read(object: &Object<'_>, name: &str, names: &mut BTreeSet<String>) -> Result<Draft, String> {
    let kind = kind(object.text("type"))?;
    if !names.insert(name.to_owned()) {
        return Err("another field has that name".to_owned());
    }
    let mut lost = Vec::new();
    let title = object
        .text("title")
        .filter(|title| !title.trim().is_empty());
    let mut field = CustomField {
        name: name.to_owned(),
        title: title.unwrap_or(name).to_owned(),
        kind,
        required: object.flag("required"),
        contact_dependent: object.flag("contactDependent"),
        allow_custom_value: object.flag("allowCustomValue"),
        options: options(object, kind, &mut lost),
        default: None,
        description: object.text("description").map(str::to_owned),
    };
    if kind == FieldKind::Warning && field.required {
        field.required = false;
        lost.push("`required`: a warning holds no value".to_owned());
    }
    field.default = default(object, &field, &mut lost);
    lost.extend(members::lost("", object, members::FIELD));
    Ok(Draft { field, lost })
}

fn kind(word: Option<&str>) -> Result<FieldKind, String> {
    let word = word.ok_or("it has no type")?;
    let ours = if word == "inputField" { "input" } else { word };
    let known = KINDS.iter().find(|(known, _)| *known == ours);
    let (_, kind) = known.ok_or_else(|| format!("Switchboard knows no type {}", quoted(word)))?;
    Ok(*kind)
}

/// Reads all options, or none if one cannot be carried over: with the others alone, its value would be refused.
fn options(object: &Object<'_>, kind: FieldKind, lost: &mut Vec<String>) -> Vec<FieldOption> {
    let Some(node) = object.member("options") else {
        return Vec::new();
    };
    if kind != FieldKind::Selection {
        lost.push("`options`: only a selection has any".to_owned());
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let mut options = Vec::new();
    let mut is_whole = true;
    for entry in node.entries().filter_map(Node::object) {
        match option(&entry, &mut seen) {
            Ok(option) => options.push(option),
            Err(NoOption::Needless(reason)) => lost.push(reason),
            Err(NoOption::Unfit) => is_whole = false,
        }
        let members = members::lost("", &entry, &[]);
        lost.extend(
            members
                .iter()
                .map(|member| format!("of an option, {member}")),
        );
    }
    if is_whole {
        return options;
    }
    lost.push(
        "`options`: not all of them are texts or numbers, so any value is accepted".to_owned(),
    );
    Vec::new()
}

/// Why an option is not carried over.
enum NoOption {
    /// Nobody misses it.
    Needless(String),
    /// A manifest cannot hold its value.
    Unfit,
}

fn option(entry: &Object<'_>, seen: &mut BTreeSet<String>) -> Result<FieldOption, NoOption> {
    let title = entry.text("title").filter(|title| !title.trim().is_empty());
    let value = entry
        .member("const")
        .map_or(&Value::Null, |node| node.value);
    let text = as_text(value);
    let title = title.unwrap_or(&text).to_owned();
    let needless = |reason| NoOption::Needless(format!("the option {}: {reason}", quoted(&title)));
    if value.is_null() || value == "" {
        return Err(needless("it has no value, as a field that is left out"));
    }
    if !is_selectable(value) {
        return Err(NoOption::Unfit);
    }
    if !seen.insert(text) {
        return Err(needless("another one has its value"));
    }
    Ok(FieldOption {
        value: value.clone(),
        title,
    })
}

/// Whether a value can be one of several: a number that TOML can hold, or a text.
fn is_selectable(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_i64() || number.is_f64(),
        Value::String(text) => !text.trim().is_empty(),
        _ => false,
    }
}

fn default(object: &Object<'_>, field: &CustomField, lost: &mut Vec<String>) -> Option<Value> {
    let default = object.member("defaultValue")?.value;
    let fits = match (field.kind, default) {
        // In a form, an empty text is none.
        (_, Value::String(text)) if text.is_empty() => return None,
        (FieldKind::Checkbox, Value::Bool(_)) => true,
        (FieldKind::Input | FieldKind::String, Value::String(_)) => true,
        (FieldKind::Date, Value::String(text)) => is_date(text),
        (FieldKind::Selection, value) => {
            let is_option = |option: &FieldOption| option.text() == as_text(value);
            is_selectable(value)
                && (!field.has_fixed_options() || field.options.iter().any(is_option))
        }
        _ => false,
    };
    if !fits {
        let shown = as_text(default);
        lost.push(format!(
            "`defaultValue`: {} is no value of this field",
            quoted(&shown)
        ));
    }
    fits.then(|| default.clone())
}

fn write(draft: &Draft, document: &mut Document) {
    let field = &draft.field;
    let subject = format!("of the field {}, ", quoted(&field.name));
    document.not_carried_over(&subject, &draft.lost);
    document.table("[[custom_fields]]");
    document.text("name", &field.name);
    document.text("title", &field.title);
    let word = KINDS.iter().find(|(_, kind)| *kind == field.kind);
    document.text("type", word.map_or("string", |(word, _)| word));
    document.flag("required", field.required);
    document.flag("contact_dependent", field.contact_dependent);
    document.flag("allow_custom_value", field.allow_custom_value);
    if !field.options.is_empty() {
        let options: Vec<_> = field.options.iter().map(written).collect();
        document.array("options", &options);
    }
    if let Some(default) = &field.default {
        document.scalar("default", default);
    }
    if let Some(description) = &field.description {
        document.text("description", description);
    }
}

fn written(option: &FieldOption) -> String {
    let value = document::scalar(&option.value);
    format!(
        "{{ value = {value}, title = {} }}",
        document::quoted(&option.title)
    )
}
