//! A connector without a CRM: what is left of a call is what Switchboard costs.

#![forbid(unsafe_code)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

struct Bench;

impl Connector for Bench {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        Ok(log(&call))
    }
}

/// Makes an entry of a call: the least that a connector does, without sending it.
pub fn log(call: &CreateCallLog) -> CallLogged {
    CallLogged::new(format!("{} {}", call.contact().id(), call.subject()))
}

export_connector!(Bench, operations = [createCallLog]);
