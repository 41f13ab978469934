//! Inputs made of what App Connect sends.

use switchboard_connector_sdk::CreateCallLog;
use switchboard_connector_sdk::model::{InputFault, InvalidInput};

use crate::redact::Redactor;

/// Makes an input of App Connect's own request: the JSON body of its `POST /callLog`, and the user whom it has stored.
///
/// Which member goes where: `docs/app-connect.md`.
///
/// # Errors
///
/// [`InvalidInput`] with every fault of both, at its place in the request or, from `/user` on, in the user. What the two
/// hold of secrets and private texts is taken out, wherever it stands.
pub fn app_connect_input(request: &[u8], user: &[u8]) -> Result<Vec<u8>, InvalidInput> {
    match CreateCallLog::from_app_connect(request, user) {
        Ok(call) => Ok(call.raw().get().as_bytes().to_vec()),
        Err(invalid) => Err(redacted(invalid, [request, user])),
    }
}

/// Takes what is secret or private in some texts out of faults: they quote values, and a token may stand in the wrong
/// place.
fn redacted(invalid: InvalidInput, texts: [&[u8]; 2]) -> InvalidInput {
    let redactors = texts.map(|text| Redactor::new(text.into(), [].into()));
    let redact = |shown: &str| {
        redactors
            .iter()
            .fold(shown.to_owned(), |shown, redactor| redactor.redact(&shown))
    };
    let faults = invalid.faults().iter();
    let faults =
        faults.map(|fault| InputFault::new(redact(&fault.pointer), redact(&fault.message)));
    InvalidInput::new(faults.collect()).unwrap_or(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_quotes_no_secret_of_either_text() {
        let request = r#"{
            "logInfo": { "id": "7", "startTime": "call back on Monday, t0ken-of-the-user" },
            "contactId": "77", "note": "call back on Monday"
        }"#;
        let user = r#"{ "id": "42", "accessToken": "t0ken-of-the-user" }"#;
        let invalid = app_connect_input(request.as_bytes(), user.as_bytes()).unwrap_err();
        assert_eq!(
            invalid.to_string(),
            "/logInfo/startTime: expected a date with a time like 2026-03-05T23:59:30Z, or milliseconds since 1970, found \
             the string \"***, ***\""
        );
    }
}
