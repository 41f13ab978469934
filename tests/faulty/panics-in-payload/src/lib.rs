//! Panics with a payload whose drop panics with the next such payload, without end.

#![forbid(unsafe_code)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

struct PanicsInPayload;

struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        std::panic::panic_any(Payload);
    }
}

impl Connector for PanicsInPayload {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        std::panic::panic_any(Payload)
    }
}

export_connector!(PanicsInPayload, operations = [createCallLog]);
