//! Workers that die.

use std::fs;

use serde_json::Value;

use super::siege::{Siege, WORKER, add_hostile, call, stage};

/// Deeds that end a worker, and what the host says of its end.
const DEATHS: [(&str, &str); 6] = [
    ("segfault", "signal 11"),
    ("abort", "signal 6"),
    ("exit", "exit code 0"),
    ("stack-overflow", "signal 6"),
    ("out-of-memory", "signal 6"),
    ("close-socket", "exit code 0"),
];

#[test]
fn a_worker_that_dies_fails_its_call_and_nobody_elses() {
    let siege = Siege::of(&DEATHS.map(|(deed, _)| deed));
    for (deed, reason) in DEATHS {
        let (status, outcome) = siege.deed(deed, deed);
        assert_eq!(status, 502, "{deed}: {outcome}");
        check(&outcome, "crashed", reason);
        siege.log(deed);
    }
    siege.end();
}

#[test]
fn a_worker_that_dies_after_its_write_leaves_the_outcome_unknown() {
    let siege = Siege::of(&DEATHS.map(|(deed, _)| deed));
    for (deed, _) in DEATHS {
        let (status, outcome) = siege.deed(deed, &format!("{deed} after write"));
        assert_eq!(status, 202, "{deed}: {outcome}");
        check(&outcome, "unknown-outcome", "a write succeeded");
        siege.log(deed);
    }
    siege.end();
}

#[test]
fn the_program_survives_every_death_and_says_what_to_do() {
    let stage = stage();
    add_hostile(&stage, WORKER, "hostile", "", &[]);
    for (deed, reason) in DEATHS {
        let before = stage.crm.n_entries();
        let input = call(&stage, &format!("deed: {deed}"));
        let outcome = stage.failure_of("hostile", &input, 1, "crashed").unwrap();
        check(&outcome, "crashed", reason);
        let input = call(&stage, &format!("deed: {deed} after write"));
        stage
            .failure_of("hostile", &input, 3, "unknown-outcome")
            .unwrap();
        // The one of the deed, and two of the Example CRM that was tried after each.
        assert_eq!(stage.crm.n_entries(), before + 3, "{deed}");
        // Programs that crash one after the other share the CRM's crashes.
        fs::remove_dir_all(stage.place.state()).unwrap();
    }
}

#[test]
fn a_panic_in_a_worker_is_a_panic() {
    let siege = Siege::of(&["hostile"]);
    let (status, outcome) = siege.deed("hostile", "panic");
    assert_eq!(status, 502, "{outcome}");
    check(&outcome, "panicked", "tests/faulty/hostile/src/dying.rs:");
    siege.log("hostile");
    siege.end();
}

fn check(outcome: &Value, code: &str, reason: &str) {
    let error = &outcome["error"];
    assert_eq!(error["code"], code, "{outcome}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(reason), "{reason}: {message}");
}
