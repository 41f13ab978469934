//! The connector of the Example CRM, and the template for connectors of your own.
//!
//! One call becomes one activity: `POST {base_url}/activities`, answered with `201 {"id": ..}`. To start a
//! connector, copy this crate and change the settings, the request and where the entry's id stands in the
//! answer.

#![forbid(unsafe_code)]

use serde::Deserialize;
use serde_json::{Value, json};
use switchboard_connector_sdk::model::Id;
use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
};

/// `[settings]` of the manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    test,
    derive(switchboard_connector_sdk::testing::schemars::JsonSchema),
    schemars(crate = "switchboard_connector_sdk::testing::schemars")
)]
struct Settings {
    /// Where the CRM's API is, e.g. `https://crm.example.com/api`.
    base_url: String,
}

/// An open connector. Calls share it, so it holds what they have in common and nothing of a single call.
struct Example {
    activities_url: String,
}

/// What the CRM answers when it has created an activity.
#[derive(Deserialize)]
struct Created {
    id: Id,
}

impl Connector for Example {
    type Settings = Settings;

    fn open(settings: Settings, _host: &Opening) -> Result<Self, Fault> {
        let base_url = checked(&settings.base_url)?;
        Ok(Self {
            activities_url: format!("{base_url}/activities"),
        })
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let request = ctx.http().post(&self.activities_url);
        let request = request.authorization(call.auth_header());
        let answer = request.json(&activity(&call)).send().await?;
        // Every status but 2xx becomes the fault that fits: 401 `unauthorized`, 429 `rate-limited`, ...
        let answer = answer.error_for_status()?;
        // From here on the activity exists. Any other fault would invite the user to log the call again.
        let created: Created = answer.json().map_err(|_| {
            Fault::unknown_outcome("the CRM accepted the activity but did not answer with its id")
        })?;
        Ok(CallLogged::new(created.id.as_str()))
    }
}

/// Returns the activity in the CRM's words.
fn activity(call: &CreateCallLog) -> Value {
    let contact = call.contact();
    let record = call.call_log();
    json!({
        "contact": {
            "id": contact.id(),
            "type": contact.kind(),
            "name": contact.name(),
            "phoneNumber": contact.phone_number(),
        },
        "subject": call.subject(),
        "body": call.composed_log_details().or(call.note()),
        "start": record.start_time().to_string(),
        "duration": record.duration().length().map(|length| length.as_secs()),
        "sessionId": record.session(),
    })
}

/// Returns the base URL without slashes at its end.
fn checked(base_url: &str) -> Result<&str, Fault> {
    let rest = base_url.strip_prefix("https://");
    let rest = rest.or(base_url.strip_prefix("http://")).unwrap_or("");
    let has_host = !rest.is_empty() && !rest.starts_with('/');
    if has_host && !rest.contains(['?', '#']) && !rest.contains(char::is_whitespace) {
        return Ok(base_url.trim_end_matches('/'));
    }
    // The text is not quoted: an operator may have filled it in from a secret.
    Err(Fault::invalid_input(
        "cannot use [settings] base_url: expected an http or https address without a query, \
         such as https://crm.example.com",
    ))
}

export_connector!(
    Example,
    operations = [createCallLog],
    settings_schema = "settings.schema.json"
);
