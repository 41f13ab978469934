//! Never finishes opening.

#![forbid(unsafe_code)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

struct HangsInOpen;

impl Connector for HangsInOpen {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        loop {
            std::thread::park();
        }
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        Ok(CallLogged::new("never opened"))
    }
}

export_connector!(HangsInOpen, operations = [createCallLog]);
