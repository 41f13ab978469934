//! Claims success without the id of an entry.
//!
//! With `[settings] url` it has really written there before.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
};

struct ReturnsNoId {
    url: Option<String>,
}

impl Connector for ReturnsNoId {
    type Settings = BTreeMap<String, String>;

    fn open(mut settings: Self::Settings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self {
            url: settings.remove("url"),
        })
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        if let Some(url) = &self.url {
            let request = ctx.http().post(url).authorization(call.auth_header());
            let body = BTreeMap::from([("subject", call.subject())]);
            request.json(&body).send().await?.error_for_status()?;
        }
        Ok(CallLogged::new(""))
    }
}

export_connector!(
    ReturnsNoId,
    operations = [createCallLog],
    settings_schema = "../any-settings.schema.json"
);
