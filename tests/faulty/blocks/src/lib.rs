//! Blocks the thread that polls it, for ever, but for calls with the note `pass`.

#![forbid(unsafe_code)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

struct Blocks;

impl Connector for Blocks {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        if call.note() == Some("pass") {
            return Ok(CallLogged::new("passed"));
        }
        loop {
            std::thread::park();
        }
    }
}

export_connector!(Blocks, operations = [createCallLog]);
