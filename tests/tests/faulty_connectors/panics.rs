//! Panics during a call and after it, through the program.

use std::{fs, path::Path};

use switchboard_tests::{Stage, example_input, input_with_note, settings};

#[test]
fn a_panic_in_the_call_names_its_place_and_not_its_text() {
    let mut stage = Stage::new().unwrap();
    stage.place.guard(&["told to panic"]);
    let settings = settings(&[("base_url", &stage.crm.url())]);
    stage.add_faulty("panics-in-call", &settings).unwrap();
    let output = stage
        .log("panics-in-call", &input_with_note("panic").unwrap())
        .unwrap();
    assert_eq!(output.code, Some(1));
    let error = &output.json().unwrap()["error"];
    assert_eq!(error["code"], "panicked");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("tests/faulty/panics-in-call/src/lib.rs:"),
        "{message}"
    );
    assert_eq!(stage.crm.requests(), []);
}

#[test]
fn a_panic_after_a_read_was_answered_is_a_fault_and_nothing_was_written() {
    let stage = Stage::new().unwrap();
    let url = format!("{}/health", stage.crm.url());
    enable_panics_after_await(&stage, "GET", &url);
    stage.failure("panics-after-await", 1, "panicked").unwrap();
    assert_eq!(stage.crm.requests()[0].target, "/health");
}

#[test]
fn a_panic_after_a_write_was_answered_leaves_the_outcome_unknown() {
    let stage = Stage::new().unwrap();
    let url = format!("{}/activities", stage.crm.url());
    enable_panics_after_await(&stage, "POST", &url);
    let outcome = stage.failure("panics-after-await", 3, "unknown-outcome");
    let message = outcome.unwrap()["error"]["message"].to_string();
    assert!(message.contains("a write succeeded"), "{message}");
    assert!(message.contains("panicked"), "{message}");
}

fn enable_panics_after_await(stage: &Stage, method: &str, url: &str) {
    let settings = settings(&[("method", method), ("url", url)]);
    stage.add_faulty("panics-after-await", &settings).unwrap();
}

#[test]
fn a_panic_whose_payload_panics_again_without_end_is_a_fault() {
    let stage = Stage::with_faulty("panics-in-payload", "").unwrap();
    stage.failure("panics-in-payload", 1, "panicked").unwrap();
}

#[test]
fn a_panic_while_the_connector_is_dropped_harms_no_call() {
    let stage = Stage::new().unwrap();
    let trace = stage.place.root().join("trace");
    enable_with_trace(&stage, "panics-in-drop", &trace);
    let output = stage
        .log("panics-in-drop", &example_input().unwrap())
        .unwrap();
    assert_eq!(output.code, Some(0), "{output:#?}");
    assert_eq!(output.json().unwrap()["logId"], "logged");
    assert_eq!(fs::read_to_string(&trace).unwrap(), "dropped");
    assert_eq!(stage.list().unwrap().code, Some(0));
}

#[test]
fn a_panic_while_a_call_is_given_up_is_the_timeout_that_gave_it_up() {
    let stage = Stage::new().unwrap();
    let trace = stage.place.root().join("trace");
    enable_with_trace(&stage, "panics-when-cancelled", &trace);
    stage
        .failure("panics-when-cancelled", 1, "timeout")
        .unwrap();
}

fn enable_with_trace(stage: &Stage, name: &str, trace: &Path) {
    let settings = settings(&[("trace", trace.to_str().unwrap())]);
    let sections = format!("[limits]\ntimeout = \"1s\"\n{settings}");
    stage.add_faulty(name, &sections).unwrap();
}
