//! Recorded requests of App Connect and the contract's own cases, through the real program, library and TLS.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{collections::BTreeMap, fs};

use mock_crm::{Request, recorded_rules};
use serde_json::{Value, json};
use switchboard_tests::{Output, Scene, workspace_root};

/// The tenant of the vectors. The mock CRM takes its place.
const TENANT: &str = "acme.pipedrive.com";

/// What every vector's input carries and no output may.
const SECRETS: [&str; 2] = ["test-access-token", "<b>Date/time</b>"];

#[test]
fn requests_exit_code_and_output_are_those_of_app_connect_but_for_the_faults() {
    let vectors = vectors("pipedrive");
    assert_eq!(vectors.len(), 12);
    let failing = failing();
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let (code, stdout) = failing.get(name).cloned().unwrap_or_else(|| {
            let mut returned = vector["output"]["returned"].clone();
            // Ids are text in the contract.
            returned["logId"] = json!(returned["logId"].to_string());
            (0, returned)
        });
        check(&vector, code, &stdout);
    }
}

#[test]
fn requests_exit_code_and_output_are_those_of_the_contract() {
    let vectors = vectors("pipedrive-contract");
    assert!(vectors.len() >= 15, "{} vectors", vectors.len());
    for vector in vectors {
        let code = vector["output"]["exit_code"].as_i64().unwrap();
        check(
            &vector,
            i32::try_from(code).unwrap(),
            &vector["output"]["stdout"],
        );
    }
}

#[test]
fn the_activity_types_of_a_tenant_are_asked_for_once() {
    let scene = Scene::pipedrive("").unwrap();
    let host = scene.host().unwrap();
    let vector = &vectors("pipedrive")[0];
    let input = at(&scene, &vector["input"]).to_string();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for n in 1..=3 {
        let call = host.create_call_log("pipedrive", input.clone(), Default::default());
        let outcome = runtime.block_on(call);
        assert_eq!(
            outcome.log_id(),
            Some(&*(9000 + n).to_string()),
            "{outcome:?}"
        );
    }
    let requests = scene.crm.requests();
    let n_asked = requests
        .iter()
        .filter(|it| it.path() == "/v1/activityTypes");
    assert_eq!((n_asked.count(), requests.len()), (1, 7));
}

/// Runs one vector and compares everything.
fn check(vector: &Value, code: i32, stdout: &Value) {
    let name = vector["name"].as_str().unwrap();
    let mut scene = Scene::pipedrive(vector["settings"].as_str().unwrap_or("")).unwrap();
    scene.place.guard(&SECRETS);
    // What is said of an unclear end depends on it.
    scene.place.keep_no_ledger();
    scene
        .crm
        .script_all(recorded_rules(&vector["crm_responses"]).unwrap());
    let input = at(&scene, &vector["input"]);
    let output = scene.log(&input, [] as [&str; 0]).unwrap().run().unwrap();

    let requests: Vec<_> = scene.crm.requests().iter().map(sent).collect();
    let wanted = vector["requests"].as_array().unwrap();
    let wanted: Vec<_> = wanted.iter().map(expected).collect();
    assert_eq!(Value::from(requests), Value::from(wanted), "{name}");
    let found = (output.code, output.signal, one_object(&output));
    assert_eq!(
        found,
        (Some(code), None, stdout.clone()),
        "{name}: {}",
        output.stderr
    );
}

/// What we say where App Connect throws, or reports success though nobody knows.
fn failing() -> BTreeMap<&'static str, (i32, Value)> {
    let message =
        |text: &str, kind: &str| json!({ "message": text, "messageType": kind, "ttl": 30000 });
    let no_type = "Pipedrive has no active activity type for calls: create one whose name contains \"call\", or set \
                   call_activity_type in the manifest's [settings] to the key_string of an active one";
    let no_id = "Pipedrive answered 200 without the id of the activity";
    BTreeMap::from([
        (
            "person_401",
            (
                1,
                json!({
                    "logId": null,
                    "returnMessage": message("The call was not logged: Pipedrive did not accept your sign-in. Reconnect \
                        Pipedrive and log the call again.", "warning"),
                    "error": {
                        "code": "unauthorized",
                        "message": "Pipedrive answered 401 to GET /api/v2/persons/77: x",
                    },
                }),
            ),
        ),
        (
            "activity_429",
            (
                1,
                json!({
                    "logId": null,
                    "returnMessage": message("The call was not logged: Pipedrive gets too many requests. Log the call again \
                        in 2 seconds.", "warning"),
                    "error": {
                        "code": "rate-limited",
                        "message": "Pipedrive answered 429 to POST /api/v2/activities: x",
                        "retryAfterSeconds": 2,
                    },
                }),
            ),
        ),
        (
            "no_matching_activity_type",
            (
                1,
                json!({
                    "logId": null,
                    "returnMessage": message(&format!("The call was not logged: Pipedrive refused it. {no_type}. Correct that \
                        and log the call again."), "danger"),
                    "error": { "code": "rejected", "message": no_type },
                }),
            ),
        ),
        (
            "activity_2xx_without_id",
            (
                3,
                json!({
                    "logId": null,
                    "returnMessage": message("Nobody knows whether the call was logged: Pipedrive did not confirm it. \
                        Look it up in Pipedrive before you log it again.", "warning"),
                    "error": { "code": "unknown-outcome", "message": no_id },
                }),
            ),
        ),
    ])
}

fn vectors(folder: &str) -> Vec<Value> {
    let folder = workspace_root().join("tests/vectors").join(folder);
    let files = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let read = |path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    paths.into_iter().map(read).collect()
}

/// Puts the mock CRM in the tenant's place, in every text.
fn at(scene: &Scene, value: &Value) -> Value {
    let text = value.to_string().replace(TENANT, &scene.crm.authority());
    serde_json::from_str(&text).unwrap()
}

fn one_object(output: &Output) -> Value {
    let value = output.json().unwrap();
    assert!(value.is_object(), "{value}");
    value
}

fn sent(request: &Request) -> Value {
    json!({
        "method": request.method,
        "target": request.target,
        "authorization": request.header("authorization"),
        "content-type": request.header("content-type"),
        "body": request.json(),
    })
}

/// Returns a vector's request as ours has to be: an absent deal is left out, not sent as an empty text.
fn expected(request: &Value) -> Value {
    let url = request["url"].as_str().unwrap();
    let target = url.strip_prefix("https://acme.pipedrive.com").unwrap();
    let mut body = request["body"].clone();
    if body["deal_id"] == "" {
        body.as_object_mut().unwrap().remove("deal_id");
    }
    let header = |name: &str| request["headers"][name].clone();
    json!({
        "method": request["method"],
        "target": target,
        "authorization": header("authorization"),
        "content-type": header("content-type"),
        "body": body,
    })
}
