//! Looking for the entries of unclear calls.

use std::time::{Duration, Instant};

use mock_crm::Rule;
use serde_json::Value;
use switchboard_tests::{Output, Scene, input};

const NONE: [&str; 0] = [];

/// The shortest quarantine that a manifest takes, and a program that knows the token.
const SECTIONS: &str =
    "[ledger]\nquarantine = \"1s\"\n[auth]\ncommand = [\"echo\", \"Bearer c0mmand\"]\n";

/// Logs a call whose answer is lost.
fn lose(scene: &Scene, session: &str, lost: Rule) -> Value {
    scene.crm.script(lost.reset().once());
    let call = input(session).unwrap();
    let output = scene.log(&call, NONE).unwrap().run().unwrap();
    assert_eq!(output.code, Some(3), "{output:?}");
    call
}

/// Runs the command until it is not too early.
fn reconcile(scene: &Scene, arguments: &[&str]) -> Output {
    let began = Instant::now();
    loop {
        let all = [&["ledger", "reconcile"], arguments].concat();
        let output = scene.place.switchboard(all).unwrap().run().unwrap();
        if !output.stdout.contains("look again after") {
            return output;
        }
        assert_eq!(output.code, Some(3), "{output:?}");
        assert!(began.elapsed() < Duration::from_secs(60), "{output:?}");
    }
}

fn key(session: &str) -> String {
    format!("createCallLog/example/crm.example.com/1477535004-example/{session}")
}

#[test]
fn entries_that_are_there_are_found_and_calls_that_are_not_may_be_logged_again() {
    let scene = Scene::example_with(SECTIONS).unwrap();
    lose(&scene, "1", Rule::post("/activities").store());
    let second = lose(&scene, "2", Rule::post("/activities"));
    let first = reconcile(&scene, &[]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(
        first
            .stdout
            .ends_with(&format!("{}\tFAILED\tmay be logged again\n", key("2"))),
        "{first:?}"
    );
    let last_word = "unclear calls are clear now\n";
    assert!(first.stderr.ends_with(last_word), "{first:?}");
    let list = scene
        .place
        .switchboard(["ledger", "list"])
        .unwrap()
        .run()
        .unwrap();
    let states: Vec<_> = list
        .stdout
        .lines()
        .map(|line| line.split('\t').nth(1).unwrap())
        .collect();
    assert_eq!(states, ["DONE", "FAILED"]);
    let search = scene.crm.requests().pop().unwrap();
    assert_eq!(search.header("authorization"), Some("Bearer c0mmand"));
    let again = reconcile(&scene, &[]);
    assert_eq!(
        (again.code, &*again.stderr),
        (Some(0), "no call is unclear\n")
    );
    let logged = scene.log(&second, NONE).unwrap().run().unwrap();
    assert_eq!(logged.json().unwrap()["logId"], "act-2");
    assert_eq!(scene.crm.n_entries(), 2);
}

#[test]
fn without_credentials_a_call_waits_for_its_next_request() {
    let scene = Scene::example_with("[ledger]\nquarantine = \"1s\"\n").unwrap();
    lose(&scene, "1", Rule::post("/activities").store());
    let output = reconcile(&scene, &["--crm", "example"]);
    let line = format!(
        "{}\tUNKNOWN\twaiting for a request with credentials\n",
        key("1")
    );
    assert_eq!(
        (output.code, &*output.stdout),
        (Some(3), &*line),
        "{output:?}"
    );
    let other = reconcile(&scene, &["--crm", "other"]);
    assert_eq!((other.code, &*other.stdout), (Some(1), ""), "{other:?}");
    assert!(
        other.stderr.contains("no manifest enables \"other\""),
        "{other:?}"
    );
    assert_eq!(scene.crm.requests().len(), 1);
}
