//! JSON that is read with its place, so that every fault is found and named.

use std::{cell::RefCell, collections::BTreeSet};

use serde_json::{Map, Value};

use super::ImportFault;
use crate::manifest::settings::join;

/// More would bury the first.
const MAX_FAULTS: usize = 100;

/// The first [`MAX_FAULTS`] faults, and how many there are beyond.
#[derive(Default)]
pub(super) struct Faults(RefCell<(Vec<ImportFault>, usize)>);

/// A value and its place.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    place: Place<'a>,
    faults: &'a Faults,
}

/// An object of which it is known which members were asked for.
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    place: Place<'a>,
    faults: &'a Faults,
    asked: RefCell<BTreeSet<String>>,
}

/// The way to a value. It becomes a pointer only if there is a fault: a hostile key may be long.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Member(&'a Place<'a>, &'a str),
    Entry(&'a Place<'a>, usize),
}

impl Faults {
    pub(super) fn into_vec(self) -> Vec<ImportFault> {
        let (mut faults, n_more) = self.0.into_inner();
        if n_more > 0 {
            faults.push(ImportFault {
                pointer: String::new(),
                message: format!("there are {n_more} more faults"),
            });
        }
        faults
    }

    fn push(&self, place: Place<'_>, message: impl Into<String>) {
        let (faults, n_more) = &mut *self.0.borrow_mut();
        if faults.len() < MAX_FAULTS {
            faults.push(ImportFault {
                pointer: place.pointer(),
                message: message.into(),
            });
        } else {
            *n_more += 1;
        }
    }
}

impl Place<'_> {
    fn pointer(self) -> String {
        match self {
            Place::Root => String::new(),
            Place::Member(parent, name) => join(&parent.pointer(), name),
            Place::Entry(parent, index) => join(&parent.pointer(), &index.to_string()),
        }
    }
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value, faults: &'a Faults) -> Self {
        Self {
            value,
            place: Place::Root,
            faults,
        }
    }

    pub(super) fn report(&self, message: impl Into<String>) {
        self.faults.push(self.place, message);
    }

    pub(super) fn object(self) -> Option<Object<'a>> {
        match self.value {
            Value::Object(members) => Some(Object {
                members,
                place: self.place,
                faults: self.faults,
                asked: RefCell::default(),
            }),
            _ => self.mistyped("an object"),
        }
    }

    pub(super) fn text(self) -> Option<&'a str> {
        match self.value {
            Value::String(text) => Some(text),
            _ => self.mistyped("a string"),
        }
    }

    pub(super) fn boolean(self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(*value),
            _ => self.mistyped("true or false"),
        }
    }

    /// Lists the entries of an array; of anything else, none.
    pub(super) fn entries(&self) -> impl Iterator<Item = Node<'_>> {
        let values = match self.value {
            Value::Array(values) => values.as_slice(),
            _ => {
                self.mistyped::<()>("an array");
                &[]
            }
        };
        values.iter().enumerate().map(|(index, value)| Node {
            value,
            place: Place::Entry(&self.place, index),
            faults: self.faults,
        })
    }

    fn mistyped<T>(&self, expected: &str) -> Option<T> {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.report(format!("{found} instead of {expected}"));
        None
    }
}

impl Object<'_> {
    /// Returns a member, unless it is absent or null.
    pub(super) fn member(&self, name: &str) -> Option<Node<'_>> {
        self.member_or_null(name)
            .filter(|node| !node.value.is_null())
    }

    /// Returns a member, unless it is absent.
    pub(super) fn member_or_null(&self, name: &str) -> Option<Node<'_>> {
        self.asked.borrow_mut().insert(name.to_owned());
        let (name, value) = self.members.get_key_value(name)?;
        Some(Node {
            value,
            place: Place::Member(&self.place, name),
            faults: self.faults,
        })
    }

    /// Returns a member that must be there.
    pub(super) fn required(&self, name: &str, expected: &str) -> Option<Node<'_>> {
        let member = self.member(name);
        if member.is_none() {
            self.report(format!("there is no `{name}`, expected {expected}"));
        }
        member
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.member(name)?.text()
    }

    /// Returns a boolean member; an absent one is false.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.member(name)
            .and_then(Node::boolean)
            .unwrap_or_default()
    }

    /// Whether a member says anything but no; it does not count as asked for.
    pub(super) fn says(&self, name: &str) -> bool {
        let value = self.members.get(name);
        value.is_some_and(|value| !is_empty(value) && *value != false)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// Lists the members that say something and that nobody asked for.
    pub(super) fn rest(&self) -> impl Iterator<Item = &str> {
        let says =
            |name: &&str| !self.asked.borrow().contains(*name) && !is_empty(&self.members[*name]);
        self.names().filter(says)
    }

    pub(super) fn report(&self, message: impl Into<String>) {
        self.faults.push(self.place, message);
    }
}

/// Whether a value says nothing, however many members say it.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
