//! The connector of Pipedrive: one call becomes one activity.
//!
//! | file | knows |
//! |---|---|
//! | `target` | where the activity goes: tenant, person, owner, deal or lead, all from the input |
//! | `person` | the contact's organization |
//! | `activity_types` | which of the tenant's activity types stands for calls; kept for a day |
//! | `activity` | the activity in Pipedrive's words |
//! | `outcome` | what Pipedrive's answer means for the user |
//! | `look_up` | which activity may be that of an earlier attempt |
//! | `api` | the requests, and the faults of Pipedrive's refusals |
//!
//! Pipedrive's API: <https://developers.pipedrive.com/docs/api/v1>.

#![forbid(unsafe_code)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, CallReference, Connector, CreateCallLog, Fault, FaultCode, Found,
    Opening, export_connector,
};

mod activity;
mod activity_types;
mod api;
mod look_up;
mod outcome;
mod person;
mod settings;
mod target;
#[cfg(test)]
mod tests;

use activity::Activity;
use activity_types::ActivityTypes;
use api::{Api, Subject};
use look_up::{Listed, Sought, Wanted};
use settings::{Settings, UserMapping};
use target::Target;

/// An open connector.
struct Pipedrive {
    user_mappings: Vec<UserMapping>,
    activity_types: ActivityTypes,
}

impl Connector for Pipedrive {
    type Settings = Settings;

    fn open(settings: Settings, _host: &Opening) -> Result<Self, Fault> {
        Ok(Self {
            user_mappings: settings.user_mappings,
            activity_types: ActivityTypes::new(settings.call_activity_type),
        })
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let target = Target::read(&call, &self.user_mappings)?;
        let api = Api::new(ctx, &target.tenant, call.auth_header());
        let org_id = person::organization(&api, target.person_id).await?;
        let kind = self.activity_types.for_calls(&api).await?;
        let activity = Activity::new(&call, &target, org_id, &kind);
        let answer = api.post("/api/v2/activities", Subject::Activity, &activity);
        let answer = answer.await.inspect_err(|fault| {
            if fault.code() == FaultCode::Rejected {
                self.activity_types.doubt(&api);
            }
        })?;
        let logged = outcome::logged(&answer)?;
        Ok(match target.owner.warning {
            Some(warning) => logged.with_warning(warning),
            None => logged,
        })
    }

    async fn find_call_log(&self, ctx: &CallContext, call: CallReference) -> Result<Found, Fault> {
        let sought = Sought::read(&call, &self.user_mappings)?;
        let api = Api::new(ctx, &sought.tenant, call.auth_header());
        let candidates = sought.candidates(&api).await?;
        let found = Found::entries(candidates.iter().map(Listed::id));
        let Some(repeated) = call.call().filter(|_| candidates.len() > 1) else {
            return Ok(found);
        };
        let kind = self.activity_types.for_calls(&api).await.ok();
        let wanted = Wanted::read(repeated, kind, &self.user_mappings);
        Ok(match wanted.only_one_of(&candidates) {
            Some(activity) => found.with_likeliest(activity.id()),
            None => found,
        })
    }
}

export_connector!(
    Pipedrive,
    operations = [createCallLog, findCallLog],
    settings_schema = "settings.schema.json"
);
