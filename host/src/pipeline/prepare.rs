//! From what came in to what goes to a connector.
//!
//! ```text
//! input -> check the model and the custom fields -> compose -> complete -> the connector's input
//! ```
//!
//! All faults stand in one answer. What is completed is set member by member: everything else keeps its text and place.

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;
use switchboard_connector_sdk::CreateCallLog;
use switchboard_connector_sdk::model::{InvalidInput, MAX_INPUT_BYTES};

use super::{Call, Early};
use crate::compose::compose;
use crate::crm::Ready;
use crate::custom_fields::{self, Checked, SUBMISSION};
use crate::input::{Members, raw_text};
use crate::redact::Redactor;

/// The member with the body of the entry.
const DETAILS: &str = "composedLogDetails";

/// A call that may go to its connector.
pub(super) struct Prepared<'c> {
    pub(super) ready: &'c Ready,
    /// The JSON that the connector gets.
    pub(super) input: Arc<[u8]>,
    /// Knows what was added to the input, too.
    pub(super) redactor: Redactor,
    /// What the operator should know.
    pub(super) warnings: Vec<String>,
}

/// Checks a call and completes its input.
pub(super) fn prepare(call: &Call) -> Result<Prepared<'_>, Early> {
    let ready = call.crm.ready()?;
    let (checked, fields) = check(&call.input, ready).map_err(Early::Invalid)?;
    let details = details(&checked, ready).map(|details| raw_text(&details));
    let input = with_members(
        &call.input,
        [(SUBMISSION, fields.changed), (DETAILS, details)],
    );
    Ok(Prepared {
        ready,
        redactor: call.redactor.with_input(&input),
        input,
        warnings: fields.warnings,
    })
}

/// Composes the body of the entry, unless the call brings one or the connector makes its own.
fn details(call: &CreateCallLog, ready: &Ready) -> Option<String> {
    let format = ready.log.format.details()?;
    let is_missing = call.composed_log_details().is_none();
    is_missing.then(|| compose(call, format))
}

/// Checks an input as a whole: where it does not fit the model, the faults of its custom fields are found all the same.
fn check(input: &[u8], ready: &Ready) -> Result<(CreateCallLog, Checked), InvalidInput> {
    let call = CreateCallLog::from_json(input);
    let mut fields = match &call {
        Ok(call) => check_submission(call.additional_submission().raw(), ready),
        Err(_) => members(input).map_or_else(Checked::default, |members| {
            check_submission(members.get(SUBMISSION), ready)
        }),
    };
    let faults = call.as_ref().err().map(InvalidInput::faults);
    let mut faults = faults.unwrap_or_default().to_vec();
    faults.append(&mut fields.faults);
    match (call, InvalidInput::new(faults)) {
        (Ok(call), None) => Ok((call, fields)),
        (_, Some(invalid)) | (Err(invalid), None) => Err(invalid),
    }
}

/// Checks a submission, which may be absent. One that is no object is for the model to refuse.
fn check_submission(raw: Option<&RawValue>, ready: &Ready) -> Checked {
    let raw = raw.map_or("{}", RawValue::get);
    let members = match raw {
        "null" => Some(Members::default()),
        _ => Members::read(raw.as_bytes()),
    };
    let unknown = ready.log.unknown_custom_fields;
    members.map_or_else(Checked::default, |members| {
        custom_fields::check(&ready.custom_fields, unknown, members)
    })
}

/// Returns the members of an input that can be read to its end. Faults quote values, and secrets are taken out of what
/// is said only if they can be found.
fn members(input: &[u8]) -> Option<Members<'_>> {
    let is_read = input.len() <= MAX_INPUT_BYTES && serde_json::from_slice::<Value>(input).is_ok();
    is_read.then(|| Members::read(input)).flatten()
}

/// Sets the members that have a new value. Without one the input stays the very same bytes.
fn with_members<const N: usize>(
    input: &Arc<[u8]>,
    changes: [(&str, Option<Box<RawValue>>); N],
) -> Arc<[u8]> {
    let changes = changes
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    let mut changes = changes.peekable();
    if changes.peek().is_none() {
        return Arc::clone(input);
    }
    let mut members = Members::read(input).expect("the model has read the input as an object");
    changes.for_each(|(name, value)| members.set(name, value));
    members.to_json().into_bytes().into()
}
