//! What users submit beside a call, from the input to the connector and the output.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::fs;

use serde_json::{Value, json};
use switchboard_tests::{Output, Scene, input, workspace_root};

/// No arguments beside those that every call has.
const NONE: [&str; 0] = [];

/// A connector that answers its whole input, and warns as well.
const TELLS: &str = "tells = true\nending = \"logged\"\n";

const COMPOSES_NOTHING: &str = "[log]\nformat = \"custom\"\n";

const FIELDS: &str = r#"
[[custom_fields]]
name = "stage"
type = "selection"
options = [{ value = "1" }, { value = "2" }]
default = "1"
required = true

[[custom_fields]]
name = "urgent"
type = "checkbox"
default = false

[[custom_fields]]
name = "notice"
title = "Mind the lead"
type = "warning"
"#;

/// A call as a careless sender writes it, with this submission. It holds nothing that has to be hidden.
fn call(submission: &str) -> String {
    format!(
        r#" {{ "user":{{"id" : "1", "\u0061":1.50}},
        "contactInfo" :{{"id":77 }}, "authHeader": "",
        {submission}"callLog": {{"startTime":1767225600000, "id":"\u0031","cost":0.000,
        "big":12345678901234567890123 }}, "other":[ 1e2 , null]
        }} "#
    )
}

/// Logs a call by its text.
fn log(scene: &Scene, call: &str) -> Output {
    let invocation = scene.log(&Value::Null, NONE).unwrap();
    invocation.stdin(call).run().unwrap()
}

#[test]
fn a_connector_gets_the_very_text_that_came_in_if_nothing_has_to_be_filled_in() {
    let scene = Scene::chatty(&format!("{TELLS}{FIELDS}{COMPOSES_NOTHING}")).unwrap();
    let submission =
        "\"additionalSubmission\" : { \"urgent\":true,\n \"stage\" : 2, \"notice\":null},";
    let call = call(submission);
    let outcome = log(&scene, &call).json().unwrap();
    assert_eq!(outcome["returnMessage"]["message"], call.trim());
    assert_eq!(outcome["warnings"], json!([call.trim()]));
}

#[test]
fn defaults_are_filled_in_and_notices_left_out_and_all_else_keeps_its_text_and_place() {
    let scene = Scene::chatty(&format!("{TELLS}{FIELDS}{COMPOSES_NOTHING}")).unwrap();
    for (submission, place, filled, last) in [
        (
            "",
            "",
            "",
            r#","additionalSubmission":{"stage":"1","urgent":false}"#,
        ),
        (
            r#""additionalSubmission" : null, "#,
            r#""additionalSubmission":{"stage":"1","urgent":false},"#,
            "",
            "",
        ),
        (
            r#""additionalSubmission": { "notice" : "seen", "urgent":"" , "x": 1.50,"y":{ "z": [ ]}},"#,
            r#""additionalSubmission":{"urgent":false,"x":1.50,"y":{ "z": [ ]},"stage":"1"},"#,
            "",
            "",
        ),
    ] {
        scene.place.forget().unwrap();
        let outcome = log(&scene, &call(submission)).json().unwrap();
        let expected = format!(
            r#"{{"user":{{"id" : "1", "\u0061":1.50}},"contactInfo":{{"id":77 }},"authHeader":"",{place}{filled}"callLog":{{"startTime":1767225600000, "id":"\u0031","cost":0.000,
        "big":12345678901234567890123 }},"other":[ 1e2 , null]{last}}}"#
        );
        assert_eq!(
            outcome["returnMessage"]["message"], expected,
            "{submission}"
        );
    }
}

#[test]
fn warnings_of_the_host_come_first_and_stand_in_every_outcome() {
    let submission =
        r#""additionalSubmission":{"notice":true,"color":"red","isAssignedToUser":false},"#;
    let of_host = [
        r#""notice" is a notice to users and holds no value; the value that was sent is left out (field "Mind the lead")"#,
        r#""color" is no custom field of the manifest and is passed on unchecked"#,
    ];
    let message =
        |text: &str, kind: &str| json!({ "message": text, "messageType": kind, "ttl": 30000 });

    let scene = Scene::chatty(&format!("ending = \"logged\"\n{FIELDS}")).unwrap();
    let output = log(&scene, &call(submission));
    let expected = json!({
        "logId": "1",
        "returnMessage": { "message": "done", "messageType": "success", "ttl": 30000, "details": "done" },
        "warnings": [of_host[0], of_host[1], "done"],
    });
    assert_eq!((output.code, output.json().unwrap()), (Some(0), expected));

    let scene = Scene::chatty(&format!("ending = \"refused\"\n{FIELDS}")).unwrap();
    let output = log(&scene, &call(submission));
    let sentence =
        "The call was not logged: Chatty refused it. Done. Correct that and log the call again.";
    let expected = json!({
        "logId": null,
        "returnMessage": message(sentence, "danger"),
        "warnings": of_host,
        "error": { "code": "rejected", "message": "done" },
    });
    assert_eq!((output.code, output.json().unwrap()), (Some(1), expected));
}

#[test]
fn a_warning_names_no_secret() {
    let mut scene = Scene::example().unwrap();
    scene
        .place
        .guard(&["c4nary-authorization", "Asked for a quote; call back"]);
    let mut call = input("1").unwrap();
    call["authHeader"] = json!("Bearer c4nary-authorization");
    let note = call["note"].as_str().unwrap().to_owned();
    call["additionalSubmission"] = json!({ "c4nary-authorization": 1, note: 2 });
    let outcome = scene
        .log(&call, NONE)
        .unwrap()
        .run()
        .unwrap()
        .json()
        .unwrap();
    let warning = "\"***\" is no custom field of the manifest and is passed on unchecked";
    assert_eq!(outcome["warnings"], json!([warning, warning]));
}

#[test]
fn pipedrive_gets_deal_and_lead_and_not_the_notice_between_them() {
    let scene = Scene::pipedrive("").unwrap();
    let path = workspace_root().join("tests/vectors/pipedrive/with_deal.json");
    let vector: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut call = vector["input"].clone();
    call["user"]["hostname"] = json!(scene.crm.authority());
    let submission = json!({ "deals": "5", "leadWarning": "Lead assignment will be overridden", "leads": "l-1" });
    call["additionalSubmission"] = submission;
    let output = scene.log(&call, NONE).unwrap().run().unwrap();
    let warning = r#""leadWarning" is a notice to users and holds no value; the value that was sent is left out (field "Lead warning")"#;
    let outcome = output.json().unwrap();
    assert_eq!(
        (output.code, &outcome["warnings"]),
        (Some(0), &json!([warning]))
    );
    let entry = &scene.crm.entries()[0].body;
    assert_eq!(
        (&entry["deal_id"], &entry["lead_id"]),
        (&json!(5), &Value::Null)
    );
}
