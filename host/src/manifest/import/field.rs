//! The fields of App Connect's form for a call, as `[[custom_fields]]`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Document, Node, Object, document, javascript::selectable, members, options, quoted_for_people,
};
use crate::manifest::{
    CustomField, FieldKind, FieldOption,
    custom_field::{KINDS, as_text},
    is_iso_date,
};

/// What became of a field: one with what of it is lost, or why it cannot be carried over.
pub(super) type Entry = Result<Draft, String>;

/// A field, and what of it is lost.
pub(super) struct Draft {
    field: CustomField,
    lost: Vec<String>,
}

/// Reads every field.
pub(super) fn read_all(fields: &Node<'_>) -> Vec<Entry> {
    let mut names = BTreeSet::new();
    let objects = fields.entries().filter_map(Node::object);
    let entries = objects.filter_map(|object| {
        let name = name(&object)?;
        let entry = read(&object, &name, &mut names);
        Some(entry.map_err(|reason| format!("the field {}: {reason}", quoted_for_people(&name))))
    });
    entries.collect()
}

/// Writes every field that can be carried over, and a note for each of the others.
pub(super) fn write_all(entries: &[Entry], document: &mut Document) {
    for entry in entries {
        document.gap();
        match entry {
            Ok(draft) => write(draft, document),
            Err(note) => document.not_carried_over("", std::slice::from_ref(note)),
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
    let options = options::read(object, kind, &mut lost);
    let mut field = CustomField {
        name: name.to_owned(),
        title: title.unwrap_or(name).to_owned(),
        kind,
        required: object.flag("required"),
        contact_dependent: object.flag("contactDependent"),
        // Without options any value is accepted as it is.
        allow_custom_value: object.flag("allowCustomValue")
            || (options.has_others && !options.listed.is_empty()),
        options: options.listed,
        default: None,
        description: object.text("description").map(str::to_owned),
    };
    if object.flag("contactTypeDependent") {
        lost.push(
            "`contactTypeDependent`: its options depend on the kind of contact, so any value \
                   is accepted"
                .to_owned(),
        );
    }
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
    let (_, kind) =
        known.ok_or_else(|| format!("Switchboard knows no type {}", quoted_for_people(word)))?;
    Ok(*kind)
}

fn default(object: &Object<'_>, field: &CustomField, lost: &mut Vec<String>) -> Option<Value> {
    let written = object.member("defaultValue")?.value;
    // In a form, an empty text is none.
    if written == "" {
        return None;
    }
    let default = match (field.kind, written) {
        (FieldKind::Selection, value) => {
            selectable(value).filter(|value| is_accepted(value, field))
        }
        (FieldKind::Checkbox, Value::Bool(_)) => Some(written.clone()),
        (FieldKind::Input | FieldKind::String, Value::String(_)) => Some(written.clone()),
        (FieldKind::Date, Value::String(text)) => is_iso_date(text).then(|| written.clone()),
        _ => None,
    };
    if default.is_none() {
        let shown = quoted_for_people(&as_text(written));
        lost.push(format!("`defaultValue`: {shown} is no value of this field"));
    }
    default
}

fn is_accepted(value: &Value, field: &CustomField) -> bool {
    let is_option = |option: &FieldOption| option.text() == as_text(value);
    !field.has_fixed_options() || field.options.iter().any(is_option)
}

fn write(draft: &Draft, document: &mut Document) {
    let field = &draft.field;
    let subject = format!("of the field {}, ", quoted_for_people(&field.name));
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
        document::toml_text(&option.title)
    )
}
