//! Where an activity goes: the tenant, and what the activity belongs to.
//!
//! All of it stands in the input and is checked before the first request, so that nothing is sent for a call
//! that cannot be logged.

use std::num::NonZeroU64;

use serde_json::Value;
use serde_json::value::RawValue;
use switchboard_connector_sdk::model::{Fields, InputFault};
use switchboard_connector_sdk::{CreateCallLog, Fault};

use crate::settings::UserMapping;

mod owner;
mod tenant;

pub(crate) use owner::{Owner, logging_user};
pub(crate) use tenant::Tenant;

/// Where an activity goes.
pub(crate) struct Target {
    pub(crate) tenant: Tenant,
    pub(crate) person_id: NonZeroU64,
    pub(crate) owner: Owner,
    pub(crate) link: Link,
}

/// What an activity is about, beside the person: Pipedrive takes one of them, and a deal wins.
pub(crate) enum Link {
    Deal(NonZeroU64),
    /// The lead as it was sent: its id is a text, and none of ours to judge.
    Lead(Box<RawValue>),
    None,
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
            Tenant::of(call.user().hostname()),
            person_id(call.contact().id()),
            Owner::of(call, mappings),
            Link::of(fields),
        );
        match parts {
            (Ok(tenant), Ok(person_id), Ok(owner), Ok(link)) => Ok(Self {
                tenant,
                person_id,
                owner,
                link,
            }),
            (tenant, person_id, owner, link) => Err(invalid([
                tenant.err(),
                person_id.err(),
                owner.err(),
                link.err(),
            ])),
        }
    }
}

impl Link {
    /// Reads the deal, and the lead only where there is none.
    fn of(fields: &Fields) -> Result<Self, InputFault> {
        const PARENT: &str = "/additionalSubmission";
        if chosen(fields, "deals").is_some() {
            let deal_id = id_of(fields, "deals", PARENT, "the id of a Pipedrive deal")?;
            return Ok(deal_id.map_or(Self::None, Self::Deal));
        }
        let Some(lead) = chosen(fields, "leads") else {
            return Ok(Self::None);
        };
        if fields.text("leads").is_none() {
            let found = shortened(lead.get());
            let message = format!("{found} is not the id of a Pipedrive lead");
            return Err(InputFault::new(format!("{PARENT}/leads"), message));
        }
        Ok(Self::Lead(lead))
    }

    pub(crate) fn deal_id(&self) -> Option<NonZeroU64> {
        match self {
            Self::Deal(id) => Some(*id),
            _ => None,
        }
    }

    pub(crate) fn lead_id(&self) -> Option<&RawValue> {
        match self {
            Self::Lead(id) => Some(id),
            _ => None,
        }
    }
}

/// Reads an id as Pipedrive counts them: a positive integer.
pub(crate) fn id(text: &str) -> Option<NonZeroU64> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_digits)
}

/// Reads the id of a contact.
pub(crate) fn person_id(contact_id: &str) -> Result<NonZeroU64, InputFault> {
    id(contact_id).ok_or_else(|| {
        let found = quoted(contact_id);
        unfit("/contactInfo/id", &found, "the id of a Pipedrive person")
    })
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

/// Returns a field that the user filled in. Forms send `0` and `false` for a field that was left empty.
fn chosen(fields: &Fields, name: &str) -> Option<Box<RawValue>> {
    let raw = fields.get(name)?;
    let is_left_empty = matches!(raw.get(), "0" | "false");
    Some(raw).filter(|_| !is_left_empty)
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

/// Makes one fault of all that cannot be used.
pub(crate) fn invalid(faults: impl IntoIterator<Item = Option<InputFault>>) -> Fault {
    let faults: Vec<_> = faults.into_iter().flatten().collect();
    let messages: Vec<_> = faults.iter().map(ToString::to_string).collect();
    Fault::invalid_input(messages.join("; ")).with_faults(faults)
}
