//! `[settings]` against the JSON Schema that the connector ships.
//!
//! The messages are made from the schema and from the kind of each fault, never from a setting's value.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::Value;

use super::{
    diagnostic::{Diagnostic, Place, listed, quoted},
    faults::Faults,
    settings::{Settings, join},
    unknown_keys,
};

/// Returns every fault of the settings. `library` is where the manifest names the connector: a faulty schema
/// is its.
pub(super) fn check(settings: &Settings, library: &Place, schema: &Value) -> Vec<Diagnostic> {
    let validator = match jsonschema::options().offline().build(schema) {
        Ok(validator) => validator,
        Err(error) => return vec![faulty_schema(library, &error)],
    };
    let values = settings.to_json();
    let mut faults = Faults::default();
    let unknown = unknown_keys::find(schema, &values);
    for key in &unknown {
        faults.push(unknown_key(settings, &key.pointer, &key.name, &key.known));
    }
    let mut explain = |error: &ValidationError<'_>| {
        for fault in explained(settings, error) {
            faults.push(fault);
        }
    };
    for error in validator.iter_errors(&values) {
        // A schema that forbids other keys itself finds those again that were just reported.
        if !is_reported(&error, &unknown) {
            explain(&error);
        }
    }
    faults.into_vec(library.source())
}

fn faulty_schema(library: &Place, error: &ValidationError<'_>) -> Diagnostic {
    let place = error.instance_path();
    let reason = error.masked();
    let message =
        format!("the connector's JSON Schema of its settings is faulty at `{place}`: {reason}");
    Diagnostic::new(library.clone(), message)
        .help("use another version of the connector, and tell its author")
}

fn unknown_key(settings: &Settings, pointer: &str, name: &str, known: &[&str]) -> Diagnostic {
    let message = format!("unknown setting {}", quoted(name));
    Diagnostic::new(settings.key_place(pointer), message)
        .label(format!("expected {}", listed(known.iter().copied())))
        .did_you_mean(name, known.iter().copied())
}

fn is_reported(error: &ValidationError<'_>, unknown: &[unknown_keys::UnknownKey<'_>]) -> bool {
    let (ValidationErrorKind::AdditionalProperties { unexpected }
    | ValidationErrorKind::UnevaluatedProperties { unexpected }) = error.kind()
    else {
        return false;
    };
    let around = error.instance_path().as_str();
    let is_known = |name: &String| {
        let pointer = join(around, name);
        unknown.iter().any(|key| key.pointer == pointer)
    };
    unexpected.iter().all(is_known)
}

fn explained(settings: &Settings, error: &ValidationError<'_>) -> Vec<Diagnostic> {
    use ValidationErrorKind as Kind;
    let pointer = error.instance_path().as_str();
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let keys = unexpected.iter();
            keys.map(|name| unknown_key(settings, &join(pointer, name), name, &[]))
                .collect()
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let message = format!("missing setting {}", quoted(&dotted(&join(pointer, name))));
            let fault = Diagnostic::new(settings.value_place(pointer), message);
            let table = if pointer.is_empty() {
                "[settings]"
            } else {
                "this table"
            };
            vec![fault.help(format!("add `{name} = ..` to {table}"))]
        }
        Kind::AnyOf { context }
        | Kind::OneOfNotValid { context }
        | Kind::OneOfMultipleValid { context } => explained_choice(settings, error, context),
        kind => vec![refused(settings, pointer, &expectation(kind))],
    }
}

/// Explains a value that fits none of several schemas.
///
/// The schemas that want another type than what is there, such as the `null` of an optional setting, are left
/// aside. If one is left its faults are the value's; if each names its values they are listed.
fn explained_choice(
    settings: &Settings,
    error: &ValidationError<'_>,
    branches: &[Vec<ValidationError<'static>>],
) -> Vec<Diagnostic> {
    let pointer = error.instance_path().as_str();
    let wants_other_type = |branch: &&Vec<ValidationError<'static>>| {
        branch.iter().any(|fault| {
            matches!(fault.kind(), ValidationErrorKind::Type { .. })
                && fault.instance_path().as_str() == pointer
        })
    };
    let apt: Vec<_> = branches.iter().filter(|b| !wants_other_type(b)).collect();
    if let [branch] = apt.as_slice() {
        let faults = branch.iter().flat_map(|fault| explained(settings, fault));
        return faults.collect();
    }
    let candidates = if apt.is_empty() {
        branches.iter().collect()
    } else {
        apt
    };
    let expectations: Option<Vec<_>> = candidates.iter().map(|b| only_expectation(b)).collect();
    let expected = match expectations {
        Some(words) if !words.is_empty() => words.join(" or "),
        _ => "what one of the forms in the connector's schema describes".to_owned(),
    };
    vec![refused(settings, pointer, &expected)]
}

fn only_expectation(branch: &[ValidationError<'static>]) -> Option<String> {
    match branch {
        [fault] => Some(expectation(fault.kind())),
        _ => None,
    }
}

fn refused(settings: &Settings, pointer: &str, expected: &str) -> Diagnostic {
    let message = format!("setting {} is not {expected}", quoted(&dotted(pointer)));
    Diagnostic::new(settings.value_place(pointer), message).label(format!("expected {expected}"))
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
        Kind::Pattern { pattern } => format!("a text that matches the pattern {}", quoted(pattern)),
        Kind::Format { format } => format!("a text of the format {}", quoted(format)),
        other => format!(
            "what {} in the connector's schema of its settings allows",
            quoted(other.keyword())
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
