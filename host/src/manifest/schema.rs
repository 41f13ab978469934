//! `[settings]` against the JSON Schema that the connector ships.
//!
//! The messages are made from the schema and from the kind of each fault, never from a setting's value.

use std::collections::BTreeSet;

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::Value;

use super::{
    diagnostic::{Diagnostic, Place, listed, quoted_for_people},
    faults::Faults,
    settings::{Settings, join},
    unknown_keys,
};

/// What the faults of the schema's validation are explained with.
struct Check<'a> {
    settings: &'a Settings,
    /// The JSON pointers of unknown keys. A schema that forbids other keys itself finds them again.
    reported: BTreeSet<&'a str>,
}

/// The faults of a value under one of several schemas that it could fit.
type Branch = Vec<ValidationError<'static>>;

/// Returns every fault of the settings. `library` is where the manifest names the connector: a faulty schema
/// is its.
pub(super) fn check(settings: &Settings, library: &Place, schema: &Value) -> Vec<Diagnostic> {
    let validator = match jsonschema::options().offline().build(schema) {
        Ok(validator) => validator,
        Err(error) => return vec![faulty_schema(library, &error)],
    };
    let values = settings.to_json();
    let unknown = unknown_keys::find(schema, &values);
    let check = Check {
        settings,
        reported: unknown.iter().map(|key| key.pointer.as_str()).collect(),
    };
    let mut faults = Faults::default();
    for key in &unknown {
        let fault = unknown_key(settings, &key.pointer, &key.name);
        let known = key.known.iter().copied();
        let fault = fault.label(format!("expected {}", listed(known.clone())));
        faults.push(fault.did_you_mean(&key.name, known));
    }
    for error in validator.iter_errors(&values) {
        for fault in check.explain(&error) {
            faults.push(fault);
        }
    }
    faults.into_vec(library.source())
}

impl Check<'_> {
    fn explain(&self, error: &ValidationError<'_>) -> Vec<Diagnostic> {
        use ValidationErrorKind as Kind;
        let pointer = error.instance_path().as_str();
        match error.kind() {
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => {
                let keys = unexpected.iter().map(|name| (join(pointer, name), name));
                keys.filter(|(pointer, _)| !self.reported.contains(pointer.as_str()))
                    .map(|(pointer, name)| unknown_key(self.settings, &pointer, name))
                    .collect()
            }
            Kind::Required { property } => {
                vec![self.missing(pointer, property.as_str().unwrap_or_default())]
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                self.explain_choice(pointer, context)
            }
            kind => vec![self.refuse(pointer, &expectation(kind))],
        }
    }

    /// Explains a value that fits none of several schemas.
    ///
    /// Those that are meant for other values are left aside. If one is left its faults are the value's; if
    /// each says in a word what it expects, the words are listed.
    fn explain_choice(&self, pointer: &str, branches: &[Branch]) -> Vec<Diagnostic> {
        let apt = branches.iter().filter(|branch| is_apt(branch, pointer));
        let mut apt: Vec<_> = apt.collect();
        if let [branch] = apt.as_slice() {
            return branch
                .iter()
                .flat_map(|fault| self.explain(fault))
                .collect();
        }
        if apt.is_empty() {
            apt = branches.iter().collect();
        }
        let words: Option<Vec<_>> = apt.iter().map(|branch| only_expectation(branch)).collect();
        let expected = match words {
            Some(words) if !words.is_empty() => words.join(" or "),
            _ => "what one of the forms in the connector's schema describes".to_owned(),
        };
        vec![self.refuse(pointer, &expected)]
    }

    fn missing(&self, pointer: &str, name: &str) -> Diagnostic {
        let message = format!(
            "missing setting {}",
            quoted_for_people(&dotted(&join(pointer, name)))
        );
        let table = if pointer.is_empty() {
            "[settings]"
        } else {
            "this table"
        };
        Diagnostic::new(self.settings.value_place(pointer), message)
            .help(format!("add `{name} = ..` to {table}"))
    }

    fn refuse(&self, pointer: &str, expected: &str) -> Diagnostic {
        let message = format!(
            "setting {} is not {expected}",
            quoted_for_people(&dotted(pointer))
        );
        Diagnostic::new(self.settings.value_place(pointer), message)
            .label(format!("expected {expected}"))
    }
}

fn faulty_schema(library: &Place, error: &ValidationError<'_>) -> Diagnostic {
    let place = error.instance_path();
    let reason = error.masked();
    let message =
        format!("the connector's JSON Schema of its settings is faulty at `{place}`: {reason}");
    Diagnostic::new(library.clone(), message)
        .help("use another version of the connector, and tell its author")
}

fn unknown_key(settings: &Settings, pointer: &str, name: &str) -> Diagnostic {
    let message = format!("unknown setting {}", quoted_for_people(name));
    Diagnostic::new(settings.key_place(pointer), message).label("expected another key")
}

/// Whether a schema is meant for a value that has these faults under it: not if it wants another type, like the
/// `null` of an optional setting, nor if it wants another constant in a member, the tag of another variant.
fn is_apt(branch: &Branch, pointer: &str) -> bool {
    !branch.iter().any(|fault| {
        let is_here = fault.instance_path().as_str() == pointer;
        match fault.kind() {
            ValidationErrorKind::Type { .. } => is_here,
            ValidationErrorKind::Constant { .. } => !is_here,
            _ => false,
        }
    })
}

fn only_expectation(branch: &Branch) -> Option<String> {
    match branch.as_slice() {
        [fault] => Some(expectation(fault.kind())),
        _ => None,
    }
}

/// Says what a value should have been.
fn expectation(kind: &ValidationErrorKind) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { kind } => types(kind),
        Kind::Enum { options } => constants(options.as_array().map_or(&[], Vec::as_slice)),
        Kind::Constant { expected_value } => constants(std::slice::from_ref(expected_value)),
        Kind::Minimum { limit } => format!("at least {limit}"),
        Kind::Maximum { limit } => format!("at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("a text of at least {limit} characters"),
        Kind::MaxLength { limit } => format!("a text of at most {limit} characters"),
        Kind::MinItems { limit } => format!("an array of at least {limit} entries"),
        Kind::MaxItems { limit } => format!("an array of at most {limit} entries"),
        Kind::MinProperties { limit } => format!("a table of at least {limit} keys"),
        Kind::MaxProperties { limit } => format!("a table of at most {limit} keys"),
        Kind::UniqueItems => "an array of different entries".to_owned(),
        Kind::Pattern { pattern } => format!(
            "a text that matches the pattern {}",
            quoted_for_people(pattern)
        ),
        Kind::Format { format } => format!("a text of the format {}", quoted_for_people(format)),
        Kind::OneOfMultipleValid { .. } => {
            "what exactly one of the forms in the connector's schema describes".to_owned()
        }
        other => format!(
            "what {} in the connector's schema of its settings allows",
            quoted_for_people(other.keyword())
        ),
    }
}

fn types(kind: &TypeKind) -> String {
    let names: Vec<_> = match kind {
        TypeKind::Single(only) => vec![type_name(only.as_str())],
        TypeKind::Multiple(several) => several.iter().map(|t| type_name(t.as_str())).collect(),
    };
    // TOML has no null: nobody can write it.
    let names: Vec<_> = names.into_iter().filter(|name| *name != "null").collect();
    names.join(" or ")
}

fn type_name(json: &'static str) -> &'static str {
    match json {
        "string" => "a string",
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "array" => "an array",
        "object" => "a table",
        other => other,
    }
}

fn constants(values: &[Value]) -> String {
    let texts: Vec<_> = values
        .iter()
        .filter(|value| !value.is_null())
        .map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .collect();
    listed(texts.iter().map(String::as_str))
}

/// Turns a JSON pointer into the key that an operator would write.
fn dotted(pointer: &str) -> String {
    let pointer = pointer.trim_start_matches('/').replace('/', ".");
    pointer.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests;
