//! Never answers: its future is pending for ever.

#![forbid(unsafe_code)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

struct NeverCompletes;

impl Connector for NeverCompletes {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        std::future::pending().await
    }
}

export_connector!(NeverCompletes, operations = [createCallLog]);
