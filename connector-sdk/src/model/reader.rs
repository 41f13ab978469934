//! Reads what the views show from a parsed input, collecting every fault instead of stopping at the first.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::excerpt::{Around, Excerpt, Items};
use super::faults::Faults;
use super::id::Id;
use super::input::InputFault;
use super::node::{Member, Node};
use super::numbers::Numbers;
use super::place::Place;
use super::privacy::{is_private_member, is_secret_member};
use super::scalar::Scalar;

/// One value of an input: what it is, where it stands, and what its text can be cut out of.
pub(super) struct Found<'o> {
    node: &'o Node<'o>,
    place: Place<'o>,
    numbers: &'o Numbers<'o>,
    around: &'o Around,
    /// How deep the value that is around stands.
    depth_around: usize,
}

impl<'o> Found<'o> {
    /// The input itself.
    pub(super) fn input(node: &'o Node<'o>, text: &'o Around, numbers: &'o Numbers<'o>) -> Self {
        Self {
            node,
            place: Place::ROOT,
            numbers,
            around: text,
            depth_around: 0,
        }
    }

    /// Returns the exact text.
    pub(super) fn excerpt(&self) -> Excerpt {
        let pointer = self.place.pointer_from(self.depth_around);
        Excerpt::new(self.around.clone(), pointer)
    }

    /// Returns a string or a number.
    pub(super) fn scalar(&self) -> Option<Scalar<'o>> {
        match self.node {
            Node::Text(text) => Some(Scalar::Text(Cow::Borrowed(text.as_str()))),
            Node::Unsigned(number) => Some(Scalar::Number(number.to_string().into())),
            Node::Signed(number) => Some(Scalar::Number(number.to_string().into())),
            Node::Decimal(decimal) => {
                let digits = decimal.digits(self.numbers)?;
                Some(Scalar::Number(Cow::Borrowed(digits)))
            }
            _ => None,
        }
    }

    /// Returns a string; `None` for a value of another kind.
    pub(super) fn text(&self) -> Option<String> {
        match self.node {
            Node::Text(text) => Some(text.as_str().to_owned()),
            _ => None,
        }
    }

    /// As [`text`](Self::text), without a copy where the input has escapes.
    fn shared_text(&self) -> Option<Arc<str>> {
        match self.node {
            Node::Text(text) => Some(text.to_shared()),
            _ => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self.node, Node::Bool(true))
    }

    /// Reads an object. Anything else is a fault.
    pub(super) fn object(self, faults: &mut Faults) -> Option<Object<'o>> {
        match self.node {
            Node::Object(members) => Some(Object {
                members,
                value: self,
            }),
            _ => {
                self.misshapen("an object", faults);
                None
            }
        }
    }

    /// Returns how many items an array has; 0 for anything else.
    pub(super) fn n_items(&self) -> usize {
        match self.node {
            Node::Array(items) => items.len(),
            _ => 0,
        }
    }

    /// Reads the items of an array. Anything else is a fault.
    pub(super) fn items<T>(
        &self,
        faults: &mut Faults,
        read: impl Fn(Found<'_>, &mut Faults) -> Option<T>,
    ) -> Vec<T> {
        let Node::Array(nodes) = self.node else {
            self.misshapen("an array", faults);
            return Vec::new();
        };
        let texts = Arc::new(Items::new(self.excerpt()));
        let items = nodes.iter().enumerate().filter_map(|(index, node)| {
            let item = Found {
                node,
                place: self.place.item(index),
                numbers: self.numbers,
                around: &Around::Item(Arc::clone(&texts), index),
                depth_around: self.place.depth() + 1,
            };
            read(item, faults)
        });
        items.collect()
    }

    /// Says that something else was expected.
    pub(super) fn mistyped(&self, kind: &str, faults: &mut Faults) {
        faults.add_with(|| {
            let found = self.shown().unwrap_or_else(|| self.named());
            let message = format!("expected {kind}, found {found}");
            InputFault::new(self.place.pointer(), message)
        });
    }

    /// Says that an object or an array was expected. A string is never shown: a common mistake is JSON written into
    /// one, and then it holds whatever the object would, a token for instance.
    fn misshapen(&self, kind: &str, faults: &mut Faults) {
        faults.add_with(|| {
            let is_shown = !matches!(self.node, Node::Text(_));
            let shown = is_shown.then(|| self.shown()).flatten();
            let found = shown.unwrap_or_else(|| self.named());
            let message = format!("expected {kind}, found {found}");
            InputFault::new(self.place.pointer(), message)
        });
    }

    /// Says what stands here, without its value.
    fn named(&self) -> String {
        match self.node.kind() {
            "null" => "null".to_owned(),
            kind @ ("array" | "object") => format!("an {kind}"),
            kind => format!("a {kind}"),
        }
    }

    /// Says what stands here, with its value, unless that is secret or private, or has parts. What is sent in place of
    /// a whole input may be anything, such as a token.
    fn shown(&self) -> Option<String> {
        let name = self.place.key().unwrap_or_default();
        if self.place.depth() == 0 || !is_shown(name) {
            return None;
        }
        let value = match (self.node, self.scalar()) {
            (Node::Bool(value), _) => value.to_string(),
            (_, Some(Scalar::Number(digits))) => digits.into_owned(),
            (_, Some(Scalar::Text(text))) => Value::from(prefix(&text)).to_string(),
            _ => return None,
        };
        Some(format!("the {} {}", self.node.kind(), shorten(&value)))
    }
}

/// One object of an input.
pub(super) struct Object<'o> {
    value: Found<'o>,
    members: &'o [Member<'o>],
}

impl Object<'_> {
    /// Returns the exact text.
    pub(super) fn excerpt(&self) -> Excerpt {
        self.value.excerpt()
    }

    /// Returns a member; `null` is the same as absent.
    pub(super) fn get<'s>(&'s self, name: &'s str) -> Option<Found<'s>> {
        self.as_sent(name)
            .filter(|found| !matches!(found.node, Node::Null))
    }

    /// Returns a member, `null` too.
    pub(super) fn as_sent<'s>(&'s self, name: &'s str) -> Option<Found<'s>> {
        let member = self.members.iter().find(|member| member.key == name)?;
        Some(Found {
            node: &member.value,
            place: self.value.place.member(name),
            ..self.value
        })
    }

    /// Reads a member with `convert`, which yields `None` for a value of another kind: that is a fault.
    pub(super) fn typed<T>(
        &self,
        name: &str,
        kind: &str,
        faults: &mut Faults,
        convert: impl FnOnce(&Found<'_>) -> Option<T>,
    ) -> Option<T> {
        let found = self.get(name)?;
        let value = convert(&found);
        if value.is_none() {
            found.mistyped(kind, faults);
        }
        value
    }

    pub(super) fn text(&self, name: &str, faults: &mut Faults) -> Option<String> {
        self.typed(name, "a string", faults, |found| found.text())
    }

    /// As [`text`](Self::text), for one that may be long.
    pub(super) fn long_text(&self, name: &str, faults: &mut Faults) -> Option<Arc<str>> {
        self.typed(name, "a string", faults, |found| found.shared_text())
    }

    pub(super) fn id(&self, name: &str, faults: &mut Faults) -> Option<Id> {
        self.typed(name, "a string or a number", faults, |found| {
            let id = found.scalar()?;
            Some(Id::new(id.into_text()))
        })
    }

    /// Reads an id that must be there and not be empty.
    pub(super) fn required_id(&self, name: &str, faults: &mut Faults) -> Id {
        let id = self.require(name, faults, Self::id);
        if id.as_ref().is_some_and(Id::is_blank) {
            self.report(name, "must not be empty", faults);
        }
        id.unwrap_or(Id::new(""))
    }

    /// Reads a string, or a number as its digits, of a part where other kinds of values are kept rather than refused:
    /// they yield `None`.
    pub(super) fn lenient_text(&self, name: &str) -> Option<String> {
        self.get(name)?.scalar().map(Scalar::into_text)
    }

    pub(super) fn object<'s>(&'s self, name: &'s str, faults: &mut Faults) -> Option<Object<'s>> {
        self.get(name)?.object(faults)
    }

    /// Reads a member with `read`; a missing one is a fault.
    pub(super) fn require<'s, T>(
        &'s self,
        name: &'s str,
        faults: &mut Faults,
        read: impl FnOnce(&'s Self, &'s str, &mut Faults) -> Option<T>,
    ) -> Option<T> {
        if self.get(name).is_none() {
            self.report(name, "is required and missing", faults);
            return None;
        }
        read(self, name, faults)
    }

    /// Adds a fault of a member, which may be missing.
    pub(super) fn report(&self, name: &str, message: impl Into<String>, faults: &mut Faults) {
        let place = self.value.place.member(name);
        faults.add_with(|| InputFault::new(place.pointer(), message));
    }
}

/// Whether the value of a member may stand in a message.
fn is_shown(name: &str) -> bool {
    !is_secret_member(name) && !is_private_member(name)
}

/// Says what stands where something else was expected, without showing what is secret or private.
pub(super) fn mismatch(kind: &str, found: &RawValue, name: &str) -> String {
    let json = found.get();
    let (article, found) = match json.as_bytes().first() {
        Some(b'{') => ("an ", "object"),
        Some(b'[') => ("an ", "array"),
        Some(b'n') => ("", "null"),
        Some(b'"') => ("a ", "string"),
        Some(b't' | b'f') => ("a ", "boolean"),
        _ => ("a ", "number"),
    };
    if is_shown(name) && !matches!(found, "object" | "array" | "null") {
        return format!("expected {kind}, found the {found} {}", shorten(json));
    }
    format!("expected {kind}, found {article}{found}")
}

/// How much of a value is shown.
const MAX_CHARS: usize = 60;

/// Returns as much of a text as may be shown, and one more letter if there are more.
fn prefix(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_CHARS + 1);
    end.map_or(text, |(end, _)| &text[..end])
}

/// Cuts a value that is shown in a message.
pub(super) fn shorten(shown: &str) -> Cow<'_, str> {
    match shown.char_indices().nth(MAX_CHARS) {
        None => Cow::Borrowed(shown),
        Some((end, _)) => Cow::Owned(format!("{}...", &shown[..end])),
    }
}
