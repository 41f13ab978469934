//! What an input of `createCallLog` may be, and what is said of one that may not.

use serde_json::{Value, json};

use super::*;

mod hostile;
mod injected;
mod properties;
mod refusals;
mod spellings;
mod views;

/// A whole input, as it is written.
const EXAMPLE: &str = include_str!("../testing/create-call-log.json");

fn example() -> Value {
    serde_json::from_str(EXAMPLE).unwrap()
}

/// Returns the example with one value changed or added.
fn with(pointer: &str, value: Value) -> Value {
    let mut input = example();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = input.pointer_mut(parent).unwrap();
    parent[name] = value;
    input
}

fn without(pointer: &str) -> Value {
    let mut input = example();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = input.pointer_mut(parent).unwrap();
    parent.as_object_mut().unwrap().remove(name).unwrap();
    input
}

fn read(input: &Value) -> CreateCallLog {
    CreateCallLog::from_json(input.to_string()).unwrap()
}

/// Returns the faults of an input as a person reads them.
fn faults(json: impl AsRef<[u8]>) -> Vec<String> {
    let invalid = CreateCallLog::from_json(json).map(|_| ()).unwrap_err();
    invalid.faults().iter().map(ToString::to_string).collect()
}
