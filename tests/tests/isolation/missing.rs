//! Systems that lack a part of the sandbox.

use std::process::Command;

use serde_json::{Value, json};
use switchboard_tests::{Output, Stage, program};

use super::siege::WORKER;

/// Runs `switchboard list` with a connector that says so when its constructor runs, on a system without one of the
/// guards; returns what it printed, and what of it is about that connector.
fn list_without(guard: &str, sections: &str) -> (Output, Value) {
    let stage = Stage::new().unwrap();
    stage
        .place
        .place_connector("faulty-evil-constructor")
        .unwrap();
    let library = "faulty_evil_constructor";
    stage.enable_in(WORKER, "evil", library, sections).unwrap();
    let mut command = Command::new(program("old-kernel", "old-kernel").unwrap());
    command.arg(guard);
    command.arg(program("switchboard-host", "switchboard").unwrap());
    command.arg("--manifests").arg(stage.place.manifests());
    command.arg("--connectors").arg(stage.place.connectors());
    command.args(["list", "--json", "--check"]);
    let output = stage.place.invocation(command).run().unwrap();
    let crms = output.json().unwrap();
    let crms = crms.as_array().unwrap();
    let evil = crms.iter().find(|it| it["name"] == "evil").unwrap();
    let evil = evil.clone();
    (output, evil)
}

#[test]
fn where_a_guard_is_missing_nothing_of_a_library_runs() {
    for (guard, missing) in [("landlock", "files"), ("seccomp", "sockets, processes")] {
        let (output, evil) = list_without(guard, "");
        assert_eq!(evil["state"], "disabled", "{guard}: {evil}");
        let reason = evil["reason"].as_str().unwrap();
        let expected = format!("this system does not deny {missing} to a connector's worker");
        assert!(reason.contains(&expected), "{guard}: {reason}");
        assert!(reason.contains("`required = false`"), "{guard}: {reason}");
        assert!(!output.stderr.contains("constructed"), "{output:#?}");
    }
}

#[test]
fn an_operator_can_do_without_a_guard() {
    for guard in ["landlock", "seccomp"] {
        let (output, evil) = list_without(guard, "[sandbox]\nrequired = false\n");
        assert_eq!(evil["state"], "ready", "{guard}: {evil}");
        assert!(output.stderr.contains("constructed"), "{output:#?}");
        let landlock = &evil["sandbox"]["landlock"];
        assert_eq!(landlock.is_null(), guard == "landlock", "{evil}");
        let no_sockets = evil["sandbox"]["sockets"] == json!([]);
        assert_eq!(no_sockets, guard == "seccomp", "{evil}");
    }
}
