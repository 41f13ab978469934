//! Keeps a checked-in settings schema equal to the type that reads the settings.

use std::path::Path;

use schemars::{JsonSchema, schema_for};
use serde_json::Value;

/// Fails unless the file holds the JSON Schema of `T`, as `schemars` derives it.
///
/// With `UPDATE_SCHEMA=1` in the environment the file is written instead. `path` is relative to the crate's folder,
/// where tests run.
///
/// # Panics
///
/// If the file differs or cannot be read or written; the message says what to run.
pub fn assert_schema_is_current<T: JsonSchema>(path: impl AsRef<Path>) {
    let path = path.as_ref();
    let schema = schema_for!(T);
    let derived = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some_and(|value| value == "1") {
        std::fs::write(path, derived)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        return;
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_else(|error| {
        panic!(
            "cannot read {}: {error}; run UPDATE_SCHEMA=1 cargo test",
            path.display()
        )
    });
    // As values: the order of members depends on features of serde_json that any crate of a build may switch on, and
    // line breaks on the checkout.
    let same =
        serde_json::from_str::<Value>(&checked_in).is_ok_and(|value| value == *schema.as_value());
    assert!(
        same,
        "{} differs from its type; run UPDATE_SCHEMA=1 cargo test\nit holds:\n{checked_in}\nexpected:\n{derived}",
        path.display()
    );
}
