//! Looks for the activity of a call whose write had an unclear end.
//!
//! Two mistakes are possible, and each costs a call its one entry: to miss the activity has the call logged a second
//! time, to name another call's activity leaves the call without one. So an activity is ruled out only by what the
//! first attempt certainly wrote and nobody changes by the way: the contact, the minute of the start, the user who
//! wrote or owns it, and that it was created after the attempt began. Type, subject, note and length may have been
//! edited since, and a repeated request may say others than the first one did: they tell several activities apart, and
//! never turn one into none.

use std::num::NonZeroU64;

use serde::Deserialize;
use switchboard_connector_sdk::jiff::civil::DateTime;
use switchboard_connector_sdk::jiff::tz::Offset;
use switchboard_connector_sdk::jiff::{SignedDuration, Timestamp};
use switchboard_connector_sdk::{CallReference, CreateCallLog, Fault};

use crate::activity::hours_and_minutes;
use crate::api::{Api, Subject};
use crate::settings::UserMapping;
use crate::target::{Owner, Tenant, invalid, logging_user, person_id};

mod letters;
mod listed;

use letters::letters;
pub(crate) use listed::Listed;

/// How far the clocks of host and Pipedrive may be apart.
const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_hours(24);

/// Where the activity of an attempt is, and what it certainly has.
pub(crate) struct Sought {
    pub(crate) tenant: Tenant,
    person_id: NonZeroU64,
    /// The user who logged the call, and whom the repeated request assigns it to.
    user_ids: Vec<NonZeroU64>,
    /// In UTC, as activities have it. Only the minute counts.
    start: DateTime,
    /// In whole seconds, as Pipedrive writes times.
    created_from: Timestamp,
}

/// What the activity has if the repeated request says what the first one said.
pub(crate) struct Wanted {
    owner_id: Option<NonZeroU64>,
    kind: Option<String>,
    subject: String,
    note: String,
    duration: String,
}

#[derive(Deserialize)]
struct Page {
    success: Option<bool>,
    data: Vec<Listed>,
    #[serde(default)]
    additional_data: Option<Additional>,
}

#[derive(Deserialize)]
struct Additional {
    next_cursor: Option<String>,
}

impl Sought {
    /// Reads what is looked for.
    ///
    /// # Errors
    ///
    /// `invalid-input` naming everything that cannot be used.
    pub(crate) fn read(call: &CallReference, mappings: &[UserMapping]) -> Result<Self, Fault> {
        let parts = (
            Tenant::of(call.hostname()),
            person_id(call.contact_id()),
            logging_user(call.user_id()),
        );
        match parts {
            (Ok(tenant), Ok(person_id), Ok(user_id)) => Ok(Self {
                tenant,
                person_id,
                user_ids: owner_of(call.call(), mappings)
                    .into_iter()
                    .chain([user_id])
                    .collect(),
                start: Offset::UTC.to_datetime(call.started_at()),
                created_from: created_from(call.claimed_at()),
            }),
            (tenant, person_id, user_id) => {
                Err(invalid([tenant.err(), person_id.err(), user_id.err()]))
            }
        }
    }

    /// Returns every activity that is or could be the one that is looked for.
    ///
    /// # Errors
    ///
    /// As Pipedrive answers; `unavailable` if an answer cannot be read, because the activity may stand in it.
    pub(crate) async fn candidates(&self, api: &Api<'_>) -> Result<Vec<Listed>, Fault> {
        let mut candidates = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.page(api, &cursor).await?;
            for activity in page.data {
                if activity.may_be(self)? {
                    candidates.push(activity);
                }
            }
            let next = page.additional_data.and_then(|data| data.next_cursor);
            match next.filter(|next| !next.is_empty()) {
                Some(next) if next == cursor => {
                    return Err(Fault::unavailable(
                        "Pipedrive's list of activities does not end",
                    ));
                }
                Some(next) => cursor = next,
                None => return Ok(candidates),
            }
        }
    }

    /// Reads one page of the contact's activities; the first one has no cursor.
    async fn page(&self, api: &Api<'_>, cursor: &str) -> Result<Page, Fault> {
        let (person_id, since) = (self.person_id.to_string(), self.created_from.to_string());
        let mut parameters = vec![
            ("person_id", person_id.as_str()),
            // An activity is never updated before it is created.
            ("updated_since", since.as_str()),
            // New activities come last, so that none changes its page meanwhile.
            ("sort_by", "id"),
            ("limit", "500"),
        ];
        if !cursor.is_empty() {
            parameters.push(("cursor", cursor));
        }
        let answer = api.list("/api/v2/activities", Subject::Activities, parameters);
        let page: Page = answer.await?.json()?;
        if page.success == Some(false) {
            return Err(Fault::unavailable(
                "Pipedrive lists activities and says that it failed",
            ));
        }
        Ok(page)
    }
}

/// Returns whom the repeated request makes the owner, if it can be told.
fn owner_of(call: Option<&CreateCallLog>, mappings: &[UserMapping]) -> Option<NonZeroU64> {
    let owner = Owner::of(call?, mappings).ok()?;
    Some(owner.id)
}

/// Returns the earliest time at which Pipedrive may say that the activity was created.
fn created_from(claimed_at: Timestamp) -> Timestamp {
    let whole_seconds = Timestamp::from_second(claimed_at.as_second());
    let from = whole_seconds.and_then(|claimed_at| claimed_at.saturating_sub(CLOCKS_DIFFER_BY));
    from.unwrap_or(Timestamp::MIN)
}

impl Wanted {
    /// Reads what the repeated request would write, as an activity of the type `kind`. What cannot be told is not
    /// compared.
    pub(crate) fn read(
        call: &CreateCallLog,
        kind: Option<String>,
        mappings: &[UserMapping],
    ) -> Self {
        Self {
            owner_id: owner_of(Some(call), mappings),
            kind,
            subject: call.subject(),
            note: letters(call.composed_log_details().unwrap_or_default()),
            duration: hours_and_minutes(call.call_log().duration()),
        }
    }

    /// Returns the activity that alone equals the request in everything.
    pub(crate) fn only_one_of<'a>(&self, candidates: &'a [Listed]) -> Option<&'a Listed> {
        let mut equal = candidates.iter().filter(|activity| activity.is(self));
        let first = equal.next();
        first.filter(|_| equal.next().is_none())
    }
}
