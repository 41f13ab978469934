//! The harness itself: what the other tests rely on.

#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command,
    time::Duration,
};

use rustix::process::Signal;
use serde_json::json;
use switchboard_tests::{Invocation, Output, Workplace, library, program, workspace_root};

fn shell(place: &Workplace, script: &str) -> Invocation {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    place.invocation(command)
}

#[test]
fn input_output_and_exit_code_are_those_of_the_program() {
    let place = Workplace::new().unwrap();
    let output = shell(&place, "cat; echo warned >&2; exit 3")
        .stdin(r#"{"logId":"7"}"#)
        .run()
        .unwrap();
    let expected = Output {
        stdout: r#"{"logId":"7"}"#.to_owned(),
        stderr: "warned\n".to_owned(),
        code: Some(3),
        signal: None,
    };
    assert_eq!(output, expected);
    assert_eq!(output.json().unwrap(), json!({ "logId": "7" }));
}

#[test]
fn the_program_sees_no_variable_of_ours_and_runs_in_its_workplace() {
    let place = Workplace::new().unwrap();
    let output = shell(&place, "echo \"${CARGO_MANIFEST_DIR-unset} $GIVEN\"; pwd")
        .env("GIVEN", "given")
        .run()
        .unwrap();
    let root = place.root().canonicalize().unwrap();
    assert_eq!(output.stdout, format!("unset given\n{}\n", root.display()));
}

#[test]
fn a_program_that_never_ends_is_killed_and_its_words_are_kept() {
    let place = Workplace::new().unwrap();
    let error = shell(&place, "echo started; exec tail -f /dev/null")
        .timeout(Duration::from_millis(200))
        .run()
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("still running after 200ms"), "{text}");
    assert!(text.contains(r#"stdout: "started\n""#), "{text}");
}

#[test]
fn a_signal_reaches_the_program_and_is_reported() {
    let place = Workplace::new().unwrap();
    let running = shell(&place, "exec tail -f /dev/null").start().unwrap();
    running.signal(Signal::TERM).unwrap();
    let output = running.finish().unwrap();
    assert_eq!(
        (output.code, output.signal),
        (None, Some(Signal::TERM.as_raw()))
    );
}

#[test]
fn a_guarded_text_in_any_output_fails_the_test_without_being_repeated() {
    let mut place = Workplace::new().unwrap();
    place.guard(&["never said", "say \"s3cret\""]);
    for script in [
        r#"echo >&2; echo 'say "s3cret"' >&2"#,
        r#"echo >&2; echo; printf '%s' '{"note":"say \"s3cret\""}'"#,
        r#"echo; echo 'say "s3cret"'; exec tail -f /dev/null"#,
    ] {
        let invocation = shell(&place, script).timeout(Duration::from_secs(1));
        let run = AssertUnwindSafe(|| invocation.run());
        let panic = catch_unwind(run).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(
            message.starts_with("guarded text 1 stands in line 2 of std"),
            "{message}"
        );
    }
    shell(&place, "echo harmless").run().unwrap();
}

#[test]
fn a_connector_is_built_and_copied_so_that_only_its_owner_may_write_it() {
    let place = Workplace::new().unwrap();
    let copy = place
        .place_connector("switchboard-connector-example")
        .unwrap();
    assert_eq!(copy.parent(), Some(&*place.connectors()));
    assert_eq!(
        fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o755
    );
    let built = library("switchboard-connector-example").unwrap();
    assert_eq!(fs::read(copy).unwrap(), fs::read(built).unwrap());
}

#[test]
fn what_cannot_be_built_is_an_error_with_the_reason() {
    let error = library("no-such-package").unwrap_err().to_string();
    assert!(error.contains("cannot build no-such-package"), "{error}");
    let error = library("mock-crm").unwrap_err().to_string();
    assert_eq!(error, "mock-crm is no cdylib");
    let error = program("mock-crm", "other").unwrap_err().to_string();
    assert_eq!(error, "mock-crm has no program other");
}

#[test]
fn the_workspace_root_holds_this_package() {
    assert!(workspace_root().join("tests/tests/harness.rs").is_file());
}
