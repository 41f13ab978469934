//! Refuses to open, whatever its settings are.

#![forbid(unsafe_code)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

struct RefusesToOpen;

impl Connector for RefusesToOpen {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Err(Fault::invalid_input("no region is set, expected eu or us"))
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        Ok(CallLogged::new("never opened"))
    }
}

export_connector!(RefusesToOpen, operations = [createCallLog]);
