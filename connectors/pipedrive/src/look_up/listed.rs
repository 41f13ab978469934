//! An activity, as `GET /api/v2/activities` lists it.

use std::num::NonZeroU64;

use serde::Deserialize;
use serde_json::Value;
use switchboard_connector_sdk::Fault;
use switchboard_connector_sdk::jiff::Timestamp;
use switchboard_connector_sdk::jiff::civil::{Date, DateTime, Time};
use switchboard_connector_sdk::jiff::tz::Offset;
use switchboard_connector_sdk::model::Id;

use super::{Sought, Wanted, letters};

/// What is compared of an activity. One that somebody has deleted since counts like any other: it was the call's entry.
#[derive(Deserialize)]
pub(crate) struct Listed {
    id: Id,
    person_id: Option<u64>,
    participants: Option<Vec<Participant>>,
    owner_id: Option<u64>,
    /// Who wrote it; older answers do not say.
    creator_user_id: Option<u64>,
    due_date: Option<String>,
    due_time: Option<String>,
    duration: Option<String>,
    /// Whatever stands there: a time that cannot be read rules nothing out.
    #[serde(default)]
    add_time: Value,
    subject: Option<String>,
    note: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Participant {
    person_id: Option<u64>,
}

impl Listed {
    pub(crate) fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Whether the activity is or could be the one that is looked for.
    ///
    /// # Errors
    ///
    /// `unavailable` if all depends on a due date or time that cannot be read.
    pub(super) fn may_be(&self, sought: &Sought) -> Result<bool, Fault> {
        let may_be = self.is_with(sought.person_id.get())
            && self.may_be_of(&sought.user_ids)
            && self.may_be_created_since(sought.created_from);
        Ok(may_be && self.starts_at(sought.start)?)
    }

    /// Whether the activity equals what the repeated request says in everything that can be compared.
    pub(super) fn is(&self, wanted: &Wanted) -> bool {
        let is_owner = |id: NonZeroU64| self.owner_id == Some(id.get());
        wanted.owner_id.is_none_or(is_owner)
            && (wanted.kind.is_none() || wanted.kind == self.kind)
            && self.subject.as_deref() == Some(&wanted.subject)
            && letters(self.note.as_deref().unwrap_or_default()) == wanted.note
            && self.lasts(&wanted.duration)
    }

    fn is_with(&self, person_id: u64) -> bool {
        let mut participants = self.participants.iter().flatten();
        self.person_id == Some(person_id)
            || participants.any(|participant| participant.person_id == Some(person_id))
    }

    /// Whether one of the users may have written the activity. A call that was assigned belongs to somebody else, and a
    /// shared token writes in another's name: only both together rule an activity out.
    fn may_be_of(&self, user_ids: &[NonZeroU64]) -> bool {
        let may_be = |known: Option<u64>| {
            known.is_none_or(|known| user_ids.iter().any(|user_id| user_id.get() == known))
        };
        may_be(self.owner_id) || may_be(self.creator_user_id)
    }

    fn may_be_created_since(&self, since: Timestamp) -> bool {
        let text = self.add_time.as_str();
        text.and_then(moment).is_none_or(|added| added >= since)
    }

    /// Whether the activity is due in this minute. One for a day, without a time, is none of ours.
    fn starts_at(&self, start: DateTime) -> Result<bool, Fault> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (Some(date), Some(time)) = (given(&self.due_date), given(&self.due_time)) else {
            return Ok(false);
        };
        let (Ok(date), Ok(time)) = (date.parse::<Date>(), time.parse::<Time>()) else {
            return Err(Fault::unavailable(format!(
                "cannot read when Pipedrive's activity {} is due",
                self.id
            )));
        };
        let minute = |time: Time| (time.hour(), time.minute());
        Ok(date == start.date() && minute(time) == minute(start.time()))
    }

    /// Pipedrive answers with seconds what was written without.
    fn lasts(&self, hours_and_minutes: &str) -> bool {
        let duration = self.duration.as_deref().unwrap_or_default();
        duration.strip_suffix(":00").unwrap_or(duration) == hours_and_minutes
            || duration == hours_and_minutes
    }
}

/// Reads RFC 3339, and the form of older answers, which is in UTC: `2026-03-05 23:59:30`.
fn moment(text: &str) -> Option<Timestamp> {
    let in_utc = || Offset::UTC.to_timestamp(text.parse().ok()?).ok();
    text.parse().ok().or_else(in_utc)
}
