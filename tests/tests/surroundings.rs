//! The program in awkward surroundings: outputs that take nothing, variables that are empty or no text, paths that are
//! no UTF-8.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::ffi::OsStrExt,
    path::PathBuf,
    process::Command,
};

use mock_crm::{MockCrm, Reply, Rule};
use serde_json::json;
use switchboard_tests::{Invocation, Workplace, program, workspace_root};

/// The example connector, its CRM and an input.
struct Stage {
    place: Workplace,
    crm: MockCrm,
    call: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let place = Workplace::new().unwrap();
        place
            .place_connector("switchboard-connector-example")
            .unwrap();
        let root = workspace_root();
        let manifest = fs::read_to_string(root.join("manifests/example.toml")).unwrap();
        place.write_manifest("example", &manifest).unwrap();
        let call = place.root().join("call.json");
        fs::copy(
            root.join("connector-sdk/src/testing/create-call-log.json"),
            &call,
        )
        .unwrap();
        let crm = MockCrm::start().unwrap();
        Self { place, crm, call }
    }

    /// Runs the program without any flag of ours, through a shell that may redirect.
    fn shell(&self, script: &str, arguments: &[&OsStr]) -> Invocation {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command.arg(program("switchboard-host", "switchboard").unwrap());
        command.args(arguments);
        let invocation = self.place.invocation(command);
        invocation.env("EXAMPLE_CRM_URL", self.crm.url())
    }

    fn log(&self, script: &str, more: &[&str]) -> Invocation {
        let mut arguments: Vec<&OsStr> = vec!["log".as_ref(), "--crm".as_ref(), "example".as_ref()];
        arguments.extend(more.iter().map(OsStr::new));
        arguments.push(self.call.as_ref());
        self.shell(script, &arguments)
            .env("SWITCHBOARD_CONNECTORS", self.place.connectors())
    }
}

const RUN: &str = r#"exec "$0" "$@""#;

/// A script repeats what exits with 1, and the call would be logged twice.
#[test]
fn a_logged_call_whose_outcome_nobody_could_read_exits_with_3() {
    let stage = Stage::new();
    let full = r#"exec "$0" "$@" > /dev/full"#;
    let output = stage.log(full, &[]).run().unwrap();
    assert_eq!((output.code, stage.crm.n_entries()), (Some(3), 1));
    assert!(output.stderr.contains(r#""logId":""#), "{output:?}");
    for (status, exit) in [(422, 1), (500, 3)] {
        let rule = Rule::post("/activities").once();
        stage.crm.script(rule.reply(Reply::empty(status)));
        stage.place.forget().unwrap();
        let output = stage.log(full, &[]).run().unwrap();
        assert_eq!(output.code, Some(exit), "{output:?}");
    }
}

#[test]
fn that_a_repeated_call_is_logged_again_is_said_where_it_may_be() {
    let mut stage = Stage::new();
    let says_so = |invocation: Invocation| {
        let output = invocation.run().unwrap();
        output.stderr.contains("a repeated call is logged again")
    };
    assert!(!says_so(stage.log(RUN, &[])));
    stage.place.keep_no_ledger();
    assert!(says_so(stage.log(RUN, &["--log-level", "off"])));
    assert!(!says_so(stage.log(RUN, &["--dry-run"])));
    fs::write(&stage.call, "{}").unwrap();
    assert!(!says_so(stage.log(RUN, &[])));
    stage
        .place
        .write_manifest("example", "[crm]\nname = 1\n")
        .unwrap();
    assert!(!says_so(stage.log(RUN, &[])));
}

#[test]
fn a_token_that_is_no_text_is_not_repeated() {
    let stage = Stage::new();
    let token = OsStr::from_bytes(b"Bearer t0ken-\xff-t0ken");
    let run = |invocation: Invocation| {
        let output = invocation.run().unwrap();
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(!format!("{output:?}").contains("t0ken"), "{output:?}");
        output.json().unwrap()["error"]["message"].clone()
    };
    let log = || stage.log(RUN, &["--auth-header-env", "TOKEN"]);
    let from = "cannot take authHeader from the environment variable TOKEN";
    assert_eq!(
        run(log().env("TOKEN", token)),
        format!("{from}: its value is not UTF-8")
    );
    assert_eq!(run(log()), format!("{from}: it is not set"));
    assert_eq!(stage.crm.requests(), []);
}

#[test]
fn an_empty_variable_is_not_set_and_a_wrong_one_is_named() {
    let stage = Stage::new();
    let mut invocation = stage.log(RUN, &[]);
    for name in ["MANIFESTS", "CA_FILE", "CONFIG", "LOG_LEVEL", "LOG_FORMAT"] {
        invocation = invocation.env(&format!("SWITCHBOARD_{name}"), "");
    }
    let output = invocation.run().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    let invocation = stage.log(RUN, &[]).env("SWITCHBOARD_LOG_LEVEL", "loud");
    let outcome = invocation.run().unwrap().json().unwrap();
    let message = outcome["error"]["message"].as_str().unwrap();
    let expected = "SWITCHBOARD_LOG_LEVEL is \"loud\"; set it to one of off, error, warn";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn folders_of_connectors_are_separated_in_the_variable_and_repeated_as_flags() {
    let stage = Stage::new();
    let connectors = stage.place.connectors();
    let odd = stage.place.root().join("a:b");
    fs::rename(&connectors, &odd).unwrap();
    let arguments = ["list", "--check", "--connectors"].map(OsStr::new);
    let arguments = [&arguments[..], &[odd.as_ref()]].concat();
    let output = stage.shell(RUN, &arguments).run().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");

    fs::rename(&odd, &connectors).unwrap();
    let mut folders = OsString::from(stage.place.manifests());
    folders.push("::");
    folders.push(&connectors);
    let invocation = stage.shell(RUN, &["list", "--check"].map(OsStr::new));
    let invocation = invocation.env("SWITCHBOARD_CONNECTORS", folders);
    let output = invocation.run().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
}

#[test]
fn paths_that_are_not_utf_8_are_shown_and_no_panic() {
    let stage = Stage::new();
    let root = stage.place.root().canonicalize().unwrap();
    let odd = root.join(OsStr::from_bytes(b"odd-\xff"));
    fs::rename(stage.place.connectors(), &odd).unwrap();
    let file = odd.join("libswitchboard_connector_example.so");
    let shown = format!(
        "{}/odd-\u{fffd}/libswitchboard_connector_example.so",
        root.display()
    );

    let arguments = ["list".as_ref(), "--json".as_ref(), "--connectors".as_ref()];
    let arguments: Vec<&OsStr> = [&arguments[..], &[odd.as_ref()]].concat();
    let output = stage.shell(RUN, &arguments).run().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(output.json().unwrap()[0]["library"], json!(shown));

    let arguments = ["inspect".as_ref(), "--json".as_ref(), file.as_ref()];
    let output = stage.shell(RUN, &arguments).run().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(output.json().unwrap()["file"], json!(shown));
}
