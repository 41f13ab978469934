//! Panics in every call whose note is `panic`, with the note in its text.
//!
//! Other calls create an entry; their `logId` names the instance that did it, counted from 1.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
};

static N_OPENED: AtomicUsize = AtomicUsize::new(0);

struct PanicsInCall {
    instance: usize,
    activities_url: String,
}

impl Connector for PanicsInCall {
    type Settings = BTreeMap<String, String>;

    fn open(settings: Self::Settings, _: &Opening) -> Result<Self, Fault> {
        let base_url = settings.get("base_url").map_or("", String::as_str);
        Ok(Self {
            instance: N_OPENED.fetch_add(1, Ordering::Relaxed) + 1,
            activities_url: format!("{base_url}/activities"),
        })
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        assert_ne!(call.note(), Some("panic"), "told to panic");
        let request = ctx.http().post(&self.activities_url);
        let request = request.authorization(call.auth_header()).json(&call.note());
        request.send().await?.error_for_status()?;
        Ok(CallLogged::new(format!("instance-{}", self.instance)))
    }
}

export_connector!(PanicsInCall, operations = [createCallLog]);
