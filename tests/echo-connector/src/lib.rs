//! A connector whose entry is the input itself, byte for byte.

#![forbid(unsafe_code)]

use serde::Deserialize;
use switchboard_connector_sdk::model::Id;
use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
};

/// `[settings]` of the manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Echo {
    /// Where the mock CRM is.
    base_url: String,
}

/// What the CRM answers.
#[derive(Deserialize)]
struct Created {
    id: Id,
}

impl Connector for Echo {
    type Settings = Self;

    fn open(settings: Self, _host: &Opening) -> Result<Self, Fault> {
        Ok(settings)
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let request = ctx.http().post(format!("{}/activities", self.base_url));
        // The mock CRM wants to see one; that of the input may be empty.
        let request = request.authorization("Bearer echo");
        let request = request.header("content-type", "application/json");
        let answer = request.body(call.raw().get()).send().await?;
        let created: Created = answer.error_for_status()?.json()?;
        Ok(CallLogged::new(created.id.as_str()))
    }
}

export_connector!(
    Echo,
    operations = [createCallLog],
    settings_schema = "../faulty/any-settings.schema.json"
);
