//! Manifests with faults, and libraries that a manifest must not enable: each disables its own CRM, says where the fault
//! is and what to do, and leaves the CRM beside it alone.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use switchboard_tests::{Stage, library};

/// Writes the manifest of the CRM `acme`, which uses the Example CRM's connector.
fn enable_acme(stage: &Stage, connector: &str, sections: &str) {
    let manifest = format!(
        "manifest_version = 1\n[crm]\nname = \"acme\"\n[connector]\n{connector}\n{sections}"
    );
    stage.place.write_manifest("acme", &manifest).unwrap();
}

/// A library that nothing is wrong with.
const LIBRARY: &str = "library = \"switchboard_connector_example\"";
const SETTINGS: &str = "[settings]\nbase_url = \"http://127.0.0.1:1\"\n";

/// Requires that `acme` alone is disabled, and that both commands show this report on stderr.
fn assert_report(stage: &Stage, summary: &[&str], report: &str) {
    stage.check_disabled("acme", summary).unwrap();
    let list = stage.list().unwrap();
    let input = switchboard_tests::example_input().unwrap();
    let log = stage.log("acme", &input).unwrap();
    for output in [list, log] {
        let shown = output
            .stderr
            .replace(&stage.place.manifests().display().to_string(), "");
        assert!(
            shown.contains(report),
            "expected:\n{report}\nfound:\n{shown}"
        );
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_no_toml_is_shown_with_line_and_caret() {
    let stage = Stage::new().unwrap();
    enable_acme(&stage, "library = acme", "");
    assert_report(
        &stage,
        &["acme.toml:5:11: not TOML", "string values must be quoted"],
        "\
error: not TOML: string values must be quoted, expected literal string
 --> /acme.toml:5:11
  |
5 | library = acme
  |           ^^^^",
    );
}

#[test]
fn unknown_keys_are_shown_all_at_once_with_what_was_meant() {
    let stage = Stage::new().unwrap();
    enable_acme(
        &stage,
        &format!("{LIBRARY}\nisolaton = \"in-process\""),
        "[netwrok]\n",
    );
    assert_report(
        &stage,
        &[
            "acme.toml:6:1: unknown key `isolaton`",
            "did you mean `isolation`?",
            "acme.toml:7:2: unknown key `netwrok`",
            "did you mean `network`?",
        ],
        "\
error: unknown key `isolaton` in [connector]
 --> /acme.toml:6:1
  |
6 | isolaton = \"in-process\"
  | ^^^^^^^^ expected `library`, `sha256` or `isolation`
  |
  = help: did you mean `isolation`?",
    );
}

#[test]
fn what_only_a_worker_obeys_is_refused_beside_in_process() {
    let stage = Stage::new().unwrap();
    let connector = format!("{LIBRARY}\nisolation = \"in-process\"");
    let sections = format!("[limits]\nmemory = \"1GB\"\n[sandbox]\n{SETTINGS}");
    enable_acme(&stage, &connector, &sections);
    assert_report(
        &stage,
        &[
            "acme.toml:8:10: `memory` says nothing beside `isolation = \"in-process\"`",
            "acme.toml:9:1: `[sandbox]` says nothing beside `isolation = \"in-process\"`",
        ],
        "\
8 | memory = \"1GB\"
  |          ^^^^^
  |
  = help: leave `memory` out, or write `isolation = \"process\"` under [connector]",
    );
}

#[test]
fn isolation_in_process_is_what_a_manifest_may_say_itself() {
    let stage = Stage::new().unwrap();
    let connector = format!("{LIBRARY}\nisolation = \"in-process\"");
    enable_acme(&stage, &connector, SETTINGS);
    assert_eq!(stage.list().unwrap().code, Some(0));
}

#[test]
fn wrong_settings_are_shown_with_line_and_caret_before_the_connector_opens() {
    let stage = Stage::new().unwrap();
    enable_acme(
        &stage,
        LIBRARY,
        "[settings]\nbase_url = 80\nbase_ulr = \"x\"\n",
    );
    assert_report(
        &stage,
        &[
            "acme.toml:7:12: setting `base_url` is not a string",
            "acme.toml:8:1: unknown setting `base_ulr`",
            "did you mean `base_url`?",
        ],
        "\
8 | base_ulr = \"x\"
  | ^^^^^^^^ expected `base_url`",
    );
}

#[test]
fn a_missing_setting_is_named() {
    let stage = Stage::new().unwrap();
    enable_acme(&stage, LIBRARY, "");
    let parts = ["acme.toml: missing setting `base_url`"];
    stage.check_disabled("acme", &parts).unwrap();
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let stage = Stage::new().unwrap();
    let settings = "[settings]\nbase_url = \"${ACME_URL}\"\n";
    enable_acme(&stage, LIBRARY, settings);
    let parts = ["acme.toml:7:", "ACME_URL", "is not set"];
    stage.check_disabled("acme", &parts).unwrap();
}

#[test]
fn two_manifests_of_one_name_are_refused_and_both_named() {
    let stage = Stage::new().unwrap();
    enable_acme(&stage, LIBRARY, SETTINGS);
    let first = stage.place.manifests().join("acme.toml");
    let second = stage.place.manifests().join("other.toml");
    fs::copy(first, second).unwrap();
    let parts = [
        "the CRM name `acme` is used by 2 manifests",
        "/acme.toml:3:8",
        "/other.toml:3:8",
        "rename one of them, or remove its file",
    ];
    stage.check_disabled("acme", &parts).unwrap();
}

#[test]
fn a_library_that_is_nowhere_is_named_with_every_place() {
    let stage = Stage::new().unwrap();
    enable_acme(&stage, "library = \"acme\"", "");
    let place = stage.place.connectors().join("libacme.so");
    let parts = [
        "connector library acme is in none of these places",
        place.to_str().unwrap(),
        "put it there, or correct `library` in the manifest",
    ];
    stage.check_disabled("acme", &parts).unwrap();

    enable_acme(&stage, "library = \"./gone.so\"", "");
    let place = stage.place.manifests().join("./gone.so");
    stage
        .check_disabled("acme", &[place.to_str().unwrap(), "put it there"])
        .unwrap();
}

#[test]
fn another_digest_than_the_pinned_one_is_refused_and_the_right_one_accepted() {
    let stage = Stage::new().unwrap();
    let list = stage.list().unwrap().json().unwrap();
    let digest = list[0]["sha256"].as_str().unwrap();
    let wrong = "00ff".repeat(16);
    enable_acme(&stage, &format!("{LIBRARY}\nsha256 = {wrong:?}"), SETTINGS);
    let found = format!("its SHA-256 is {digest}");
    let parts = [
        "libswitchboard_connector_example.so is not the one that is pinned",
        &found,
        &format!("expected {wrong}"),
        "put the pinned file back, or update `sha256` if you trust this one",
    ];
    stage.check_disabled("acme", &parts).unwrap();

    let right = format!("{LIBRARY}\nsha256 = {digest:?}");
    enable_acme(&stage, &right, SETTINGS);
    assert_eq!(stage.list().unwrap().code, Some(0));
}

/// A folder of its own with the Example CRM's connector in it; `acme` uses the library through `path`.
fn enable_own_library(stage: &Stage, path: &Path) -> std::path::PathBuf {
    let folder = stage.place.root().join("own");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o755);
    let own = folder.join("acme.so");
    fs::copy(library("switchboard-connector-example").unwrap(), &own).unwrap();
    set_mode(&own, 0o644);
    enable_acme(stage, &format!("library = {path:?}"), SETTINGS);
    own
}

fn assert_writable_refused(stage: &Stage, writable: &Path, mode: &str) {
    let writable = writable.display();
    let parts = [
        format!("everyone may write to {writable} (mode {mode})"),
        "so anyone on this machine could run code here".to_owned(),
        format!("chmod o-w {writable}"),
    ];
    let parts = parts.each_ref().map(String::as_str);
    stage.check_disabled("acme", &parts).unwrap();
}

#[test]
fn a_library_or_folder_that_everyone_may_write_to_is_refused() {
    let stage = Stage::new().unwrap();
    let path = stage.place.root().join("own/acme.so");
    let own = enable_own_library(&stage, &path);
    assert_eq!(stage.list().unwrap().code, Some(0));
    set_mode(&own, 0o666);
    assert_writable_refused(&stage, &own, "0666");
    stage
        .check_inspect_refuses(&own, &["everyone may write to", "chmod o-w"])
        .unwrap();
    set_mode(&own, 0o644);
    let folder = own.parent().unwrap().canonicalize().unwrap();
    for (mode, shown) in [(0o777, "0777"), (0o1777, "1777")] {
        set_mode(&folder, mode);
        assert_writable_refused(&stage, &folder, shown);
    }
}

#[test]
fn a_link_is_followed_to_what_everyone_may_write_to() {
    let stage = Stage::new().unwrap();
    let link = stage.place.connectors().join("libacme.so");
    let own = enable_own_library(&stage, &link);
    symlink(&own, &link).unwrap();
    assert_eq!(stage.list().unwrap().code, Some(0));
    set_mode(&own, 0o646);
    // A file is named as the manifest does: `chmod` follows the link as well.
    assert_writable_refused(&stage, &link, "0646");
    set_mode(&own, 0o644);
    let folder = own.parent().unwrap().canonicalize().unwrap();
    set_mode(&folder, 0o757);
    assert_writable_refused(&stage, &folder, "0757");
}

#[test]
fn every_fault_of_every_manifest_is_listed_at_once() {
    let stage = Stage::new().unwrap();
    enable_acme(&stage, LIBRARY, "[limits]\ntimeout = 3\n");
    stage.enable("broken", "faulty", "[limts]\n").unwrap();
    fs::write(stage.place.manifests().join("empty.toml"), "").unwrap();
    let list = stage.list().unwrap();
    assert_eq!((list.code, list.signal), (Some(1), None));
    for part in [
        "\nacme is disabled:",
        "acme.toml:7:11",
        "\nbroken is disabled:",
        "unknown key `limts`",
        "\nempty is disabled:",
        "missing key `manifest_version`",
    ] {
        assert!(list.stderr.contains(part), "{part}: {}", list.stderr);
    }
    let crms = list.json().unwrap();
    let states: Vec<_> = crms
        .as_array()
        .unwrap()
        .iter()
        .map(|crm| &crm["state"])
        .collect();
    assert_eq!(states, ["disabled", "disabled", "disabled", "ready"]);
}

#[test]
fn a_file_too_broken_to_name_its_crm_takes_no_other_ones_name() {
    let stage = Stage::new().unwrap();
    // Both orders of the files: the broken one goes by its file's name, `acme`, before and after the good one.
    for good in ["aaa", "zzz"] {
        let manifest = format!(
            "manifest_version = 1\n[crm]\nname = \"acme\"\n[connector]\n{LIBRARY}\n\
             [network]\nallowed_hosts = [\"127.0.0.1:*\"]\n\
             [settings]\nbase_url = \"{}\"\n",
            stage.crm.url()
        );
        let good = stage.place.write_manifest(good, &manifest).unwrap();
        stage.place.write_manifest("acme", "[crm").unwrap();
        let input = switchboard_tests::example_input().unwrap();
        let output = stage.log("acme", &input).unwrap();
        assert_eq!(output.code, Some(0), "{output:?}");
        let listed = stage.list().unwrap().json().unwrap();
        let named = listed
            .as_array()
            .unwrap()
            .iter()
            .filter(|crm| crm["name"] == "acme");
        let mut states: Vec<_> = named.map(|crm| crm["state"].as_str().unwrap()).collect();
        states.sort_unstable();
        assert_eq!(states, ["disabled", "ready"], "{listed:#}");
        fs::remove_file(good).unwrap();
    }
}
