//! Walks a whole input once, before anything is read from it: is it JSON, does a key stand twice in one object, is it
//! nested too deep?
//!
//! Parsers disagree on which of two equal keys counts, so an input with one would say different things to the host, to
//! a connector and to a CRM.

use std::borrow::Cow;
use std::collections::HashSet;
use std::iter;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::input::{InputFault, MAX_NESTING};
use super::privacy::{is_private_member, is_secret_member};
use super::reader::{Faults, Key, join};

/// Checks the text; `Err` if it is not JSON at all.
pub(super) fn scan(text: &str, faults: &mut Faults) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let root = Place {
        parent: None,
        token: Token::Root,
        depth: 0,
    };
    Scan {
        place: &root,
        faults,
    }
    .deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Where the walk is: a list from the innermost value to the root, kept on the stack.
struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    token: Token<'p>,
    depth: usize,
}

enum Token<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    fn child(&'p self, token: Token<'p>) -> Place<'p> {
        Place {
            parent: Some(self),
            token,
            depth: self.depth + 1,
        }
    }

    /// Makes a fault of this place, or of the innermost place around it that may be shown: keys inside a secret or
    /// private member are content, and a pointer of millions of characters helps nobody.
    fn fault(&self, here: &str, further_in: &str) -> InputFault {
        const MAX_LEN: usize = 1000;
        let mut pointer = String::new();
        let path = self.path();
        for (index, token) in path.iter().enumerate() {
            let n_left = MAX_LEN.saturating_sub(pointer.len());
            if matches!(token, Token::Key(key) if key.len() > n_left) {
                return InputFault::new(pointer, further_in);
            }
            pointer = join(&pointer, &token.text());
            if token.hides_content() && index + 1 < path.len() {
                return InputFault::new(pointer, further_in);
            }
        }
        InputFault::new(pointer, here)
    }

    /// Returns the tokens from the root to here.
    fn path(&self) -> Vec<&Token<'p>> {
        let places = iter::successors(Some(self), |place| place.parent);
        let mut path: Vec<_> = places
            .map(|place| &place.token)
            .filter(|token| !matches!(token, Token::Root))
            .collect();
        path.reverse();
        path
    }
}

impl Token<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Token::Root => Cow::Borrowed(""),
            Token::Key(key) => Cow::Borrowed(key),
            Token::Index(index) => Cow::Owned(index.to_string()),
        }
    }

    /// Whether the keys further in may not be shown.
    fn hides_content(&self) -> bool {
        matches!(self, Token::Key(key) if is_secret_member(key) || is_private_member(key))
    }
}

struct Scan<'s, 'p> {
    place: &'s Place<'p>,
    faults: &'s mut Faults,
}

impl<'de> DeserializeSeed<'de> for Scan<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Scan<'_, '_> {
    /// Reports a value that stands too deep. What it holds is passed over.
    fn too_deep(&mut self) -> bool {
        let too_deep = self.place.depth >= MAX_NESTING;
        if too_deep {
            self.faults.add_with(|| {
                let here = format!("is nested deeper than {MAX_NESTING} levels");
                let further_in = format!("holds a value nested deeper than {MAX_NESTING} levels");
                self.place.fault(&here, &further_in)
            });
        }
        too_deep
    }
}

impl<'de> Visitor<'de> for Scan<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        if self.too_deep() {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        for index in 0.. {
            let place = self.place.child(Token::Index(index));
            let scan = Scan {
                place: &place,
                faults: &mut *self.faults,
            };
            if seq.next_element_seed(scan)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        if self.too_deep() {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        let mut keys = Keys::default();
        while let Some(key) = map.next_key_seed(Key)? {
            let place = self.place.child(Token::Key(&key));
            if keys.contains(&key) {
                self.faults.add_with(|| {
                    let here = "stands twice in one object; leave one of the two out";
                    let further_in = "holds an object with a key that stands twice; leave one out";
                    place.fault(here, further_in)
                });
            }
            map.next_value_seed(Scan {
                place: &place,
                faults: &mut *self.faults,
            })?;
            keys.insert(key);
        }
        Ok(())
    }
}

/// The keys of one object. Most objects have a handful, where comparing beats hashing.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    const FEW: usize = 24;

    fn contains(&self, key: &str) -> bool {
        self.few.iter().any(|known| known == key)
            || (!self.many.is_empty() && self.many.contains(key))
    }

    fn insert(&mut self, key: Cow<'de, str>) {
        if self.few.len() < Self::FEW {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
    }
}
