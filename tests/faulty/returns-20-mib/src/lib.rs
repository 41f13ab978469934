//! Answers with a `logId` of 20 MiB.

#![forbid(unsafe_code)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

struct Returns20Mib;

impl Connector for Returns20Mib {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        Ok(CallLogged::new("x".repeat(20 << 20)))
    }
}

export_connector!(Returns20Mib, operations = [createCallLog]);
