//! Says that it may open sockets of its own; it opens none, and names an entry that nobody has seen it write.

#![forbid(unsafe_code)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

struct OwnNetwork;

impl Connector for OwnNetwork {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        Ok(CallLogged::new("unseen"))
    }
}

export_connector!(OwnNetwork, operations = [createCallLog], own_network = true);
