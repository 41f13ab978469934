//! Every way in which a call can end: exit code, code of the error, what the CRM really stored.

use std::{
    net::TcpListener,
    time::{Duration, SystemTime},
};

use mock_crm::{Gate, Reply, Rule};
use serde_json::{Value, json};
use switchboard_tests::{Output, Scene, input, manifest};

use crate::NONE;

/// Exit code, code of the error, type of the message.
type Ending = (i32, &'static str, &'static str);

const NOT_LOGGED: i32 = 1;
const UNKNOWN: Ending = (3, "unknown-outcome", "warning");

/// Logs one call, to which nothing went before, and compares its ending; what was not logged has no id.
#[track_caller]
fn check(scene: &Scene, ending: Ending) -> Value {
    scene.place.forget().unwrap();
    let output = scene
        .log(&input("1").unwrap(), NONE)
        .unwrap()
        .run()
        .unwrap();
    check_output(&output, ending)
}

#[track_caller]
fn check_output(output: &Output, (exit, code, kind): Ending) -> Value {
    let outcome = output.json().unwrap();
    let message = &outcome["returnMessage"];
    assert_eq!(
        (
            output.code,
            output.signal,
            &outcome["error"]["code"],
            &message["messageType"]
        ),
        (Some(exit), None, &json!(code), &json!(kind)),
        "{output:?}"
    );
    assert_eq!(outcome["logId"], Value::Null, "{outcome}");
    assert_eq!(output.stdout.matches('\n').count(), 1, "{outcome}");
    assert!(message["message"].as_str().unwrap().len() > 40, "{outcome}");
    outcome
}

#[test]
fn each_answer_to_a_write_has_its_ending() {
    let scene = Scene::example().unwrap();
    let refusal = |status| Reply::json(status, &json!({ "error": "because of the CRM" }));
    let table = [
        (refusal(400), (NOT_LOGGED, "rejected", "danger")),
        (refusal(401), (NOT_LOGGED, "unauthorized", "warning")),
        (refusal(403), (NOT_LOGGED, "forbidden", "warning")),
        (refusal(404), (NOT_LOGGED, "not-found", "warning")),
        (refusal(422), (NOT_LOGGED, "rejected", "danger")),
        (refusal(429), (NOT_LOGGED, "rate-limited", "warning")),
        (refusal(408), UNKNOWN),
        (refusal(409), UNKNOWN),
        (refusal(500), UNKNOWN),
        (refusal(503), UNKNOWN),
        (Reply::empty(201), UNKNOWN),
        (Reply::json(201, &json!({ "id": null })), UNKNOWN),
        (
            Reply::redirect(307, &format!("{}/elsewhere", scene.crm.url())),
            UNKNOWN,
        ),
        (Reply::filler(201, 11 * 1024 * 1024), UNKNOWN),
    ];
    let n_calls = table.len();
    for (reply, ending) in table {
        scene
            .crm
            .script(Rule::post("/activities").once().reply(reply));
        let outcome = check(&scene, ending);
        if ending.1 == "rejected" {
            let text = outcome["returnMessage"]["message"].as_str().unwrap();
            assert!(text.contains("because of the CRM"), "{text}");
        }
    }
    // One request a call: nothing was repeated, no redirect followed.
    let requests = scene.crm.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.path() == "/activities")
    );
    assert_eq!(requests.len(), n_calls);
}

#[test]
fn a_rate_limit_says_when_to_try_again() {
    let scene = Scene::example().unwrap();
    let in_100_s = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
    for (header, range) in [("7", 7..=7), (&*in_100_s, 1..=100)] {
        let reply = Reply::empty(429).header("retry-after", header);
        scene
            .crm
            .script(Rule::post("/activities").once().reply(reply));
        let outcome = check(&scene, (NOT_LOGGED, "rate-limited", "warning"));
        let seconds = outcome["error"]["retryAfterSeconds"].as_u64().unwrap();
        assert!(range.contains(&seconds), "{header}: {seconds}");
    }
}

#[test]
fn a_write_whose_answer_is_lost_is_unclear_and_never_repeated() {
    let scene = Scene::example().unwrap();
    let post = || Rule::post("/activities").once();
    let rules = [
        (post().store().truncate(), 1),
        (post().store().close(), 1),
        (post().store().reset(), 1),
        (post().close(), 0),
        (post().reset(), 0),
        (
            post()
                .reply(Reply::json(201, &json!({ "id": "lost" })))
                .truncate(),
            0,
        ),
    ];
    let (mut n_calls, mut n_stored) = (0, 0);
    for (rule, n) in rules {
        scene.crm.script(rule);
        check(&scene, UNKNOWN);
        (n_calls, n_stored) = (n_calls + 1, n_stored + n);
        assert_eq!(scene.crm.n_entries(), n_stored);
        assert_eq!(scene.crm.requests().len(), n_calls);
    }
}

#[test]
fn a_write_without_an_answer_ends_unclear_at_its_own_time_limit() {
    let scene = Scene::example_with("[limits]\ntimeout = \"1s\"").unwrap();
    scene
        .crm
        .script(Rule::post("/activities").hold(&Gate::new()));
    check(&scene, UNKNOWN);
    assert_eq!(scene.crm.n_entries(), 0);
}

#[test]
fn a_read_without_an_answer_ends_in_time_with_nothing_written() {
    let scene = Scene::pipedrive_within("1s").unwrap();
    scene
        .crm
        .script(Rule::get("/api/v2/persons/77").hold(&Gate::new()));
    let output = scene
        .log(&pipedrive_input(&scene), NONE)
        .unwrap()
        .run()
        .unwrap();
    check_output(&output, (NOT_LOGGED, "timeout", "warning"));
    assert_eq!(scene.crm.n_entries(), 0);
}

#[test]
fn a_lost_read_is_no_unclear_end() {
    let scene = Scene::pipedrive("").unwrap();
    for rule in [
        // A read is sent three times.
        Rule::get("/api/v2/persons/77").times(3).close(),
        Rule::get("/api/v2/persons/77").times(3).truncate(),
        Rule::get("/v1/activityTypes")
            .once()
            .reply(Reply::text(200, "no JSON")),
    ] {
        scene.crm.script(rule);
        let output = scene
            .log(&pipedrive_input(&scene), NONE)
            .unwrap()
            .run()
            .unwrap();
        check_output(&output, (NOT_LOGGED, "unavailable", "warning"));
    }
    assert_eq!(scene.crm.n_entries(), 0);
}

#[test]
fn what_is_not_reached_is_not_written() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let unavailable = (NOT_LOGGED, "unavailable", "warning");
    let table = [
        (format!("http://{closed}"), unavailable),
        ("https://no-such-host.invalid".to_owned(), unavailable),
        (
            "https://crm.example.com".to_owned(),
            (NOT_LOGGED, "forbidden-host", "danger"),
        ),
    ];
    let scene = Scene::example().unwrap();
    for (base_url, ending) in table {
        let settings = format!("[settings]\nbase_url = {base_url:?}");
        let text = manifest("example", "Example CRM", &settings);
        let text = text.replace(
            "\"localhost:*\"",
            "\"localhost:*\", \"no-such-host.invalid\"",
        );
        scene.place.write_manifest("example", &text).unwrap();
        let outcome = check(&scene, ending);
        let host = base_url.split_once("://").unwrap().1;
        let message = outcome["error"]["message"].as_str().unwrap();
        assert!(message.contains(host), "{message}");
    }
}

#[test]
fn an_authority_that_nobody_vouches_for_is_not_believed() {
    let scene = Scene::pipedrive("").unwrap();
    let ca = scene.place.root().join("mock-crm-ca.pem");
    std::fs::remove_file(ca).unwrap();
    let output = scene
        .log(&pipedrive_input(&scene), NONE)
        .unwrap()
        .run()
        .unwrap();
    check_output(&output, (NOT_LOGGED, "unavailable", "warning"));
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn an_unknown_crm_is_answered_with_the_known_ones() {
    let scene = Scene::example().unwrap();
    scene
        .place
        .write_manifest("acme", &manifest("acme", "Acme", ""))
        .unwrap();
    let arguments = ["log", "--crm", "exampel"];
    let output = scene
        .place
        .switchboard(arguments)
        .unwrap()
        .stdin("{}")
        .run()
        .unwrap();
    let outcome = check_output(&output, (2, "unknown-crm", "danger"));
    let message = outcome["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("known CRMs: acme, example"), "{message}");
}

#[test]
fn a_disabled_crm_says_why_and_leaves_the_others_alone() {
    let scene = Scene::example().unwrap();
    scene
        .place
        .write_manifest("acme", &manifest("acme", "Acme", ""))
        .unwrap();
    scene
        .place
        .write_manifest(
            "broken",
            "manifest_version = 1\n[crm]\nname = \"broken\"\nnmae = 1\n",
        )
        .unwrap();
    for (crm, reason) in [("acme", "switchboard_connector_acme"), ("broken", "nmae")] {
        let arguments = ["log", "--crm", crm];
        let output = scene
            .place
            .switchboard(arguments)
            .unwrap()
            .stdin("{}")
            .run()
            .unwrap();
        let outcome = check_output(&output, (NOT_LOGGED, "disabled", "danger"));
        let message = outcome["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    let output = scene
        .log(&input("1").unwrap(), NONE)
        .unwrap()
        .run()
        .unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
}

/// Returns an input for the mock Pipedrive.
fn pipedrive_input(scene: &Scene) -> Value {
    let mut call = input("1").unwrap();
    call["user"]["hostname"] = json!(scene.crm.authority());
    call
}
