//! The exact text of a part of an input, cut out when somebody asks for it.
//!
//! Few ask: most connectors are content with the views. So an input's text is kept once, and a part knows where in it
//! it stands.

use std::sync::{Arc, OnceLock};

use serde_json::value::RawValue;

use super::split;

/// The text of one value of an input.
#[derive(Clone)]
pub(super) struct Excerpt {
    around: Around,
    /// JSON pointer from what is around to the value. Its tokens are keys.
    pointer: String,
    text: OnceLock<Box<RawValue>>,
}

/// What a text is cut out of.
#[derive(Clone)]
pub(super) enum Around {
    /// The whole input.
    Input(Arc<str>),
    /// An item of an array, which is split once for all its items.
    Item(Arc<Items>, usize),
}

/// The texts of an array's items.
pub(super) struct Items {
    array: Excerpt,
    texts: OnceLock<Vec<Box<RawValue>>>,
}

impl Excerpt {
    /// Names a value that has been read from this very text.
    pub(super) fn new(around: Around, pointer: String) -> Self {
        Self {
            around,
            pointer,
            text: OnceLock::new(),
        }
    }

    /// Returns the text, which is kept from now on.
    pub(super) fn raw(&self) -> &RawValue {
        match &self.around {
            Around::Item(items, index) if self.pointer.is_empty() => items.get(*index),
            _ => self.text.get_or_init(|| self.cut().to_owned()),
        }
    }

    /// Returns the text without keeping it.
    pub(super) fn cut(&self) -> &RawValue {
        let text = match &self.around {
            Around::Input(text) => text,
            Around::Item(items, index) => items.get(*index).get(),
        };
        split::text_at(text, &self.pointer).expect("a value that was read stands in the text")
    }
}

impl Items {
    pub(super) fn new(array: Excerpt) -> Self {
        Self {
            array,
            texts: OnceLock::new(),
        }
    }

    fn get(&self, index: usize) -> &RawValue {
        let texts = self.texts.get_or_init(|| {
            let items = split::items(self.array.cut().get());
            let items = items.expect("a value that was read as an array is one");
            items.into_iter().map(ToOwned::to_owned).collect()
        });
        &texts[index]
    }
}
