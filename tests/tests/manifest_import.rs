//! `switchboard manifest import`: App Connect's manifest becomes files that `switchboard manifest check` accepts.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use switchboard_tests::{Output, Workplace, program, workspace_root};

/// A workplace with App Connect's manifest as `app-connect.json`, and a folder `out`.
fn place() -> Workplace {
    let place = Workplace::new().unwrap();
    let json = workspace_root().join("tests/manifests/app-connect.json");
    fs::copy(json, place.root().join("app-connect.json")).unwrap();
    fs::create_dir(place.root().join("out")).unwrap();
    place
}

fn import(place: &Workplace, arguments: &[&str]) -> Output {
    let arguments = ["manifest", "import"].iter().chain(arguments);
    place.switchboard(arguments).unwrap().run().unwrap()
}

fn assert_output(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(output.stderr, stderr);
    assert_eq!(output.stdout, stdout);
    assert_eq!(output.code, Some(code));
}

fn files_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const ALL: &str = "out/brook.toml\nout/meadow-crm.toml\nout/orchid.toml\n";

#[test]
fn every_platform_becomes_a_file_and_what_is_lost_is_told() {
    let place = place();
    let output = import(&place, &["app-connect.json", "--out", "out"]);
    let expected = workspace_root().join("tests/manifests/imported");
    let notes = fs::read_to_string(expected.join("notes.txt")).unwrap();
    assert_output(&output, 0, ALL, &notes);
    let out = place.root().join("out");
    let files = ["brook.toml", "meadow-crm.toml", "orchid.toml"];
    assert_eq!(files_in(&out), files);
    for file in files {
        let written = fs::read_to_string(out.join(file)).unwrap();
        assert_eq!(
            written,
            fs::read_to_string(expected.join(file)).unwrap(),
            "{file}"
        );
    }
    let check = place.switchboard(["manifest", "check", "--env", "out"]);
    let stdout = "out/brook.toml: ok\nout/meadow-crm.toml: ok\nout/orchid.toml: ok\n";
    assert_output(&check.unwrap().run().unwrap(), 0, stdout, "");
}

#[test]
fn one_platform_is_imported_into_the_working_folder() {
    let place = place();
    let output = import(&place, &["app-connect.json", "--platform", "brook"]);
    let notes = "./brook.toml: not carried over: `author`: who makes App Connect\n\
        ./brook.toml: not carried over: the address `*brook*`: a `*` stands only for whole labels at the start; write the hosts that it means\n";
    assert_output(&output, 0, "./brook.toml\n", notes);
    assert!(!place.root().join("orchid.toml").exists());
}

#[test]
fn an_unknown_platform_is_answered_with_the_known_ones() {
    let place = place();
    let output = import(&place, &["app-connect.json", "--platform", "Orchid"]);
    let fault = "error: cannot import app-connect.json: it has no platform \"Orchid\"; it has `brook`, `meadowCRM` or \
        `orchid`\n";
    assert_output(&output, 2, "", fault);
}

#[test]
fn a_file_that_exists_is_kept_and_then_nothing_is_written() {
    let place = place();
    let out = place.root().join("out");
    fs::write(out.join("orchid.toml"), "mine").unwrap();
    symlink("nowhere", out.join("brook.toml")).unwrap();
    let output = import(&place, &["app-connect.json", "--out", "out"]);
    let fault = "error: nothing was written: out/brook.toml, out/orchid.toml exist already; replace with --force, or \
        name another folder with --out\n";
    assert_output(&output, 1, "", fault);
    assert_eq!(files_in(&out), ["brook.toml", "orchid.toml"]);
    assert_eq!(fs::read_to_string(out.join("orchid.toml")).unwrap(), "mine");
}

#[test]
fn with_force_a_file_is_replaced_and_keeps_its_mode() {
    let place = place();
    let orchid = place.root().join("out/orchid.toml");
    fs::write(&orchid, "mine").unwrap();
    fs::set_permissions(&orchid, fs::Permissions::from_mode(0o640)).unwrap();
    let output = import(&place, &["app-connect.json", "--out", "out", "--force"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), ALL),
        "{output:?}"
    );
    let written = fs::read_to_string(&orchid).unwrap();
    assert!(written.contains("name = \"orchid\""), "{written}");
    let mode = fs::metadata(&orchid).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert_eq!(files_in(&place.root().join("out")).len(), 3);
}

#[test]
fn a_new_file_may_be_read_by_whom_the_umask_lets_and_written_by_its_owner_alone() {
    let program = program("switchboard-host", "switchboard").unwrap();
    for (umask, expected) in [("000", 0o644), ("027", 0o640), ("077", 0o600)] {
        let place = place();
        let mut shell = Command::new("sh");
        let script =
            format!("umask {umask}; exec \"$0\" manifest import app-connect.json --out out");
        shell.arg("-c").arg(script).arg(&program);
        let output = place.invocation(shell).run().unwrap();
        assert_eq!(output.code, Some(0), "{output:?}");
        let file = place.root().join("out/orchid.toml");
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, expected, "umask {umask}");
    }
}

#[test]
fn every_fault_of_a_file_in_the_wrong_shape_is_shown_and_nothing_is_written() {
    let place = place();
    let json = r#"{ "platforms": { "good": {}, "bad": { "page": { "callLog": { "additionalFields": [ {}, 1 ] } } } } }"#;
    fs::write(place.root().join("bad.json"), json).unwrap();
    let output = import(&place, &["bad.json", "--out", "out"]);
    let fault = "\
error: cannot import bad.json: it is not a manifest of App Connect:
  /platforms/bad/page/callLog/additionalFields/0: there is no `const`, expected the field's name
  /platforms/bad/page/callLog/additionalFields/1: a number instead of an object
";
    assert_output(&output, 2, "", fault);
    assert_eq!(files_in(&place.root().join("out")), [""; 0]);
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_the_reason() {
    let place = place();
    fs::write(place.root().join("text.json"), "{").unwrap();
    fs::write(place.root().join("marked.json"), "\u{feff}{}").unwrap();
    fs::write(place.root().join("large.json"), vec![b' '; 1024 * 1024 + 1]).unwrap();
    for (file, reason) in [
        ("gone.json", "No such file or directory (os error 2)"),
        (
            "text.json",
            "it is not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            "marked.json",
            "it begins with a byte order mark: save it as UTF-8 without one",
        ),
        (
            "large.json",
            "it is larger than 1 MiB, which no manifest of App Connect is",
        ),
        ("out", "Is a directory (os error 21)"),
    ] {
        let output = import(&place, &[file]);
        assert_output(
            &output,
            2,
            "",
            &format!("error: cannot import {file}: {reason}\n"),
        );
    }
}

#[test]
fn a_folder_that_is_missing_is_created() {
    let place = place();
    let output = import(&place, &["app-connect.json", "--out", "new/deep"]);
    let files = ALL.replace("out/", "new/deep/");
    assert_eq!((output.code, output.stdout), (Some(0), files));
    assert_eq!(files_in(&place.root().join("new/deep")).len(), 3);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let place = place();
    let output = import(
        &place,
        &["app-connect.json", "--out", "app-connect.json/out"],
    );
    let fault =
        "error: cannot create the folder app-connect.json/out: Not a directory (os error 20)\n";
    assert_output(&output, 1, "", fault);
    let output = import(&place, &["app-connect.json", "--out", "/proc/self"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    let fault = "error: cannot write into the folder /proc/self: ";
    assert!(output.stderr.starts_with(fault), "{output:?}");
    assert!(!output.stderr.contains(".import-"), "{output:?}");
}

#[test]
fn a_file_is_read_from_stdin() {
    let place = place();
    let arguments = ["manifest", "import", "-", "--platform", "orchid"];
    let json = fs::read_to_string(place.root().join("app-connect.json")).unwrap();
    let invocation = place.switchboard(arguments).unwrap().stdin(json);
    let output = invocation.run().unwrap();
    assert_eq!((output.code, &*output.stdout), (Some(0), "./orchid.toml\n"));
    let output = place
        .switchboard(arguments)
        .unwrap()
        .stdin("{")
        .run()
        .unwrap();
    let fault = "error: cannot import stdin: it is not JSON: EOF while parsing an object at line 1 column 1\n";
    assert_output(&output, 2, "", fault);
}

#[test]
fn more_files_are_written_than_may_be_open() {
    let place = place();
    let platforms: String = (0..300).map(|n| format!(", \"p{n}\": {{}}")).collect();
    let json = format!("{{ \"platforms\": {{ \"p\": {{}}{platforms} }} }}");
    fs::write(place.root().join("many.json"), json).unwrap();
    let program = program("switchboard-host", "switchboard").unwrap();
    let mut shell = Command::new("sh");
    let script = "ulimit -n 64; exec \"$0\" manifest import many.json --out out";
    shell.arg("-c").arg(script).arg(&program);
    let output = place.invocation(shell).run().unwrap();
    assert_eq!((output.code, &*output.stderr), (Some(0), ""));
    assert_eq!(output.stdout.lines().count(), 301);
    assert_eq!(files_in(&place.root().join("out")).len(), 301);
}

#[test]
fn two_platforms_of_one_name_are_imported_as_the_fault_says() {
    let place = place();
    let json = r#"{ "platforms": { "goodCrm": {}, "x": { "name": "Good CRM" } } }"#;
    fs::write(place.root().join("two.json"), json).unwrap();
    let output = import(&place, &["two.json", "--out", "out"]);
    let fault = "\
error: cannot import two.json: it is not a manifest of App Connect:
  /platforms/x: the platforms `goodCrm` and `x` both become the CRM `good-crm`; import one with --platform, rename its \
        file and the `name` in it, then import the other
";
    assert_output(&output, 2, "", fault);
    let out = place.root().join("out");
    let written = "out/good-crm.toml\n";
    let output = import(
        &place,
        &["two.json", "--out", "out", "--platform", "goodCrm"],
    );
    assert_eq!(
        (output.code, &*output.stdout),
        (Some(0), written),
        "{output:?}"
    );
    let manifest = fs::read_to_string(out.join("good-crm.toml")).unwrap();
    let renamed = manifest.replace("name = \"good-crm\"", "name = \"first\"");
    fs::write(out.join("first.toml"), renamed).unwrap();
    fs::remove_file(out.join("good-crm.toml")).unwrap();
    let output = import(&place, &["two.json", "--out", "out", "--platform", "x"]);
    assert_eq!(
        (output.code, &*output.stdout),
        (Some(0), written),
        "{output:?}"
    );
    let check = place.switchboard(["manifest", "check", "out"]).unwrap();
    let stdout = "out/first.toml: ok\nout/good-crm.toml: ok\n";
    assert_output(&check.run().unwrap(), 0, stdout, "");
}

#[test]
fn no_credentials_of_an_address_are_written_or_shown() {
    let mut place = place();
    let json = r#"{ "platforms": { "acme": { "environment": {
        "url": "https://bob:s3cret-1@crm.acme.example/s3cret-1?token=s3cret-1",
        "urlIdentifier": "https://bob:s3cret-1@{tenant}.b.c",
        "selections": [{ "const": "{tenant}.acme.example/?token=s3cret-1" }]
    } } } }"#;
    fs::write(place.root().join("secret.json"), json).unwrap();
    place.guard(&["s3cret-1"]);
    let output = import(&place, &["secret.json"]);
    let not_a_host = "this is not a host name or address; write the hosts that it means";
    let notes = format!(
        "./acme.toml: not carried over: the address `https://{{tenant}}.b.c`: {not_a_host}\n\
         ./acme.toml: not carried over: the address `{{tenant}}.acme.example`: {not_a_host}\n"
    );
    assert_output(&output, 0, "./acme.toml\n", &notes);
    let manifest = fs::read_to_string(place.root().join("acme.toml")).unwrap();
    assert!(!manifest.contains("s3cret-1"), "{manifest}");
    assert!(
        manifest.contains("# From `https://crm.acme.example`.\n"),
        "{manifest}"
    );
    assert!(
        manifest.contains("allowed_hosts = [\"crm.acme.example\"]"),
        "{manifest}"
    );
}

#[test]
fn a_folder_in_the_place_of_a_file_is_not_replaced() {
    let place = place();
    let out = place.root().join("out");
    fs::create_dir(out.join("orchid.toml")).unwrap();
    for force in [&[][..], &["--force"]] {
        let arguments = [&["app-connect.json", "--out", "out"], force].concat();
        let fault = "error: nothing was written: out/orchid.toml is a folder\n";
        assert_output(&import(&place, &arguments), 1, "", fault);
    }
    assert_eq!(files_in(&out), ["orchid.toml"]);
}
