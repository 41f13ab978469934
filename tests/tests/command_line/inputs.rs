//! Where an input comes from, and what is said of a bad one.

use std::{fs, process::Command};

use serde_json::{Value, json};
use switchboard_tests::{Output, Scene, input, program};

use crate::NONE;

#[test]
fn the_input_comes_from_a_file_or_from_stdin_by_a_hyphen_or_by_nothing() {
    let scene = Scene::example().unwrap();
    let file = scene.place.root().join("call.json");
    fs::write(&file, input("from a file").unwrap().to_string()).unwrap();
    let piped = input("from stdin").unwrap();
    for (n, (arguments, session)) in [
        (vec!["call.json"], "from a file"),
        (vec![file.to_str().unwrap()], "from a file"),
        (vec!["-"], "from stdin"),
        (vec![], "from stdin"),
    ]
    .into_iter()
    .enumerate()
    {
        scene.place.forget().unwrap();
        let output = scene.log(&piped, arguments).unwrap().run().unwrap();
        let expected = json!({
            "logId": format!("act-{}", n + 1),
            "returnMessage": { "message": "Call logged", "messageType": "success", "ttl": 30000 },
        });
        assert_eq!((output.code, output.json().unwrap()), (Some(0), expected));
        assert_eq!(scene.crm.entries()[n].body["sessionId"], session);
    }
}

#[test]
fn flags_of_all_subcommands_stand_before_or_after_the_subcommand() {
    let scene = Scene::example().unwrap();
    let (manifests, connectors) = (scene.place.manifests(), scene.place.connectors());
    let flags = [
        "--manifests".as_ref(),
        manifests.as_os_str(),
        "--connectors".as_ref(),
        connectors.as_os_str(),
        "--log-level".as_ref(),
        "off".as_ref(),
    ];
    let program = program("switchboard-host", "switchboard").unwrap();
    let subcommand = ["log", "--crm", "example"];
    let (mut before, mut after) = (Command::new(&program), Command::new(&program));
    before.args(flags).args(subcommand);
    after.args(subcommand).args(flags);
    for command in [before, after] {
        scene.place.forget().unwrap();
        let call = input("1").unwrap().to_string();
        let output = scene.place.invocation(command).stdin(call).run().unwrap();
        assert_eq!(output.code, Some(0), "{output:?}");
        assert!(!output.stderr.contains("call ended"), "{output:?}");
    }
    assert_eq!(scene.crm.n_entries(), 2);
}

#[test]
fn the_token_may_come_from_the_environment() {
    let mut scene = Scene::example().unwrap();
    scene.place.guard(&["t0ken-of-the-environment"]);
    let mut call = input("1").unwrap();
    for present in [json!("Bearer other"), Value::Null] {
        call["authHeader"] = present;
        scene.place.forget().unwrap();
        let invocation = scene.log(&call, ["--auth-header-env", "CRM_AUTH"]).unwrap();
        let invocation = invocation.env("CRM_AUTH", "Bearer t0ken-of-the-environment");
        assert_eq!(invocation.run().unwrap().code, Some(0));
    }
    for request in scene.crm.requests() {
        let sent = request.header("authorization");
        assert_eq!(sent, Some("Bearer t0ken-of-the-environment"));
    }
    assert_eq!(scene.crm.n_entries(), 2);

    let output = scene
        .log(&call, ["--auth-header-env", "CRM_AUTH"])
        .unwrap()
        .run();
    let output = output.unwrap();
    assert_eq!(
        (output.code, code(&output)),
        (Some(2), "invalid-input".to_owned())
    );
    let message = output.json().unwrap()["error"]["message"].to_string();
    assert!(
        message.contains("environment variable CRM_AUTH"),
        "{message}"
    );
}

#[test]
fn all_faults_of_an_input_are_told_at_once_and_nothing_is_sent() {
    let scene = Scene::example().unwrap();
    let call = json!({
        "user": { "id": "" },
        "contactInfo": { "id": "77", "phoneNumber": "6505550100" },
        "callLog": { "startTime": "2026-03-05", "legs": {} },
        "note": 7,
    });
    let output = scene.log(&call, NONE).unwrap().run().unwrap();
    let outcome = output.json().unwrap();
    let faults = json!([
        { "pointer": "/user/id", "message": "must not be empty" },
        { "pointer": "/authHeader", "message": "is required and missing" },
        {
            "pointer": "/callLog/startTime",
            "message": "expected a date with a time like 2026-03-05T23:59:30Z, or milliseconds since 1970, found the \
                        string \"2026-03-05\"",
        },
        { "pointer": "/callLog/legs", "message": "expected an array, found an object" },
        {
            "pointer": "/callLog/sessionId",
            "message": "one of sessionId, telephonySessionId and id is required",
        },
        {
            "pointer": "/contactInfo/phoneNumber",
            "message": "\"6505550100\" is not an E.164 number (expected + and up to 15 digits)",
        },
        { "pointer": "/note", "message": "expected a string, found a number" },
    ]);
    assert_eq!(
        (output.code, &outcome["error"]["faults"]),
        (Some(2), &faults)
    );
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn what_cannot_be_read_is_an_outcome_too() {
    let scene = Scene::example().unwrap();
    let too_large = format!("{{\"note\":\"{}\"}}", "x".repeat(10 * 1024 * 1024));
    let too_deep = "[".repeat(65) + &"]".repeat(65);
    for text in [
        "",
        "[]",
        "{",
        "\u{feff}{}",
        "{\"user\":{},\"user\":{}}",
        &too_large,
        &too_deep,
    ] {
        let output = scene
            .log(&Value::Null, NONE)
            .unwrap()
            .stdin(text)
            .run()
            .unwrap();
        let start = &text[..text.len().min(30)];
        assert_eq!((output.code, output.signal), (Some(2), None), "{start}");
        assert_eq!(code(&output), "invalid-input", "{start}");
        let faults = output.json().unwrap()["error"]["faults"].clone();
        assert!(!faults.as_array().unwrap().is_empty(), "{start}: {faults}");
    }
    let output = scene
        .log(&Value::Null, ["missing.json"])
        .unwrap()
        .run()
        .unwrap();
    assert_eq!(
        (output.code, code(&output)),
        (Some(2), "invalid-input".to_owned())
    );
    let message = output.json().unwrap()["error"]["message"].to_string();
    assert!(message.contains("cannot open missing.json"), "{message}");
    let sentence = output.json().unwrap()["returnMessage"]["message"].to_string();
    assert!(
        sentence.ends_with(". Tell your administrator.\""),
        "{sentence}"
    );
    assert_eq!(scene.crm.requests(), []);
}

fn code(output: &Output) -> String {
    let outcome = output.json().unwrap();
    assert_eq!(outcome["logId"], Value::Null, "{outcome}");
    outcome["error"]["code"].as_str().unwrap().to_owned()
}
