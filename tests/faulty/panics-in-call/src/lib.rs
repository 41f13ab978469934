//! Panics in every call whose note is `panic`, with the note in its text.
//!
//! Other calls create an entry; their `logId` names the instance that did it, counted from 1 for each CRM: hosts in one
//! process share a library.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
};

/// How many instances were opened for each CRM.
static N_OPENED: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

struct PanicsInCall {
    instance: usize,
    activities_url: String,
}

impl Connector for PanicsInCall {
    type Settings = BTreeMap<String, String>;

    fn open(settings: Self::Settings, host: &Opening) -> Result<Self, Fault> {
        let base_url = settings.get("base_url").map_or("", String::as_str);
        let mut n_opened = N_OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let instance = n_opened.entry(host.crm().to_owned()).or_default();
        *instance += 1;
        Ok(Self {
            instance: *instance,
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
        let entry = BTreeMap::from([("subject", call.subject())]);
        let request = request.authorization(call.auth_header()).json(&entry);
        request.send().await?.error_for_status()?;
        Ok(CallLogged::new(format!("instance-{}", self.instance)))
    }
}

export_connector!(
    PanicsInCall,
    operations = [createCallLog],
    settings_schema = "../any-settings.schema.json"
);
