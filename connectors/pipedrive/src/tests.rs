//! The connector against a pretend host: no network, no Pipedrive.

use serde_json::{Value, json};
use switchboard_connector_sdk::testing::{
    Answer, PretendHost, assert_schema_is_current, example_call,
};
use switchboard_connector_sdk::{CallLogged, Fault};

use crate::Pipedrive;
use crate::settings::Settings;

mod answers;
mod input;
mod look_up;
mod types;
mod vectors;

const PERSON: &str = "https://acme.pipedrive.com/api/v2/persons/77";
const TYPES: &str = "https://acme.pipedrive.com/v1/activityTypes";
const ACTIVITIES: &str = "https://acme.pipedrive.com/api/v2/activities";

#[test]
fn the_settings_schema_is_current() {
    assert_schema_is_current::<Settings>("settings.schema.json");
}

/// Returns the input of a call that can be logged.
fn call() -> Value {
    let mut call = example_call();
    call["user"]["id"] = json!("42-pipedrive");
    call["user"]["hostname"] = json!("acme.pipedrive.com");
    call["composedLogDetails"] = json!("<b>composed</b>");
    call
}

fn person() -> Answer {
    Answer::json(
        200,
        &json!({ "success": true, "data": { "id": 77, "org_id": null } }),
    )
}

fn types() -> Answer {
    types_named(&[("Call", "call", true), ("Meeting", "meeting", true)])
}

fn types_named(types: &[(&str, &str, bool)]) -> Answer {
    let types = types.iter().map(
        |(name, key, active)| json!({ "name": name, "key_string": key, "active_flag": active }),
    );
    Answer::json(
        200,
        &json!({ "success": true, "data": types.collect::<Vec<_>>() }),
    )
}

fn created() -> Answer {
    Answer::json(201, &json!({ "success": true, "data": { "id": 9001 } }))
}

/// Makes a host behind which the tenant `acme` gives these answers.
fn host(person: Answer, types: Answer, activity: Answer) -> PretendHost {
    let host = PretendHost::new();
    host.answer("GET", PERSON, person);
    host.answer("GET", TYPES, types);
    host.answer("POST", ACTIVITIES, activity);
    host
}

fn log(host: &PretendHost, call: &Value) -> Result<CallLogged, Fault> {
    host.open::<Pipedrive>(json!({}))?.create_call_log(call)
}

/// Logs a call into a Pipedrive that accepts it, and returns the activity.
fn activity_of(call: &Value, settings: Value) -> Value {
    let host = host(person(), types(), created());
    let connector = host.open::<Pipedrive>(settings).unwrap();
    connector.create_call_log(call).unwrap();
    host.requests().last().unwrap().json()
}

fn sent(host: &PretendHost) -> Vec<String> {
    let requests = host.requests();
    let line = |request: &switchboard_connector_sdk::testing::SentRequest| {
        format!("{} {}", request.head.method, request.head.url)
    };
    requests.iter().map(line).collect()
}
