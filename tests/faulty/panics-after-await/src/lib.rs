//! Sends one request, `[settings] method` to `url`, and panics in the poll that yields the answer.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
};

struct PanicsAfterAwait {
    settings: BTreeMap<String, String>,
}

impl Connector for PanicsAfterAwait {
    type Settings = BTreeMap<String, String>;

    fn open(settings: Self::Settings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self { settings })
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let request = ctx
            .http()
            .request(&self.settings["method"], &self.settings["url"]);
        let request = request.authorization(call.auth_header());
        let answer = request.json(&self.settings).send().await?;
        panic!("did not expect status {}", answer.status())
    }
}

export_connector!(
    PanicsAfterAwait,
    operations = [createCallLog],
    settings_schema = "../any-settings.schema.json"
);
