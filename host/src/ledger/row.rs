//! What a ledger says of a call.

use std::fmt::Display;
use std::time::Duration;

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::state::{Standing, State, StateName};
use super::{CallKey, CallReference};

/// What a ledger says of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Counts the calls in the order of their first claim, from 1; a [`Filter`] goes on after it.
    pub number: u64,
    /// What the call is known by.
    pub key: CallKey,
    /// Where it stands.
    pub standing: Standing,
    /// The hostname of the user of the latest claim.
    pub hostname: String,
    /// The id of that user.
    pub user_id: String,
    /// The contact of that claim.
    pub contact_id: String,
    /// The call's session.
    pub session: String,
    /// When the call was first claimed.
    pub first_claimed_at: Timestamp,
    /// When it was claimed last; an entry that was created before is not this attempt's.
    pub claimed_at: Timestamp,
    /// What finds the entry; `None` once nobody needs to look for it.
    pub reference: Option<CallReference>,
    /// The outcome as the first request got it; `None` before, and where a look-up or an operator has decided.
    pub outcome: Option<Value>,
}

/// Which calls to list, in the order of their first claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<StateName>,
    /// Only those of this CRM.
    pub crm: Option<String>,
    /// Only those that got into their state at this moment or later.
    pub since: Option<Timestamp>,
    /// Only those with a greater [`Row::number`], to go on with a long list; 0 for all.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

impl Row {
    /// Returns the end of the time in which a write of an unclear call may still be on its way.
    pub(crate) fn quarantined_until(&self, quarantine: Duration) -> Timestamp {
        let until = self.standing.since.saturating_add(quarantine);
        until.unwrap_or(Timestamp::MAX)
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut lease_until, mut retry_at, mut log_id) = (None, None, None);
        match &self.standing.state {
            State::Claimed { lease_until: at } | State::Sending { lease_until: at } => {
                lease_until = Some(at.to_string());
            }
            State::Failed { retry_at: at } => retry_at = at.map(|at| at.to_string()),
            State::Done { log_id: id } => log_id = Some(id),
            State::Rejected | State::Unknown => {}
        }
        let mut row = serializer.serialize_struct("Row", 15)?;
        row.serialize_field("number", &self.number)?;
        row.serialize_field("key", &self.key)?;
        row.serialize_field("state", &self.standing.state.name())?;
        row.serialize_field("token", &self.standing.token)?;
        row.serialize_field("since", &self.standing.since.to_string())?;
        row.serialize_field("leaseUntil", &lease_until)?;
        row.serialize_field("retryAt", &retry_at)?;
        row.serialize_field("logId", &log_id)?;
        row.serialize_field("hostname", &self.hostname)?;
        row.serialize_field("userId", &self.user_id)?;
        row.serialize_field("contactId", &self.contact_id)?;
        row.serialize_field("session", &self.session)?;
        row.serialize_field("firstClaimedAt", &self.first_claimed_at.to_string())?;
        row.serialize_field("claimedAt", &self.claimed_at.to_string())?;
        row.serialize_field("outcome", &self.outcome)?;
        row.end()
    }
}

/// Serializes a value as people read it.
pub(super) fn as_text<S: Serializer>(
    value: &impl Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
