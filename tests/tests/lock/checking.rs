//! `switchboard lock --check`, as a CI runs it.

use std::{fs, process::Command};

use switchboard_tests::program;

use super::{Scene, change_last_byte};

#[test]
fn a_ci_sees_every_difference_until_somebody_locks_again() {
    let scene = Scene::new();
    scene.add("gone", b"g");
    let path = scene.lock_file().display().to_string();
    let unlocked = scene.lock(&["--check"]);
    assert_eq!((unlocked.code, &*unlocked.stdout), (Some(1), ""));
    assert_eq!(
        unlocked.stderr,
        format!("error: there is no lock file {path}; `switchboard lock` writes it\n")
    );
    assert!(!scene.lock_file().exists());

    let scene = scene.locked();
    let same = scene.lock(&["--check"]);
    let expected = format!("{path}: 3 libraries as locked\n");
    assert_eq!((same.code, same.stdout), (Some(0), expected));

    change_last_byte(&scene.library("other"));
    fs::remove_file(scene.stage.place.manifests().join("gone.toml")).unwrap();
    scene.add("third", b"t");
    let before = fs::read(scene.lock_file()).unwrap();
    let differs = scene.lock(&["--check"]);
    assert_eq!((differs.code, &*differs.stdout), (Some(1), ""));
    let lines: Vec<_> = differs.stderr.lines().collect();
    let [gone, other, third, advice] = lines[..] else {
        panic!("{lines:#?}");
    };
    let file = |name: &str| {
        let library = scene.library(name);
        format!("../connectors/{}", library.file_name().unwrap().display())
    };
    assert_eq!(
        gone,
        format!(
            "gone on any: {} is locked, but no manifest names it",
            file("gone")
        )
    );
    assert!(
        other.starts_with(&format!(
            "other on any: {} is switchboard-connector-example 0.1.0 (ABI 1.0.0, ",
            file("other")
        )),
        "{other}"
    );
    assert_eq!(other.matches("SHA-256 ").count(), 2, "{other}");
    assert_eq!(
        third,
        format!("third on any: {} is not locked", file("third"))
    );
    assert_eq!(
        advice,
        format!(
            "{path} is not what is there; put the locked libraries back, or run `switchboard lock` if you trust these"
        )
    );
    assert!(
        fs::read(scene.lock_file()).unwrap() == before,
        "it was written"
    );

    let scene = scene.locked();
    assert_eq!(scene.lock(&["--check"]).code, Some(0));
}

/// A CI has no secrets, and needs none to compare libraries.
#[test]
fn variables_need_no_value_but_those_that_name_a_library() {
    let scene = Scene::new();
    let place = &scene.stage.place;
    let manifest = |library: &str| {
        format!(
            "manifest_version = 1\n[crm]\nname = \"secretive\"\n[connector]\nlibrary = \"{library}\"\n\
             [network]\nproxy = \"${{PROXY}}\"\n[settings]\nkey = \"${{file:/run/secrets/none}}\"\n"
        )
    };
    place
        .write_manifest("secretive", &manifest("other"))
        .unwrap();
    let scene = scene.locked();
    assert_eq!(scene.lock(&["--check"]).code, Some(0));

    let place = &scene.stage.place;
    place
        .write_manifest("secretive", &manifest("${LIBRARY}"))
        .unwrap();
    let output = scene.lock(&["--check"]);
    assert_eq!(output.code, Some(1));
    let part = "the environment variable LIBRARY is not set";
    assert!(output.stderr.contains(part), "{}", output.stderr);
}

/// A lock without it would refuse the library of that platform, or be none.
#[test]
fn a_variable_of_one_platform_without_a_value_leaves_nothing_written() {
    let scene = Scene::new().locked();
    let before = fs::read(scene.lock_file()).unwrap();
    let platform = switchboard_host::Platform::host();
    let manifest = format!(
        "manifest_version = 1\n[crm]\nname = \"everywhere\"\n[connector.library]\n\
         {platform} = \"other\"\nwindows-x86_64 = \"${{LIBRARY}}\"\n"
    );
    let place = &scene.stage.place;
    place.write_manifest("everywhere", &manifest).unwrap();
    for arguments in [&[][..], &["--check"]] {
        let output = scene.lock(arguments);
        assert_eq!(output.code, Some(1), "{output:#?}");
        let part = "the environment variable LIBRARY is not set";
        assert!(output.stderr.contains(part), "{}", output.stderr);
    }
    assert!(fs::read(scene.lock_file()).unwrap() == before);
}

#[test]
fn a_library_that_was_only_moved_is_as_locked() {
    let scene = Scene::new().locked();
    let place = &scene.stage.place;
    let elsewhere = place.root().join("elsewhere");
    fs::rename(place.connectors(), &elsewhere).unwrap();
    let mut command = Command::new(program("switchboard-host", "switchboard").unwrap());
    command.args(["lock", "--check", "--connectors", "elsewhere"]);
    let output = place.invocation(command).run().unwrap();
    assert_eq!(output.code, Some(0), "{output:#?}");
}
