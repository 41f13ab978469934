//! App Connect's own request: the body of its `POST /callLog` and the user whom it has stored become an input.
//!
//! The input is put together from the texts that came in and then read like any other, so that its rules are written
//! once. Its faults are told where they stand in those texts.

mod members;
mod request;
mod user;

use std::fmt;

use super::input::{CreateCallLog, InputFault, InvalidInput};
use members::ObjectText;
use request::Request;
use user::StoredUser;

impl CreateCallLog {
    /// Makes an input of what App Connect's server has when it logs a call, and checks it.
    ///
    /// `request` is the JSON body of `POST /callLog`, `user` the stored user as a JSON object, its `accessToken`
    /// included. The token becomes `Bearer TOKEN`; a user with a member `authHeader` has that header instead. Which
    /// member goes where: `docs/app-connect.md`. Every text stays as it is.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`] with every fault of both. Pointers are those of the request; what begins with `/user` is the
    /// user.
    pub fn from_app_connect(
        request: impl AsRef<[u8]>,
        user: impl AsRef<[u8]>,
    ) -> Result<Self, InvalidInput> {
        let call = AppConnectCall::read(request.as_ref(), user.as_ref());
        Self::from_json(call.input()).map_err(|invalid| call.explain(invalid))
    }
}

/// What App Connect's server has when it logs a call: the request and the user, each a text.
///
/// For whoever checks more of an input than [`CreateCallLog::from_json`]: [`explain`](Self::explain) takes any fault of
/// the input to its place in the two texts.
pub struct AppConnectCall<'a> {
    request_text: &'a [u8],
    user_text: &'a [u8],
    /// `None` if it is no object; so is the user.
    request: Option<Request<'a>>,
    user: Option<StoredUser<'a>>,
}

impl<'a> AppConnectCall<'a> {
    /// Reads both as far as they can be read.
    pub fn read(request: &'a [u8], user: &'a [u8]) -> Self {
        Self {
            request_text: request,
            user_text: user,
            request: Request::read(request),
            user: StoredUser::read(user),
        }
    }

    /// Returns the input, unchecked. It lacks what a part that cannot be read would have given, and is refused for it.
    pub fn input(&self) -> String {
        let mut input = ObjectText::default();
        if let Some(user) = &self.user {
            user.write_to(&mut input);
        }
        if let Some(request) = &self.request {
            request.write_to(&mut input);
        }
        input.end()
    }

    /// Returns the faults of the input as faults of what was sent, each once: one text may have gone to two places.
    ///
    /// Pointers are those of the request; what begins with `/user` is the user.
    pub fn explain(&self, invalid: InvalidInput) -> InvalidInput {
        let mut faults = self.unreadable();
        let found = match whole(&invalid) {
            Some(fault) => self.locate(fault),
            None => invalid
                .faults()
                .iter()
                .filter_map(|it| self.place(it))
                .collect(),
        };
        for fault in found {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        InvalidInput::new(faults).unwrap_or(invalid)
    }

    /// Returns the faults of the parts that are no objects.
    fn unreadable(&self) -> Vec<InputFault> {
        let request = self.request.is_none().then(|| alone(self.request_text, ""));
        let user = self.user.is_none().then(|| alone(self.user_text, "/user"));
        request.into_iter().chain(user).flatten().collect()
    }

    /// Finds the part for which the input as a whole is refused, since the fault may name a line of it.
    fn locate(&self, fault: &InputFault) -> Vec<InputFault> {
        let request = self.request.is_some().then_some((self.request_text, ""));
        let user = self.user.is_some().then_some((self.user_text, "/user"));
        let parts = request.into_iter().chain(user);
        let faults: Vec<_> = parts
            .filter_map(|(text, place)| {
                let invalid = CreateCallLog::from_json(text).err()?;
                whole(&invalid)
                    .map(|fault| InputFault::new(place, message_at(place, &fault.message)))
            })
            .collect();
        if faults.is_empty() {
            let message = format!("request and user together: {}", of_a_part(&fault.message));
            return vec![InputFault::new("", message)];
        }
        faults
    }

    /// Returns a fault of the input at its place in what was sent; `None` if it follows from an unreadable part.
    fn place(&self, fault: &InputFault) -> Option<InputFault> {
        let pointer = &fault.pointer;
        if pointer.is_empty() {
            return Some(fault.clone());
        }
        let is_of_user = ["/user", "/authHeader"]
            .iter()
            .any(|part| moved(pointer, part, "").is_some());
        if is_of_user {
            self.user.as_ref().map(|user| user.explain(fault))
        } else {
            self.request.as_ref().map(|request| request.explain(fault))
        }
    }
}

/// Returns the faults of a text that is no object, at its place.
fn alone(text: &[u8], place: &str) -> Vec<InputFault> {
    let invalid = CreateCallLog::from_json(text).err();
    let faults = invalid.iter().flat_map(InvalidInput::faults);
    faults
        .map(|fault| {
            let pointer = [place, &fault.pointer].concat();
            let message = message_at(&pointer, &fault.message);
            InputFault::new(pointer, message)
        })
        .collect()
}

/// Returns what is said of a whole text where it is one part of two.
fn message_at<'m>(pointer: &str, message: &'m str) -> &'m str {
    match pointer {
        "" => message,
        _ => of_a_part(message),
    }
}

fn of_a_part(message: &str) -> &str {
    message.strip_prefix("the input ").unwrap_or(message)
}

/// Returns the fault for which nothing of an input was read.
fn whole(invalid: &InvalidInput) -> Option<&InputFault> {
    match invalid.faults() {
        [fault] if fault.pointer.is_empty() => Some(fault),
        _ => None,
    }
}

/// Returns a pointer to or into one place as the same in another.
fn moved(pointer: &str, from: &str, to: &str) -> Option<String> {
    let rest = pointer.strip_prefix(from)?;
    let is_inside = rest.is_empty() || rest.starts_with('/');
    is_inside.then(|| [to, rest].concat())
}

/// Shows nothing of the texts: they hold secrets.
impl fmt::Debug for AppConnectCall<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AppConnectCall")
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
