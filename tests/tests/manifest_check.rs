//! `switchboard manifest check`: every fault of every file, on the machine of whoever writes the manifests.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{fs, os::unix::fs::symlink};

use serde_json::json;
use switchboard_tests::{Invocation, Output, Workplace, workspace_root};

const GOOD: &str = "manifest_version = 1
[crm]
name = \"acme\"
[connector]
library = \"acme\"
";

/// A workplace with these files in its root.
fn place(files: &[(&str, &str)]) -> Workplace {
    let place = Workplace::new().unwrap();
    for (name, text) in files {
        fs::write(place.root().join(name), text).unwrap();
    }
    place
}

fn invocation(place: &Workplace, arguments: &[&str]) -> Invocation {
    let arguments = ["manifest", "check"].iter().chain(arguments);
    place.switchboard(arguments).unwrap()
}

fn check(place: &Workplace, arguments: &[&str]) -> Output {
    invocation(place, arguments).run().unwrap()
}

fn assert_output(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(output.stderr, stderr);
    assert_eq!(output.stdout, stdout);
    assert_eq!(output.code, Some(code));
}

#[test]
fn every_fault_of_every_file_is_shown_and_good_files_are_named() {
    let faulty = GOOD.replace("acme", "bad") + "[limits]\ntimeot = 3\nmax_in_flight = 0\n";
    let place = place(&[
        ("good.toml", GOOD),
        ("bad.toml", &faulty),
        ("empty.toml", ""),
    ]);
    let output = check(
        &place,
        &["empty.toml", "gone.toml", "bad.toml", "good.toml"],
    );
    assert_output(
        &output,
        2,
        "good.toml: ok\n",
        "\
error: missing key `manifest_version` in the manifest
--> empty.toml
 = help: add `manifest_version = 1`

error: missing key `crm` in the manifest
--> empty.toml
 = help: add `[crm]`

error: missing key `connector` in the manifest
--> empty.toml
 = help: add `[connector]`

error: there is no such file
--> gone.toml
 = help: name a manifest, or a folder of manifests

error: unknown key `timeot` in [limits]
 --> bad.toml:7:1
  |
7 | timeot = 3
  | ^^^^^^ expected `timeout`, `max_in_flight`, `requests_per_second`, `burst` or `memory`
  |
  = help: did you mean `timeout`?

error: `max_in_flight` is not an integer from 1 to 10000
 --> bad.toml:8:17
  |
8 | max_in_flight = 0
  |                 ^ expected an integer from 1 to 10000

",
    );
}

/// Every kind of text that a manifest checks, each a variable; and a fault behind them.
const VARIABLES: &str = r#"manifest_version = 1
[crm]
name = "${NAME}"
[connector]
library = "${LIBRARY}"
sha256 = "${DIGEST}"
isolation = "${ISOLATION}"
[network]
allowed_hosts = ["${HOST}"]
read_requests = ["${REQUEST}"]
proxy = "${file:proxy}"
[limits]
timeout = "${TIMEOUT}"
[log]
format = "${FORMAT}"
[[custom_fields]]
name = "${FIELD}"
type = "selection"
options = [{ value = "${OPTION}" }, { value = "b" }]
default = "c"
[[custom_fields]]
name = "due"
type = "${KIND}"
default = "${DEFAULT}"
[settings]
"#;

#[test]
fn a_variable_without_a_value_is_a_warning_and_is_not_judged_further() {
    let place = place(&[("acme.toml", VARIABLES)]);
    let output = check(&place, &["acme.toml"]);
    assert_eq!((output.code, output.signal), (Some(0), None), "{output:?}");
    assert_eq!(output.stdout, "acme.toml: ok, 13 warnings\n");
    let titles: Vec<_> = output
        .stderr
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .collect();
    let unset = |name| format!("warning: the environment variable {name} is not set");
    let mut expected = ["NAME", "LIBRARY", "DIGEST", "ISOLATION", "HOST", "REQUEST"]
        .map(unset)
        .to_vec();
    expected.push(
        "warning: cannot use the file proxy: it cannot be read: No such file or directory (os error 2)"
            .to_owned(),
    );
    expected.extend(["TIMEOUT", "FORMAT", "FIELD", "OPTION", "KIND", "DEFAULT"].map(unset));
    assert_eq!(titles, expected);
}

#[test]
fn with_env_a_variable_without_a_value_is_an_error() {
    let manifest = format!("{GOOD}[settings]\nurl = \"${{ACME_URL}}\"\n");
    let mut place = place(&[("acme.toml", &manifest)]);
    place.guard(&["https://s3cret"]);
    let fault = "\
error: the environment variable ACME_URL is not set
 --> acme.toml:7:8
  |
7 | url = \"${ACME_URL}\"
  |        ^^^^^^^^^^^
  |
  = help: set it before switchboard starts, or use `${file:PATH}`

";
    let arguments = ["--env", "acme.toml"];
    assert_output(&check(&place, &arguments), 2, "", fault);
    let warning = fault.replace("error:", "warning:");
    let output = check(&place, &["acme.toml"]);
    assert_output(&output, 0, "acme.toml: ok, 1 warning\n", &warning);
    for arguments in [&arguments[..], &["acme.toml"]] {
        let output = invocation(&place, arguments).env("ACME_URL", "https://s3cret");
        assert_output(&output.run().unwrap(), 0, "acme.toml: ok\n", "");
    }
}

#[test]
fn a_fault_beside_a_variable_without_a_value_is_found() {
    let field = "[[custom_fields]]\nname = \"${X}\"\ntype = \"checkbox\"\ndefault = \"yes\"\n";
    let manifest = format!("{VARIABLES}[nonsense]\n{field}");
    let place = place(&[("acme.toml", &manifest)]);
    let output = check(&place, &["acme.toml"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""));
    assert_eq!(output.stderr.matches("warning: ").count(), 14);
    for fault in [
        "error: unknown key `nonsense` in the manifest\n  --> acme.toml:26:2\n",
        "error: `default` is a string instead of `true` or `false`\n  --> acme.toml:30:11\n",
    ] {
        assert!(output.stderr.contains(fault), "{}", output.stderr);
    }
}

#[test]
fn so_many_warnings_push_no_fault_out_and_are_all_counted() {
    let warnings: String = (0..120).map(|n| format!("s{n} = \"${{X}}\"\n")).collect();
    let manifest = format!("{GOOD}[settings]\n{warnings}");
    let faulty = format!("{manifest}[nonsense]\n").replace("acme", "bad");
    let place = place(&[("acme.toml", &manifest), ("bad.toml", &faulty)]);
    let output = check(&place, &["acme.toml"]);
    assert_eq!(
        (output.code, &*output.stdout),
        (Some(0), "acme.toml: ok, 120 warnings\n")
    );
    let more = "warning: there are 20 more warnings in this file\n--> acme.toml\n";
    assert!(output.stderr.contains(more), "{}", output.stderr);
    assert_eq!(output.stderr.matches("warning: ").count(), 101);
    let output = check(&place, &["bad.toml"]);
    assert_eq!((output.code, &*output.stdout), (Some(2), ""));
    let fault = "error: unknown key `nonsense` in the manifest\n   --> bad.toml:127:2\n";
    assert!(output.stderr.starts_with(fault), "{}", output.stderr);
    assert_eq!(output.stderr.matches("error: ").count(), 1);
    let more = "warning: there are 20 more warnings in this file\n--> bad.toml\n";
    assert!(output.stderr.contains(more), "{}", output.stderr);
    let output = check(&place, &["--json", "acme.toml"]).json().unwrap();
    let diagnostics = output[0]["diagnostics"].as_array().unwrap();
    let counts = diagnostics.iter().map(|it| it["count"].as_u64().unwrap());
    assert_eq!((diagnostics.len(), counts.sum::<u64>()), (101, 120));
}

#[test]
fn a_file_is_checked_once_whichever_way_leads_there() {
    let place = place(&[("acme.toml", GOOD)]);
    fs::create_dir(place.root().join("inner")).unwrap();
    symlink("acme.toml", place.root().join("link.toml")).unwrap();
    symlink(".", place.root().join("same")).unwrap();
    let files = [
        "acme.toml",
        "inner/../acme.toml",
        "link.toml",
        "same/acme.toml",
    ];
    assert_output(&check(&place, &files), 0, "acme.toml: ok\n", "");
    let gone = check(&place, &["gone.toml", "gone.toml"]);
    assert_eq!(gone.stderr.matches("there is no such file").count(), 1);
}

#[test]
fn a_manifest_is_not_read_from_stdin() {
    let fault = "\
error: a manifest is not read from stdin: it has to be a file
--> -
 = help: what a manifest names by a path begins in its folder

";
    assert_output(&check(&place(&[]), &["-"]), 2, "", fault);
}

#[test]
fn a_mistake_in_settings_that_are_not_used_is_no_obstacle() {
    let place = place(&[("acme.toml", GOOD), ("switchboard.toml", "= nonsense")]);
    let invocation = invocation(&place, &["acme.toml"]).env("SWITCHBOARD_LOG_LEVEL", "loud");
    assert_output(&invocation.run().unwrap(), 0, "acme.toml: ok\n", "");
}

#[test]
fn a_folder_stands_for_its_manifests_and_a_file_is_checked_once() {
    let place = place(&[]);
    place.write_manifest("acme", GOOD).unwrap();
    place
        .write_manifest("other", &GOOD.replace("acme", "other"))
        .unwrap();
    fs::write(place.manifests().join("notes.txt"), "no manifest").unwrap();
    let output = check(
        &place,
        &["manifests", "./manifests/acme.toml", "manifests/acme.toml"],
    );
    let stdout = "manifests/acme.toml: ok\nmanifests/other.toml: ok\n";
    assert_output(&output, 0, stdout, "");
    let stderr = "\
error: no manifest is in this folder
--> connectors
 = help: a manifest stands directly in it and ends in .toml

";
    assert_output(&check(&place, &["connectors"]), 2, "", stderr);
}

#[test]
fn two_files_with_one_crm_name_are_both_faulty() {
    let place = place(&[("a.toml", GOOD), ("b.toml", GOOD)]);
    let output = check(&place, &["a.toml", "b.toml"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(2), ""));
    let fault = "\
error: the CRM name `acme` is used by 2 manifests
 --> a.toml:3:8
  |
3 | name = \"acme\"
  |        ^^^^^^ expected a name of its own
  |
 ::: b.toml:3:8
";
    assert!(output.stderr.starts_with(fault), "{}", output.stderr);
    assert_eq!(check(&place, &["a.toml"]).code, Some(0));
    // Nobody knows here what the names will be.
    for file in ["a.toml", "b.toml"] {
        let manifest = GOOD.replace("\"acme\"\n[", "\"${NAME}\"\n[");
        fs::write(place.root().join(file), manifest).unwrap();
    }
    assert_eq!(check(&place, &["a.toml", "b.toml"]).code, Some(0));
}

#[test]
fn json_holds_every_file_with_its_faults_and_warnings() {
    let manifest = format!("{GOOD}isolaton = 1\n[settings]\nurl = \"${{X}}\"\n");
    let place = place(&[("acme.toml", &manifest), ("empty.toml", "")]);
    let output = check(&place, &["--json", "acme.toml", "gone.toml"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(2), ""));
    let gone = "there is no such file";
    let expected = json!([
        {
            "file": "acme.toml",
            "crm": "acme",
            "ok": false,
            "diagnostics": [
                {
                    "severity": "error",
                    "line": 6,
                    "column": 1,
                    "message": "unknown key `isolaton` in [connector]",
                    "summary": "acme.toml:6:1: unknown key `isolaton` in [connector]; expected `library`, `sha256` \
                        or `isolation`; did you mean `isolation`?",
                    "count": 1,
                },
                {
                    "severity": "warning",
                    "line": 8,
                    "column": 8,
                    "message": "the environment variable X is not set",
                    "summary": "acme.toml:8:8: the environment variable X is not set; set it before switchboard \
                        starts, or use `${file:PATH}`",
                    "count": 1,
                },
            ],
        },
        {
            "file": "gone.toml",
            "crm": null,
            "ok": false,
            "diagnostics": [{
                "severity": "error",
                "line": null,
                "column": null,
                "message": gone,
                "summary": "gone.toml: there is no such file; name a manifest, or a folder of manifests",
                "count": 1,
            }],
        },
    ]);
    assert_eq!(output.json().unwrap(), expected);
}

#[test]
fn the_manifests_that_come_with_switchboard_are_good() {
    let place = place(&[]);
    let folder = workspace_root().join("manifests");
    let output = check(&place, &[folder.to_str().unwrap()]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(output.stdout.lines().count(), 2, "{output:?}");
}

#[test]
fn the_example_of_the_manual_is_shown_as_the_manual_shows_it() {
    let manual = fs::read_to_string(workspace_root().join("docs/manifest.md")).unwrap();
    let block = |start: &str| {
        let (_, rest) = manual.split_once(start).unwrap();
        rest.split("```").next().unwrap().to_owned()
    };
    let place = place(&[("acme.toml", &block("```toml\n"))]);
    let output = check(&place, &["acme.toml"]);
    let shown = block("$ switchboard manifest check acme.toml\n");
    assert_eq!(output.stderr + &output.stdout, shown);
}
