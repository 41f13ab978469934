//! The activity type that stands for calls.
//!
//! Each company has its own types and may rename or deactivate those that Pipedrive gave it. They hardly ever
//! change, so what was read is kept for a day for each tenant and shared by all calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use switchboard_connector_sdk::Fault;
use switchboard_connector_sdk::jiff::{SignedDuration, Timestamp};

use crate::api::{Api, Subject};

/// How long types are used without asking again.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(24);

/// How long old types are used before they are asked for again, once that has failed.
const RETRY_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// How long a call waits for new types while it could do with old ones; a third of the time it has, at most.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The activity types of all tenants, as far as they are known.
pub(crate) struct ActivityTypes {
    /// The type that the operator chose.
    preferred: Option<String>,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone)]
struct Known {
    types: Arc<[ActivityType]>,
    /// When to ask for them again.
    ask_from: Timestamp,
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Vec<ActivityType>>,
}

#[derive(Deserialize)]
struct ActivityType {
    name: Option<String>,
    key_string: Option<String>,
    #[serde(default, rename = "active_flag", deserialize_with = "flag")]
    is_active: bool,
}

impl ActivityTypes {
    pub(crate) fn new(preferred: Option<String>) -> Self {
        Self {
            preferred,
            known: Mutex::default(),
        }
    }

    /// Returns the key of the type for calls: the operator's, if it is active, else the first active one
    /// whose name contains "call".
    ///
    /// # Errors
    ///
    /// `rejected` if there is none, even after asking again; else as Pipedrive answers.
    pub(crate) async fn for_calls(&self, api: &Api<'_>) -> Result<String, Fault> {
        let types = self.recent(api).await?;
        if let Some(key) = self.choose(&types) {
            return Ok(key);
        }
        // An administrator may have created the type just now.
        let types = self.refresh(api, None).await?;
        self.choose(&types).ok_or_else(|| {
            Fault::rejected(
                "Pipedrive has no active activity type for calls: create one whose name contains \
                 \"call\", or set call_activity_type in the manifest's [settings] to the \
                 key_string of an active one",
            )
        })
    }

    /// Returns types of the last day, or older ones where Pipedrive does not give new ones.
    async fn recent(&self, api: &Api<'_>) -> Result<Arc<[ActivityType]>, Fault> {
        let known = self.known().get(&api.tenant().key()).cloned();
        let Some(known) = known else {
            return self.refresh(api, None).await;
        };
        if api.ctx().now() < known.ask_from {
            return Ok(known.types);
        }
        let wait = MAX_WAIT.min(api.ctx().remaining() / 3);
        let refreshed = self.refresh(api, Some(wait)).await;
        refreshed.or_else(|fault| {
            let log = api.ctx().log().with("fault", fault.to_string());
            log.warn("cannot refresh the activity types; those of the last time are used");
            Ok(self.keep(api, known.types, RETRY_AFTER))
        })
    }

    /// Has the next call ask again: Pipedrive refused an activity, and its type may be the reason.
    pub(crate) fn doubt(&self, api: &Api<'_>) {
        if let Some(known) = self.known().get_mut(&api.tenant().key()) {
            known.ask_from = known.ask_from.min(api.ctx().now());
        }
    }

    async fn refresh(
        &self,
        api: &Api<'_>,
        wait: Option<Duration>,
    ) -> Result<Arc<[ActivityType]>, Fault> {
        let answer = api.get("/v1/activityTypes", Subject::Types, wait).await?;
        let answer: Answer = answer.json()?;
        Ok(self.keep(api, answer.data.unwrap_or_default().into(), MAX_AGE))
    }

    fn keep(
        &self,
        api: &Api<'_>,
        types: Arc<[ActivityType]>,
        for_time: SignedDuration,
    ) -> Arc<[ActivityType]> {
        let ask_from = api.ctx().now().saturating_add(for_time);
        let known = Known {
            types: Arc::clone(&types),
            ask_from: ask_from.unwrap_or(Timestamp::MAX),
        };
        self.known().insert(api.tenant().key(), known);
        types
    }

    fn choose(&self, types: &[ActivityType]) -> Option<String> {
        let active = || types.iter().filter(|kind| kind.is_active);
        let preferred = self.preferred.as_deref();
        let preferred = preferred.and_then(|key| active().find(|kind| kind.key() == Some(key)));
        let chosen = preferred.or_else(|| active().find(|kind| kind.is_for_calls()))?;
        chosen.key().map(ToOwned::to_owned)
    }

    /// Locks what is known. Never held across an `await`: a call that is dropped there would keep others
    /// waiting.
    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        // Nothing panics while it holds the lock, and a map of whole entries would be sound if it did.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ActivityType {
    fn key(&self) -> Option<&str> {
        self.key_string.as_deref().filter(|key| !key.is_empty())
    }

    fn is_for_calls(&self) -> bool {
        let name = self.name.as_deref().unwrap_or_default();
        self.key().is_some() && name.to_lowercase().contains("call")
    }
}

/// Reads Pipedrive's flags: booleans, and 0 or 1 in older answers.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value == true || value == 1)
}
