//! A connector that does as little as a connector can: what is left of a call is what Switchboard costs.

#![forbid(unsafe_code)]

use serde::Deserialize;
use serde_json::json;
use switchboard_connector_sdk::http::path_segment;
use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
};

/// `[settings]` of the manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where the CRM is. Without it nothing is sent.
    base_url: Option<String>,
}

struct Bench {
    base_url: Option<String>,
}

impl Connector for Bench {
    type Settings = Settings;

    fn open(settings: Settings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self {
            base_url: settings.base_url,
        })
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        if let Some(base_url) = &self.base_url {
            send(ctx, &call, base_url).await?;
        }
        Ok(log(&call))
    }
}

/// Makes an entry of a call: the least that a connector does, without sending it.
pub fn log(call: &CreateCallLog) -> CallLogged {
    CallLogged::new(format!("{} {}", call.contact().id(), call.subject()))
}

/// Sends what most connectors send: one request that reads the contact, and one that writes the entry.
async fn send(ctx: &CallContext, call: &CreateCallLog, base_url: &str) -> Result<(), Fault> {
    let contact = path_segment(call.contact().id());
    let read = ctx.http().get(format!("{base_url}/contacts/{contact}"));
    let read = read.authorization(call.auth_header()).send();
    read.await?.error_for_status()?;
    let entry = json!({ "subject": call.subject(), "body": call.composed_log_details() });
    let write = ctx.http().post(format!("{base_url}/entries"));
    let write = write.authorization(call.auth_header()).json(&entry).send();
    write.await?.error_for_status()?;
    Ok(())
}

export_connector!(
    Bench,
    operations = [createCallLog],
    settings_schema = "settings.schema.json"
);
