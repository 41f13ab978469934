//! Connectors that answer nothing, too much, or something else than an outcome.

use switchboard_tests::{Stage, settings};

const SHORT: &str = "[limits]\ntimeout = \"1s\"\n";

#[test]
fn a_call_that_never_completes_ends_with_its_deadline() {
    let stage = Stage::with_faulty("never-completes", SHORT).unwrap();
    let outcome = stage.failure("never-completes", 1, "timeout").unwrap();
    assert_eq!(outcome["returnMessage"]["messageType"], "warning");
}

#[test]
fn an_answer_that_is_no_json_is_a_fault_of_the_connector() {
    let stage = Stage::with_faulty("returns-garbage", "").unwrap();
    let outcome = stage.failure("returns-garbage", 1, "internal").unwrap();
    let message = outcome["error"]["message"].as_str().unwrap();
    assert!(message.contains("is not the JSON object"), "{message}");
    assert!(message.contains("tell its author"), "{message}");
}

#[test]
fn an_answer_of_20_mib_is_a_fault_of_the_connector() {
    let stage = Stage::with_faulty("returns-20-mib", "").unwrap();
    let outcome = stage.failure("returns-20-mib", 1, "internal").unwrap();
    let message = outcome["error"]["message"].as_str().unwrap();
    assert!(message.contains("at most 1048576 are read"), "{message}");
    assert!(message.contains("tell its author"), "{message}");
}

#[test]
fn success_without_an_id_is_a_fault_if_nothing_was_written() {
    let stage = Stage::with_faulty("returns-no-id", "").unwrap();
    let outcome = stage.failure("returns-no-id", 1, "internal").unwrap();
    let message = outcome["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("success without a logId of 1 to 500 bytes"),
        "{message}"
    );
}

#[test]
fn success_without_an_id_is_an_unknown_outcome_if_something_was_written() {
    let stage = Stage::new().unwrap();
    let url = format!("{}/activities", stage.crm.url());
    let settings = settings(&[("url", &url)]);
    stage.add_faulty("returns-no-id", &settings).unwrap();
    stage
        .failure("returns-no-id", 3, "unknown-outcome")
        .unwrap();
    // One by the faulty connector, one by the Example CRM that was tried after it.
    assert_eq!(stage.crm.n_entries(), 2);
}
