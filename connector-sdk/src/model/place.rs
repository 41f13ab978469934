//! Where a value stands in an input. It becomes a JSON pointer only where somebody is told.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::input::InputFault;
use super::privacy::{is_private_member, is_secret_member};

/// A list from one value to the root, kept on the stack of whoever walks there.
pub(super) struct Place<'p> {
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
    pub(super) const ROOT: Place<'static> = Place {
        parent: None,
        token: Token::Root,
        depth: 0,
    };

    pub(super) fn member(&'p self, key: &'p str) -> Self {
        self.child(Token::Key(key))
    }

    pub(super) fn item(&'p self, index: usize) -> Self {
        self.child(Token::Index(index))
    }

    fn child(&'p self, token: Token<'p>) -> Self {
        Place {
            parent: Some(self),
            token,
            depth: self.depth + 1,
        }
    }

    /// Returns the key of a member.
    pub(super) fn key(&self) -> Option<&'p str> {
        match self.token {
            Token::Key(key) => Some(key),
            Token::Root | Token::Index(_) => None,
        }
    }

    /// Returns how many objects and arrays are around the value.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the JSON pointer (RFC 6901) from the root.
    pub(super) fn pointer(&self) -> String {
        self.pointer_from(0)
    }

    /// Returns the JSON pointer from the value around this one that stands so deep.
    pub(super) fn pointer_from(&self, depth: usize) -> String {
        // Few pointers of views are longer.
        let mut pointer = String::with_capacity(24);
        self.push_to(&mut pointer, depth);
        pointer
    }

    fn push_to(&self, pointer: &mut String, depth: usize) {
        if let Some(parent) = self.parent
            && self.depth > depth
        {
            parent.push_to(pointer, depth);
            self.token.push_to(pointer);
        }
    }

    /// Makes a fault of this place, or of the innermost place around it that may be shown: keys inside a secret or
    /// private member are content, and a pointer of millions of characters helps nobody.
    pub(super) fn fault(&self, here: &str, further_in: &str) -> InputFault {
        const MAX_LEN: usize = 1000;
        let mut pointer = String::new();
        let path = self.path();
        for (index, token) in path.iter().enumerate() {
            let n_left = MAX_LEN.saturating_sub(pointer.len());
            if matches!(token, Token::Key(key) if key.len() > n_left) {
                return InputFault::new(pointer, further_in);
            }
            token.push_to(&mut pointer);
            if token.hides_content() && index + 1 < path.len() {
                return InputFault::new(pointer, further_in);
            }
        }
        InputFault::new(pointer, here)
    }

    /// Returns the tokens from the root to here.
    fn path(&self) -> Vec<&Token<'p>> {
        let mut path = Vec::with_capacity(self.depth);
        let mut place = self;
        while let Some(parent) = place.parent {
            path.push(&place.token);
            place = parent;
        }
        path.reverse();
        path
    }
}

impl Token<'_> {
    fn push_to(&self, pointer: &mut String) {
        match self {
            Token::Root => {}
            Token::Key(key) => pointer.extend(["/", &pointer_token(key)]),
            Token::Index(index) => {
                write!(pointer, "/{index}").expect("a text takes every number");
            }
        }
    }

    /// Whether the keys further in may not be shown.
    fn hides_content(&self) -> bool {
        matches!(self, Token::Key(key) if is_secret_member(key) || is_private_member(key))
    }
}

/// Writes a member's name as a token of a JSON pointer (RFC 6901).
pub fn pointer_token(name: &str) -> Cow<'_, str> {
    match name.contains(['~', '/']) {
        true => Cow::Owned(name.replace('~', "~0").replace('/', "~1")),
        false => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_from_the_root_or_from_a_value_on_the_way() {
        let legs = Place::ROOT.member("legs");
        let leg = legs.item(12);
        let name = leg.member("a/b~c");
        assert_eq!(Place::ROOT.pointer(), "");
        assert_eq!(name.pointer(), "/legs/12/a~1b~0c");
        assert_eq!(name.pointer_from(leg.depth()), "/a~1b~0c");
        assert_eq!(leg.pointer_from(leg.depth()), "");
    }
}
