//! The user whom App Connect has stored.

use serde_json::value::RawValue;

use super::members::{Members, ObjectText};
use super::moved;
use crate::model::InputFault;

const AUTH_HEADER: &str = "authHeader";
const ACCESS_TOKEN: &str = "accessToken";

/// A stored user, taken apart.
pub(super) struct StoredUser<'a>(Members<'a>);

impl<'a> StoredUser<'a> {
    /// Reads a user; `None` if it is no object.
    pub(super) fn read(json: &'a [u8]) -> Option<Self> {
        Members::read(json).map(Self)
    }

    /// Adds user and authorization to an input.
    pub(super) fn write_to(&self, input: &mut ObjectText) {
        let mut user = ObjectText::default();
        for (name, value) in self.0.iter() {
            if name != AUTH_HEADER {
                user.add(name, value.get());
            }
        }
        input.add("user", &user.end());
        if self.has_header() {
            for header in self.0.all(AUTH_HEADER) {
                input.add(AUTH_HEADER, header.get());
            }
        } else if let Some(token) = self.token() {
            input.add(AUTH_HEADER, &bearer(token.get()));
        }
    }

    /// Returns a fault of the input as one of the user.
    pub(super) fn explain(&self, fault: &InputFault) -> InputFault {
        let in_user = |name| moved(&fault.pointer, "/authHeader", &format!("/user/{name}"));
        if self.has_header() {
            let pointer = in_user(AUTH_HEADER).unwrap_or_else(|| fault.pointer.clone());
            return InputFault::new(pointer, &fault.message);
        }
        let Some(pointer) = in_user(ACCESS_TOKEN) else {
            return fault.clone();
        };
        let message = match self.token().map(RawValue::get) {
            None => "is missing, and so is authHeader: give the token here, or the whole value of the header, scheme \
                     included, there"
                .to_owned(),
            Some(token) if token.starts_with('"') => {
                format!("with `Bearer ` before it {}", fault.message)
            }
            Some(_) => fault.message.clone(),
        };
        InputFault::new(pointer, message)
    }

    fn has_header(&self) -> bool {
        let mut headers = self.0.all(AUTH_HEADER);
        headers.any(|header| header.get() != "null")
    }

    fn token(&self) -> Option<&'a RawValue> {
        let token = self.0.get(ACCESS_TOKEN);
        token.filter(|token| token.get() != r#""""#)
    }
}

/// Makes the header of a token; what is no string stays as it is, to be refused.
fn bearer(token: &str) -> String {
    match token.strip_prefix('"') {
        Some(rest) => format!("\"Bearer {rest}"),
        None => token.to_owned(),
    }
}
