//! Logs calls, and panics when it is dropped.
//!
//! Its last act before the panic is the file that `[settings] trace` names, so that a test knows that it came to it.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
};

struct PanicsInDrop {
    trace: String,
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        let written = std::fs::write(&self.trace, "dropped");
        panic!("in drop, trace: {written:?}");
    }
}

impl Connector for PanicsInDrop {
    type Settings = BTreeMap<String, String>;

    fn open(mut settings: Self::Settings, _: &Opening) -> Result<Self, Fault> {
        let trace = settings.remove("trace").unwrap_or_default();
        Ok(Self { trace })
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        Ok(CallLogged::new("logged"))
    }
}

export_connector!(
    PanicsInDrop,
    operations = [createCallLog],
    settings_schema = "../any-settings.schema.json"
);
