//! Panics while it opens, with a text that nobody may see.

#![forbid(unsafe_code)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

struct PanicsInOpen;

impl Connector for PanicsInOpen {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        panic!("the password is hunter2")
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        Ok(CallLogged::new("never opened"))
    }
}

export_connector!(PanicsInOpen, operations = [createCallLog]);
