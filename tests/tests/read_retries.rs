//! What a CRM that is away for a moment means: reads are sent again, writes never.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use mock_crm::{Reply, Rule};
use serde_json::{Value, json};
use switchboard_tests::{Output, Scene, input};

const PERSON: &str = "/api/v2/persons/77";
const TYPES: &str = "/v1/activityTypes";
const ACTIVITIES: &str = "/api/v2/activities";

/// Logs one call with every log line.
fn log(scene: &Scene) -> Output {
    let mut call = input("1").unwrap();
    call["user"]["hostname"] = json!(scene.crm.authority());
    let flags = ["--log-level", "debug", "--log-format", "json"];
    scene.log(&call, flags).unwrap().run().unwrap()
}

/// Returns method and path of everything that the CRM received.
fn received(scene: &Scene) -> Vec<String> {
    let requests = scene.crm.requests().into_iter();
    requests
        .map(|it| format!("{} {}", it.method, it.path()))
        .collect()
}

fn lines(output: &Output, message: &str) -> Vec<Value> {
    let lines = output.stderr.lines().map(serde_json::from_str::<Value>);
    lines
        .map(Result::unwrap)
        .filter(|line| line["message"] == message)
        .collect()
}

#[test]
fn a_call_is_logged_though_each_read_fails_at_first() {
    let scene = Scene::pipedrive("").unwrap();
    scene.crm.script_all([
        Rule::get(PERSON).once().reset(),
        Rule::get(PERSON)
            .once()
            .reply(Reply::empty(429).header("retry-after", "0")),
        Rule::get(TYPES).once().reply(Reply::empty(503)),
        Rule::get(TYPES).once().truncate(),
    ]);
    let output = log(&scene);
    assert_eq!(output.code, Some(0), "{output:#?}");
    assert_eq!(output.json().unwrap()["logId"], "9001");
    let paths = [PERSON, PERSON, PERSON, TYPES, TYPES, TYPES];
    let mut expected: Vec<_> = paths.map(|path| format!("GET {path}")).into();
    expected.push(format!("POST {ACTIVITIES}"));
    assert_eq!(received(&scene), expected);
    assert_eq!(scene.crm.n_entries(), 1);

    assert_eq!(lines(&output, "request ended").len(), 7);
    assert_eq!(lines(&output, "call ended")[0]["requests_sent"], 7);
    let again = lines(&output, "a read is tried again");
    let again: Vec<_> = again.iter().map(|it| it["request"].clone()).collect();
    let name = |path| json!(format!("GET {}{path}", scene.crm.authority()));
    assert_eq!(again, [PERSON, PERSON, TYPES, TYPES].map(name));
}

#[test]
fn a_read_that_fails_three_times_ends_the_call_with_nothing_written() {
    let scene = Scene::pipedrive("").unwrap();
    scene.crm.script(Rule::get(PERSON).reply(Reply::empty(503)));
    let output = log(&scene);
    let outcome = output.json().unwrap();
    assert_eq!(
        (output.code, &outcome["error"]["code"]),
        (Some(1), &json!("unavailable")),
        "{output:#?}"
    );
    assert_eq!(received(&scene), vec![format!("GET {PERSON}"); 3]);
}

#[test]
fn a_crm_that_asks_for_more_patience_than_a_caller_has_is_not_asked_again() {
    let scene = Scene::pipedrive("").unwrap();
    let busy = Reply::empty(429).header("retry-after", "90");
    scene.crm.script(Rule::get(PERSON).reply(busy));
    let output = log(&scene);
    let error = &output.json().unwrap()["error"];
    assert_eq!(
        (&error["code"], &error["retryAfterSeconds"]),
        (&json!("rate-limited"), &json!(90)),
        "{output:#?}"
    );
    assert_eq!(received(&scene), [format!("GET {PERSON}")]);
}

#[test]
fn a_write_is_sent_once_however_it_ends() {
    for end in [
        Rule::post(ACTIVITIES).reset(),
        Rule::post(ACTIVITIES).reply(Reply::empty(503)),
        Rule::post(ACTIVITIES).reply(Reply::empty(429).header("retry-after", "0")),
    ] {
        let scene = Scene::pipedrive("").unwrap();
        scene.crm.script(end);
        let output = log(&scene);
        assert!(matches!(output.code, Some(1 | 3)), "{output:#?}");
        let writes = received(&scene);
        let writes = writes.iter().filter(|it| it.starts_with("POST"));
        assert_eq!(writes.count(), 1, "{output:#?}");
    }
}
