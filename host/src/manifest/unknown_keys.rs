//! Settings that a connector's schema does not know.
//!
//! JSON Schema lets other keys pass unless a schema forbids them, and few authors do. A mistyped setting that
//! nobody reads is a fault that an operator finds last, so here a schema with `properties` is closed unless
//! it says otherwise.

use std::{collections::BTreeSet, ptr};

use serde_json::{Map, Value};

use super::settings::join;

/// A key that no schema for its place names.
pub(super) struct UnknownKey<'a> {
    /// The JSON pointer.
    pub(super) pointer: String,
    pub(super) name: String,
    /// The keys that may stand there, sorted.
    pub(super) known: Vec<&'a str>,
}

/// Every schema that applies to one place in the settings.
struct Place<'a> {
    root: &'a Value,
    schemas: Vec<&'a Map<String, Value>>,
    /// Some part cannot be followed: anything may be allowed.
    is_open: bool,
}

/// Where a schema holds others for the same place: one, an array, or an object of them.
const SAME_PLACE: [&str; 8] = [
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "then",
    "else",
    "not",
    "dependentSchemas",
];

/// Finds them at every depth.
pub(super) fn find<'a>(schema: &'a Value, values: &Value) -> Vec<UnknownKey<'a>> {
    let mut found = Vec::new();
    Place::new(schema, [schema]).visit(values, "", &mut found);
    found
}

impl<'a> Place<'a> {
    fn new(root: &'a Value, schemas: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut place = Self {
            root,
            schemas: Vec::new(),
            is_open: false,
        };
        for schema in schemas {
            place.add(schema);
        }
        place
    }

    fn add(&mut self, schema: &'a Value) {
        let Value::Object(schema) = schema else {
            return;
        };
        // A schema may lead back to itself.
        if self.schemas.iter().any(|known| ptr::eq(*known, schema)) {
            return;
        }
        self.schemas.push(schema);
        for keyword in SAME_PLACE {
            match schema.get(keyword) {
                Some(Value::Array(several)) => several.iter().for_each(|one| self.add(one)),
                Some(Value::Object(several)) if keyword == "dependentSchemas" => {
                    several.values().for_each(|one| self.add(one));
                }
                Some(one) => self.add(one),
                None => {}
            }
        }
        self.follow_reference(schema);
    }

    fn follow_reference(&mut self, schema: &'a Map<String, Value>) {
        if schema.contains_key("$dynamicRef") || schema.contains_key("$recursiveRef") {
            self.is_open = true;
        }
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return;
        };
        let pointer = reference.strip_prefix('#');
        match pointer.and_then(|pointer| self.root.pointer(pointer)) {
            Some(target) => self.add(target),
            None => self.is_open = true,
        }
    }

    fn visit(&self, value: &Value, pointer: &str, found: &mut Vec<UnknownKey<'a>>) {
        match value {
            Value::Object(entries) => {
                for (name, value) in entries {
                    let pointer = join(pointer, name);
                    if self.is_closed() && !self.known().contains(name.as_str()) {
                        found.push(UnknownKey {
                            pointer,
                            name: name.clone(),
                            known: self.known().into_iter().collect(),
                        });
                    } else {
                        self.below(name).visit(value, &pointer, found);
                    }
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    let pointer = join(pointer, &index.to_string());
                    self.entry(index).visit(value, &pointer, found);
                }
            }
            _ => {}
        }
    }

    fn is_closed(&self) -> bool {
        let says_otherwise = |schema: &&Map<String, Value>| {
            let allows = |keyword: &str| {
                let rule = schema.get(keyword);
                rule.is_some_and(|rule| *rule != Value::Bool(false))
            };
            schema.contains_key("patternProperties")
                || allows("additionalProperties")
                || allows("unevaluatedProperties")
        };
        let mut has_properties = self.schemas.iter().map(|s| s.contains_key("properties"));
        !self.is_open && has_properties.any(|has| has) && !self.schemas.iter().any(says_otherwise)
    }

    fn known(&self) -> BTreeSet<&'a str> {
        let properties = self.schemas.iter().filter_map(|s| s.get("properties"));
        let names = properties.filter_map(Value::as_object).flat_map(Map::keys);
        names.map(String::as_str).collect()
    }

    /// The schemas for the value of a key.
    fn below(&self, name: &str) -> Self {
        let schemas = self.schemas.iter().filter_map(|schema| {
            let named = schema.get("properties").and_then(|all| all.get(name));
            named.or_else(|| schema.get("additionalProperties"))
        });
        Place::new(self.root, schemas)
    }

    /// The schemas for an entry of an array.
    fn entry(&self, index: usize) -> Self {
        let schemas = self.schemas.iter().filter_map(|schema| {
            let one_each = schema.get("prefixItems").or_else(|| schema.get("items"));
            let own = one_each.and_then(|all| all.get(index));
            own.or_else(|| schema.get("items"))
        });
        Place::new(self.root, schemas)
    }
}
