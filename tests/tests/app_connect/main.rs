//! App Connect's own request, from its text to the CRM.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

mod page;

use std::fs;

use serde_json::{Value, json};
use switchboard_tests::{Invocation, Output, Scene, workspace_root};

/// What the request and the user hold of secrets and of private texts.
const GUARDED: [&str; 10] = [
    "t0ken-of-the-user",
    "refresh-t0ken-of-the-user",
    "s3cret-of-the-company",
    "assignee-t0ken",
    "call back on Monday",
    "asked for a renewal quote",
    "Hi Jane",
    "ACE Jane: Hello",
    "ACE heard a renewal",
    "* renewal of the quote",
];

fn file(name: &str) -> Value {
    let text = fs::read(workspace_root().join("tests/requests").join(name)).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn request() -> Value {
    file("app-connect.json")
}

fn user() -> Value {
    file("user.json")
}

/// Sets up the Example CRM, with the user in a file.
fn scene(user: &Value) -> Scene {
    scene_with("", user)
}

/// As [`scene`], with more sections of the manifest.
fn scene_with(sections: &str, user: &Value) -> Scene {
    let deals = "[[custom_fields]]\nname = \"deals\"\ntype = \"input\"";
    let mut scene = Scene::example_with(&format!("{deals}\n{sections}")).unwrap();
    scene.place.guard(&GUARDED);
    fs::write(scene.place.root().join("user.json"), user.to_string()).unwrap();
    scene
}

/// Prepares to log a request from stdin, at the most talkative level.
fn log(scene: &Scene, request: &Value, more: &[&str]) -> Invocation {
    let mut arguments = vec![
        "--log-level",
        "trace",
        "--from",
        "app-connect",
        "--user",
        "user.json",
    ];
    arguments.extend(more);
    scene.log(request, arguments).unwrap()
}

fn invalid_input(output: &Output) -> Value {
    let outcome = output.json().unwrap();
    assert_eq!(output.code, Some(2), "{output:#?}");
    assert_eq!(outcome["logId"], Value::Null, "{outcome}");
    assert_eq!(outcome["error"]["code"], "invalid-input", "{outcome}");
    outcome["error"].clone()
}

#[test]
fn a_request_is_logged_like_the_input_that_it_stands_for() {
    let scene = scene(&user());
    let output = log(&scene, &request(), &[]).run().unwrap();
    let message = json!({ "message": "Call logged", "messageType": "success", "ttl": 30000 });
    let expected = json!({ "logId": "act-1", "returnMessage": message });
    assert_eq!((output.code, output.json().unwrap()), (Some(0), expected));

    scene.place.forget().unwrap();
    let input = file("app-connect.input.json");
    let output = scene.log(&input, [] as [&str; 0]).unwrap().run().unwrap();
    assert_eq!(output.code, Some(0), "{output:#?}");
    let requests = scene.crm.requests();
    let sent: Vec<_> = requests
        .iter()
        .map(|request| (request.header("authorization"), request.json()))
        .collect();
    assert_eq!(sent[0].0, Some("Bearer t0ken-of-the-user"));
    assert_eq!((sent.len(), &sent[0]), (2, &sent[1]));
}

#[test]
fn request_and_user_come_from_files_or_one_of_them_from_stdin() {
    let scene = scene(&user());
    fs::write(
        scene.place.root().join("request.json"),
        request().to_string(),
    )
    .unwrap();
    let app_connect = ["--from", "app-connect", "--user"];
    for (stdin, files) in [
        (json!(null), ["user.json", "request.json"].as_slice()),
        (request(), &["user.json", "-"]),
        (request(), &["user.json"]),
        (user(), &["-", "request.json"]),
    ] {
        scene.place.forget().unwrap();
        let output = scene
            .log(&stdin, app_connect.iter().chain(files))
            .unwrap()
            .run();
        assert_eq!(output.unwrap().code, Some(0), "{files:?}");
    }
    assert_eq!(scene.crm.n_entries(), 4);
}

#[test]
fn a_header_from_the_environment_wins_over_all() {
    for user in [
        user(),
        json!({ "id": 42 }),
        json!({ "id": 42, "authHeader": "Basic other" }),
    ] {
        let mut scene = scene(&user);
        scene.place.guard(&["a-key-of-the-environment"]);
        let invocation = log(&scene, &request(), &["--auth-header-env", "CRM_AUTH"]);
        let invocation = invocation.env("CRM_AUTH", "Basic a-key-of-the-environment");
        assert_eq!(invocation.run().unwrap().code, Some(0));
        let requests = scene.crm.requests();
        let sent = requests[0].header("authorization");
        assert_eq!(sent, Some("Basic a-key-of-the-environment"));
    }
}

#[test]
fn all_faults_of_request_and_user_are_told_at_once_and_nothing_is_sent() {
    let mut user = user();
    user["hostname"] = json!(7);
    user.as_object_mut().unwrap().remove("id");
    user["accessToken"] = json!(["t0ken-of-the-user"]);
    let scene = scene(&user);
    let mut request = request();
    request["contactId"] = json!(0);
    request["contactName"] = json!(true);
    request["note"] = json!({ "text": "call back on Monday" });
    request["logInfo"]["startTime"] = json!("refresh-t0ken-of-the-user");
    request["logInfo"]["from"]["phoneNumber"] = json!(14_155_551_234_u64);
    request["logInfo"]["legs"] = json!({});
    let output = log(&scene, &request, &[]).run().unwrap();

    let mut faults = invalid_input(&output)["faults"].clone();
    let pointer = |fault: &Value| fault["pointer"].to_string();
    faults.as_array_mut().unwrap().sort_by_key(pointer);
    let expected = [
        ("/contactId", "is missing: no contact was found for the number of the call; create or choose one, then log the \
                        call again"),
        ("/contactName", "expected a string, found the boolean true"),
        ("/logInfo/from/phoneNumber", "expected a string, found the number 14155551234"),
        ("/logInfo/legs", "expected an array, found an object"),
        ("/logInfo/startTime", "expected a date with a time like 2026-03-05T23:59:30Z, or milliseconds since 1970, found \
                                the string \"***\""),
        ("/note", "expected a string, found an object"),
        ("/user/accessToken", "expected a string, found an array"),
        ("/user/hostname", "expected a string, found the number 7"),
        ("/user/id", "is required and missing"),
    ]
    .map(|(pointer, message)| json!({ "pointer": pointer, "message": message }));
    assert_eq!(faults, json!(expected));
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn faults_of_the_custom_fields_stand_in_the_same_answer() {
    let mut user = user();
    user["timezoneName"] = json!(1);
    let stage = "[[custom_fields]]\nname = \"stage\"\ntype = \"date\"";
    let scene = scene_with(stage, &user);
    let mut request = request();
    request["logInfo"]["startTime"] = json!("t0ken-of-the-user");
    request["additionalSubmission"] = json!({ "stage": "t0ken-of-the-user" });
    let output = log(&scene, &request, &[]).run().unwrap();
    let expected = [
        ("/user/timezoneName", "expected a string, found the number 1"),
        ("/logInfo/startTime", "expected a date with a time like 2026-03-05T23:59:30Z, or milliseconds since 1970, found \
                                the string \"***\""),
        ("/additionalSubmission/stage", "expected an ISO date like 2026-01-31, with or without a time, found the string \
                                         \"***\""),
    ]
    .map(|(pointer, message)| json!({ "pointer": pointer, "message": message }));
    assert_eq!(invalid_input(&output)["faults"], json!(expected));
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn a_wrong_name_is_told_whatever_else_is_wrong() {
    let scene = scene(&user());
    let arguments = [
        "log",
        "--crm",
        "other",
        "--from",
        "app-connect",
        "--user",
        "user.json",
    ];
    let invocation = scene.place.switchboard(arguments).unwrap();
    let output = invocation.stdin("{}").run().unwrap();
    let outcome = output.json().unwrap();
    assert_eq!(
        (output.code, &outcome["error"]["code"]),
        (Some(2), &json!("unknown-crm"))
    );
}

#[test]
fn each_request_that_cannot_be_logged_is_refused_and_sends_nothing() {
    let scene = scene(&user());
    let request = request();
    let without = |name: &str| {
        let mut request = request.clone();
        request.as_object_mut().unwrap().remove(name);
        request.to_string()
    };
    let text = request.to_string();
    for (sent, pointer, message) in [
        (
            String::new(),
            "",
            "the input is empty, expected one JSON object",
        ),
        ("[]".to_owned(), "", "expected an object, found an array"),
        (text[1..].to_owned(), "", "the input is not JSON: "),
        (
            text.replacen('{', "{\"note\":\"\",", 1),
            "/note",
            "stands twice in one object",
        ),
        (without("logInfo"), "/logInfo", "is required and missing"),
        (
            without("contactId"),
            "/contactId",
            "is missing: no contact was found",
        ),
        (
            text.replace("s-9a", "\\ud800"),
            "",
            "the input is JSON that cannot be passed on safely",
        ),
    ] {
        let output = log(&scene, &request, &[]).stdin(sent).run().unwrap();
        let fault = &invalid_input(&output)["faults"][0];
        assert_eq!(fault["pointer"], pointer, "{fault}");
        assert!(
            fault["message"].as_str().unwrap().starts_with(message),
            "{fault}"
        );
    }
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn a_user_that_cannot_be_used_is_refused_and_sends_nothing() {
    let scene = scene(&user());
    let file = scene.place.root().join("user.json");
    for (user, pointer, message) in [
        ("", "/user", "is empty, expected one JSON object"),
        ("7", "/user", "expected an object, found a number"),
        (r#"{ "id": "42" "#, "/user", "is not JSON: "),
        (
            r#"{ "id": "42", "id": "43" }"#,
            "/user/id",
            "stands twice in one object",
        ),
        (
            r#"{ "id": "42" }"#,
            "/user/accessToken",
            "is missing, and so is authHeader",
        ),
    ] {
        fs::write(&file, user).unwrap();
        let output = log(&scene, &request(), &[]).run().unwrap();
        let fault = &invalid_input(&output)["faults"][0];
        assert_eq!(fault["pointer"], pointer, "{fault}");
        assert!(
            fault["message"].as_str().unwrap().starts_with(message),
            "{fault}"
        );
    }
    fs::remove_file(&file).unwrap();
    let output = log(&scene, &request(), &[]).run().unwrap();
    let message = invalid_input(&output)["message"].to_string();
    assert!(message.contains("cannot open user.json"), "{message}");
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn a_command_that_says_not_where_the_user_is_gets_an_answer_in_json() {
    let scene = scene(&user());
    for (arguments, message) in [
        (
            ["--from", "app-connect"].as_slice(),
            "--from app-connect needs --user FILE, the user whom App Connect has stored",
        ),
        (
            &["--user", "user.json"],
            "--user goes with --from app-connect; leave it out, or add that",
        ),
        (
            &["--from", "switchboard", "--user", "user.json"],
            "--user goes with --from app-connect; leave it out, or add that",
        ),
        (
            &["--from", "app-connect", "--user", "-"],
            "the request and --user cannot both come from stdin; name a file for one of them",
        ),
    ] {
        let output = scene.log(&request(), arguments).unwrap().run().unwrap();
        let expected = json!({ "code": "invalid-input", "message": message });
        assert_eq!(invalid_input(&output), expected);
    }
    assert_eq!(scene.crm.requests(), []);
}
