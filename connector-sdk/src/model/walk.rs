//! Walks a whole input once: is it JSON, does a key stand twice in one object, is it nested too deep? What is read from
//! it afterwards is read from the tree that the walk leaves.
//!
//! Parsers disagree on which of two equal keys counts, so an input with one would say different things to the host, to
//! a connector and to a CRM.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::faults::Faults;
use super::input::MAX_NESTING;
use super::node::{Decimal, Key, Member, Node, Text};
use super::numbers;
use super::place::Place;

/// Parses and checks the text; `Err` if it is not JSON at all.
pub(super) fn walk<'t>(text: &'t str, faults: &mut Faults) -> Result<Node<'t>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let step = Step {
        place: &Place::ROOT,
        n_numbers: &mut 0,
        faults,
    };
    let node = step.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(node)
}

/// The walk at one value.
struct Step<'s, 'p> {
    place: &'s Place<'p>,
    /// How many numbers have been passed.
    n_numbers: &'s mut usize,
    faults: &'s mut Faults,
}

impl Step<'_, '_> {
    /// Reports a value that stands too deep. What it holds is passed over.
    fn too_deep(&mut self) -> bool {
        let too_deep = self.place.depth() >= MAX_NESTING;
        if too_deep {
            self.faults.add_with(|| {
                let here = format!("is nested deeper than {MAX_NESTING} levels");
                let further_in = format!("holds a value nested deeper than {MAX_NESTING} levels");
                self.place.fault(&here, &further_in)
            });
        }
        too_deep
    }

    /// Passes over what stands too deep.
    fn pass(&mut self, value: &RawValue) {
        *self.n_numbers += numbers::count(value.get());
    }

    /// Counts a number.
    fn numbered<'t>(self, number: Node<'t>) -> Node<'t> {
        *self.n_numbers += 1;
        number
    }
}

impl<'de> DeserializeSeed<'de> for Step<'_, '_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_, '_> {
    type Value = Node<'de>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(self.numbered(Node::Unsigned(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(self.numbered(Node::Signed(number)))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node<'de>, E> {
        let nth = Decimal::Nth(*self.n_numbers);
        Ok(self.numbered(Node::Decimal(nth)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Text::Plain(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Text::Unescaped(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Node<'de>, A::Error> {
        let mut items = Vec::new();
        if self.too_deep() {
            while let Some(item) = seq.next_element()? {
                self.pass(item);
            }
            return Ok(Node::Array(items));
        }
        loop {
            let place = self.place.item(items.len());
            let step = Step {
                place: &place,
                n_numbers: &mut *self.n_numbers,
                faults: &mut *self.faults,
            };
            match seq.next_element_seed(step)? {
                Some(item) => items.push(item),
                None => return Ok(Node::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Node<'de>, A::Error> {
        let mut members = Members::default();
        if self.too_deep() {
            while let Some((IgnoredAny, value)) = map.next_entry()? {
                self.pass(value);
            }
            return Ok(Node::Object(members.all));
        }
        while let Some(key) = map.next_key_seed(Key)? {
            let place = self.place.member(&key);
            let is_new = !members.contain(&key);
            if !is_new {
                self.faults.add_with(|| {
                    let here = "stands twice in one object; leave one of the two out";
                    let further_in = "holds an object with a key that stands twice; leave one out";
                    place.fault(here, further_in)
                });
            }
            let value = map.next_value_seed(Step {
                place: &place,
                n_numbers: &mut *self.n_numbers,
                faults: &mut *self.faults,
            })?;
            if is_new {
                members.push(Member { key, value });
            }
        }
        Ok(Node::Object(members.all))
    }
}

/// The members of one object so far. Most objects have a handful, where comparing keys beats hashing them.
#[derive(Default)]
struct Members<'de> {
    all: Vec<Member<'de>>,
    /// The keys behind the first few.
    later: HashSet<Cow<'de, str>>,
}

impl<'de> Members<'de> {
    const FEW: usize = 24;

    fn contain(&self, key: &str) -> bool {
        self.all
            .iter()
            .take(Self::FEW)
            .any(|known| known.key == key)
            || (!self.later.is_empty() && self.later.contains(key))
    }

    fn push(&mut self, member: Member<'de>) {
        if self.all.len() >= Self::FEW {
            self.later.insert(member.key.clone());
        }
        self.all.push(member);
    }
}
