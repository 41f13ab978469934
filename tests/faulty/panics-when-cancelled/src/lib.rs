//! Never answers, and panics when its call is given up.
//!
//! Its last act before the panic is the file that `[settings] trace` names, so that a test knows that it came to it.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
};

struct PanicsWhenCancelled {
    trace: String,
}

/// What a call holds while it waits.
struct Held<'a>(&'a str);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let written = std::fs::write(self.0, "dropped");
        panic!("in a cancelled call, trace: {written:?}");
    }
}

impl Connector for PanicsWhenCancelled {
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
        let _held = Held(&self.trace);
        std::future::pending().await
    }
}

export_connector!(
    PanicsWhenCancelled,
    operations = [createCallLog],
    settings_schema = "../any-settings.schema.json"
);
