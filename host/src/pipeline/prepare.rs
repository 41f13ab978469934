//! From what came in to what goes to a connector.
//!
//! ```text
//! input -> check the model and the custom fields -> a place to run -> compose -> the connector's input
//! ```
//!
//! All faults stand in one answer. What is completed is set member by member: everything else keeps its text and place.
//! A call that waits, perhaps in vain, has paid for no more than the check.

use serde_json::Value;
use serde_json::value::RawValue;
use switchboard_connector_sdk::model::{InvalidInput, MAX_INPUT_BYTES};
use switchboard_connector_sdk::{CreateCallLog, Fault};

use super::subject::Subject;
use super::{Call, Early};
use crate::compose::{Format, compose};
use crate::crm::Ready;
use crate::custom_fields::{self, Checked, SUBMISSION};
use crate::input::{Members, raw_text};
use crate::redact::Redactor;
use crate::secret::Secret;

/// The longest idempotency key.
const MAX_KEY_BYTES: usize = 500;

/// The member with the body of the entry.
const DETAILS: &str = "composedLogDetails";

/// A call that may go to its connector when there is a place for it.
pub(super) struct Prepared<'c> {
    pub(super) ready: &'c Ready,
    /// What the ledger knows the call by.
    pub(super) subject: Subject,
    /// Knows what was added to the input, too, once it is complete.
    pub(super) redactor: Redactor,
    /// What requests to the CRM are authorized with.
    pub(super) auth_header: Secret,
    /// What the operator should know.
    pub(super) warnings: Vec<String>,
    /// The submission, if that is not as it came in.
    submission: Option<Box<RawValue>>,
    /// What is still to be composed.
    to_compose: Option<(CreateCallLog, Format)>,
    /// The connector's input, if it was needed before the connector was.
    completed: Option<Vec<u8>>,
}

/// Checks a call.
pub(super) fn prepare(call: &Call) -> Result<Prepared<'_>, Early> {
    let ready = call.crm.ready()?;
    let (checked, fields) = check(call.input.json(), ready).map_err(Early::Invalid)?;
    let own_key = call.options.idempotency_key.as_deref();
    own_key.map_or(Ok(()), check_key)?;
    let subject = Subject::of(&checked, call.crm.name(), own_key);
    Ok(Prepared {
        ready,
        subject,
        redactor: call.redactor.clone(),
        auth_header: checked.auth_header().to_owned().into(),
        warnings: fields.warnings,
        submission: fields.changed,
        to_compose: to_compose(checked, ready),
        completed: None,
    })
}

/// Checks a caller's own key.
fn check_key(key: &str) -> Result<(), Fault> {
    match key.len() {
        1..=MAX_KEY_BYTES => Ok(()),
        found => Err(Fault::invalid_input(format!(
            "the idempotency key has {found} bytes, expected 1 to {MAX_KEY_BYTES}"
        ))),
    }
}

/// Keeps a call whose entry needs a body: it brings none, and the connector does not make its own.
fn to_compose(call: CreateCallLog, ready: &Ready) -> Option<(CreateCallLog, Format)> {
    let format = ready.log.format.details()?;
    let is_missing = call.composed_log_details().is_none();
    is_missing.then_some((call, format))
}

impl Prepared<'_> {
    /// Returns what the connector gets. Without anything to complete these are the very same bytes.
    pub(super) fn complete(&mut self, input: &[u8]) -> Vec<u8> {
        if let Some(completed) = self.completed.take() {
            return completed;
        }
        let added = self.added();
        if added.is_empty() {
            return input.to_vec();
        }
        self.redactor = self.redactor.with(added.to_json().into_bytes());
        let mut members = Members::read(input).expect("the model has read the input as an object");
        members.set_all(added);
        members.to_json().into_bytes()
    }

    /// Returns what the connector would get, before there is a place to run.
    pub(super) fn completed(&mut self, input: &[u8]) -> &[u8] {
        let completed = self.complete(input);
        self.completed.insert(completed)
    }

    /// Makes the members that have a new value.
    fn added(&mut self) -> Members<'static> {
        let mut added = Members::default();
        if let Some(submission) = self.submission.take() {
            added.set(SUBMISSION, submission);
        }
        if let Some((call, format)) = self.to_compose.take() {
            added.set(DETAILS, raw_text(&compose(&call, format)));
        }
        added
    }
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
