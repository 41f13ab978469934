//! Where an activity goes: the tenant, and what the activity belongs to.
//!
//! All of it stands in the input and is checked before the first request, so that nothing is sent for a call
//! that cannot be logged.

use std::num::NonZeroU64;

use serde_json::Value;
use serde_json::value::RawValue;
use switchboard_connector_sdk::model::{Contact, Fields, InputFault};
use switchboard_connector_sdk::{CreateCallLog, Fault};

use crate::settings::UserMapping;

mod owner;
mod tenant;

pub(crate) use owner::Owner;
pub(crate) use tenant::Tenant;

/// Where an activity goes.
pub(crate) struct Target {
    pub(crate) tenant: Tenant,
    pub(crate) person_id: NonZeroU64,
    pub(crate) owner: Owner,
    pub(crate) deal_id: Option<NonZeroU64>,
    /// Never there together with a deal: Pipedrive takes one of them.
    pub(crate) lead_id: Option<Box<RawValue>>,
}

impl Target {
    /// Reads the target from the input.
    ///
    /// # Errors
    ///
    /// `invalid-input` naming everything that cannot be used.
    pub(crate) fn read(call: &CreateCallLog, mappings: &[UserMapping]) -> Result<Self, Fault> {
        let fields = call.additional_submission();
        let parts = (
            Tenant::of(call.user()),
            person_id(call.contact()),
            Owner::of(call, mappings),
            deal_id(fields),
            lead_id(fields),
        );
        match parts {
            (Ok(tenant), Ok(person_id), Ok(owner), Ok(deal_id), Ok(lead_id)) => Ok(Self {
                tenant,
                person_id,
                owner,
                deal_id,
                lead_id: lead_id.filter(|_| deal_id.is_none()),
            }),
            (tenant, person_id, owner, deal_id, lead_id) => Err(invalid([
                tenant.err(),
                person_id.err(),
                owner.err(),
                deal_id.err(),
                lead_id.err(),
            ])),
        }
    }
}

/// Reads an id as Pipedrive counts them: a positive integer.
pub(crate) fn id(text: &str) -> Option<NonZeroU64> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_digits)
}

fn person_id(contact: &Contact) -> Result<NonZeroU64, InputFault> {
    id(contact.id()).ok_or_else(|| {
        let found = quoted(contact.id());
        unfit("/contactInfo/id", &found, "the id of a Pipedrive person")
    })
}

fn deal_id(fields: &Fields) -> Result<Option<NonZeroU64>, InputFault> {
    id_of(
        fields,
        "deals",
        "/additionalSubmission",
        "the id of a Pipedrive deal",
    )
}

/// Reads a member that may be absent but otherwise holds an id.
fn id_of(
    fields: &Fields,
    name: &str,
    parent: &str,
    kind: &str,
) -> Result<Option<NonZeroU64>, InputFault> {
    let Some(raw) = fields.get(name) else {
        return Ok(None);
    };
    let found = fields.text(name).and_then(|text| id(&text));
    found.map(Some).ok_or_else(|| {
        let pointer = format!("{parent}/{name}");
        unfit(&pointer, &shortened(raw.get()), kind)
    })
}

/// Returns the lead as it was sent: its id is a text, and none of ours to judge.
fn lead_id(fields: &Fields) -> Result<Option<Box<RawValue>>, InputFault> {
    match (fields.get("leads"), fields.text("leads")) {
        (Some(raw), None) => Err(InputFault::new(
            "/additionalSubmission/leads",
            format!("{} is not the id of a Pipedrive lead", shortened(raw.get())),
        )),
        (raw, _) => Ok(raw),
    }
}

fn unfit(pointer: &str, found: &str, kind: &str) -> InputFault {
    InputFault::new(
        pointer,
        format!("{found} is not {kind} (expected a positive integer)"),
    )
}

fn quoted(text: &str) -> String {
    shortened(&Value::from(text).to_string())
}

fn shortened(json: &str) -> String {
    const MAX_CHARS: usize = 100;
    match json.char_indices().nth(MAX_CHARS) {
        None => json.to_owned(),
        Some((end, _)) => format!("{}...", &json[..end]),
    }
}

fn invalid(faults: impl IntoIterator<Item = Option<InputFault>>) -> Fault {
    let faults: Vec<_> = faults.into_iter().flatten().collect();
    let messages: Vec<_> = faults.iter().map(ToString::to_string).collect();
    Fault::invalid_input(messages.join("; ")).with_faults(faults)
}
