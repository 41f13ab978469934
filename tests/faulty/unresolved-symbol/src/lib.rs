//! Calls a function that no library has.

#![allow(unsafe_code, reason = "only a foreign function can be missing")]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

// SAFETY: there is no such function, so this library is never loaded and the call never made.
unsafe extern "C" {
    safe fn switchboard_has_no_such_function() -> u32;
}

struct UnresolvedSymbol;

impl Connector for UnresolvedSymbol {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let id = switchboard_has_no_such_function();
        Ok(CallLogged::new(id.to_string()))
    }
}

export_connector!(UnresolvedSymbol, operations = [createCallLog]);
