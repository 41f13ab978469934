//! What a call is logged from.

use std::fmt;
use std::sync::Arc;

use switchboard_connector_sdk::model::{AppConnectCall, InvalidInput};

/// What a call is logged from: bytes or a text with the JSON object of `createCallLog`, or what App Connect sends.
///
/// ```
/// use switchboard_host::CallInput;
///
/// let call = CallInput::from(r#"{ "user": { "id": "42" } }"#);
/// let call = CallInput::from_app_connect(r#"{ "contactId": "77" }"#, r#"{ "id": "42" }"#);
/// ```
///
/// It is checked when the call is logged.
#[derive(Clone)]
pub struct CallInput {
    json: Arc<[u8]>,
    made_from: Option<Sent>,
}

/// App Connect's request and user.
#[derive(Clone)]
struct Sent {
    request: Arc<[u8]>,
    user: Arc<[u8]>,
}

impl CallInput {
    /// Makes an input of App Connect's own request: the JSON body of its `POST /callLog`, and the user whom it has
    /// stored.
    ///
    /// Which member goes where: `docs/app-connect.md`. Faults are told at their place in the request or, from `/user`
    /// on, in the user.
    pub fn from_app_connect(request: impl Into<Vec<u8>>, user: impl Into<Vec<u8>>) -> Self {
        let sent = Sent {
            request: request.into().into(),
            user: user.into().into(),
        };
        let json = sent.read().input().into_bytes();
        Self {
            json: json.into(),
            made_from: Some(sent),
        }
    }

    /// Returns the JSON object of `createCallLog`.
    pub(crate) fn json(&self) -> &[u8] {
        &self.json
    }

    /// Returns the texts that came in: faults may quote them.
    pub(crate) fn texts(&self) -> Vec<Arc<[u8]>> {
        match &self.made_from {
            None => vec![Arc::clone(&self.json)],
            Some(sent) => vec![Arc::clone(&sent.request), Arc::clone(&sent.user)],
        }
    }

    /// Returns the faults of the object as faults of what came in.
    pub(crate) fn explain(&self, invalid: InvalidInput) -> InvalidInput {
        match &self.made_from {
            None => invalid,
            Some(sent) => sent.read().explain(invalid),
        }
    }
}

impl Sent {
    fn read(&self) -> AppConnectCall<'_> {
        AppConnectCall::read(&self.request, &self.user)
    }
}

impl<T: Into<Vec<u8>>> From<T> for CallInput {
    fn from(json: T) -> Self {
        Self {
            json: json.into().into(),
            made_from: None,
        }
    }
}

/// Shows nothing of the texts: they hold secrets.
impl fmt::Debug for CallInput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CallInput").finish_non_exhaustive()
    }
}
