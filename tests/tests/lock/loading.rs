//! What a lock file keeps from being loaded.

use std::fs;

use switchboard_tests::example_input;

use super::{Scene, change_last_byte};

#[test]
fn a_locked_library_is_loaded_and_listed_as_such() {
    let scene = Scene::new();
    let ready = |locked| {
        ["example", "other"].map(|name| (name.into(), "ready".into(), locked, String::new()))
    };
    assert_eq!(scene.states(), ready(false));
    let scene = scene.locked();
    assert_eq!(scene.states(), ready(true));

    let list = scene.stage.place.switchboard(["list"]).unwrap();
    let list = list.run().unwrap();
    let library = scene.library("other");
    let expected = format!(
        "\tready\t{} (locked)\tin a worker (sandboxed)\n",
        library.display()
    );
    assert!(list.stdout.ends_with(&expected), "{list:#?}");
    let output = scene.stage.log("other", &example_input().unwrap()).unwrap();
    assert_eq!(output.code, Some(0), "{output:#?}");
}

#[test]
fn one_changed_byte_disables_its_crm_alone() {
    let scene = Scene::new().locked();
    let library = scene.library("other");
    let lock_file = scene.lock_file();
    change_last_byte(&library);
    let parts = [
        "is not the one that is locked",
        "put the locked file back",
        "`switchboard lock`",
        library.to_str().unwrap(),
        lock_file.to_str().unwrap(),
    ];
    scene.stage.check_disabled("other", &parts).unwrap();
    // It is the lock that refuses it, nothing else.
    fs::remove_file(scene.lock_file()).unwrap();
    assert_eq!(scene.stage.list().unwrap().code, Some(0));
}

#[test]
fn a_pin_in_the_manifest_replaces_no_lock() {
    let scene = Scene::new();
    let scene = scene.locked();
    let library = scene.library("other");
    change_last_byte(&library);
    let inspected =
        scene
            .stage
            .place
            .switchboard(["inspect".as_ref(), "--json".as_ref(), library.as_os_str()]);
    let inspected = inspected.unwrap().run().unwrap().json().unwrap();
    let manifest = scene.stage.place.manifests().join("other.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let pinned = format!("[connector]\nsha256 = {}\n", inspected["sha256"]);
    fs::write(manifest, text.replace("[connector]\n", &pinned)).unwrap();
    let parts = ["is not the one that is locked"];
    scene.stage.check_disabled("other", &parts).unwrap();
}

#[test]
fn two_libraries_that_changed_places_are_both_refused() {
    let scene = Scene::new();
    scene.add("third", b"t");
    let scene = scene.locked();
    let [other, third] = ["other", "third"].map(|name| scene.library(name));
    let aside = scene.library("aside");
    fs::rename(&other, &aside).unwrap();
    fs::rename(&third, &other).unwrap();
    fs::rename(&aside, &third).unwrap();
    let states = scene.states();
    let [example, other, third] = &states[..] else {
        panic!("{states:?}");
    };
    assert_eq!((&*example.1, example.2), ("ready", true));
    for (_, state, locked, reason) in [other, third] {
        assert_eq!((&**state, *locked), ("disabled", false));
        assert!(reason.contains("is not the one that is locked"), "{reason}");
    }
}

#[test]
fn a_crm_that_came_after_the_lock_is_disabled() {
    let scene = Scene::new().locked();
    scene.add("third", b"t");
    let parts = [
        "is not locked",
        "has no entry for third on any",
        "if you trust this library, run `switchboard lock`",
    ];
    scene.stage.check_disabled("third", &parts).unwrap();
}

/// The very same bytes, but nobody has said that this CRM may run them.
#[test]
fn a_library_that_is_locked_for_another_crm_is_refused() {
    let scene = Scene::new().locked();
    let manifest = scene.stage.place.manifests().join("other.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let example = text.replace(
        "library = \"other\"",
        "library = \"switchboard_connector_example\"",
    );
    assert_ne!(text, example);
    fs::write(manifest, example).unwrap();
    let parts = ["is not the one that is locked"];
    scene.stage.check_disabled("other", &parts).unwrap();
}

#[test]
fn a_lock_file_that_cannot_be_used_disables_every_crm() {
    let scene = Scene::new().locked();
    let path = scene.lock_file();
    let good = fs::read_to_string(&path).unwrap();
    let newer = good.replace("version = 1\n", "version = 2\n");
    let unknown = good.replacen("size = ", "mode = 1\nsize = ", 1);
    for (text, part) in [
        ("", "missing field `version`"),
        (&good[..good.len() - 3], "switchboard.lock:"),
        (&newer, "has version 2, this switchboard knows version 1"),
        (&unknown, "unknown field `mode`"),
    ] {
        fs::write(&path, text).unwrap();
        assert_all_disabled(&scene, part);
    }
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    assert_all_disabled(&scene, "cannot read the lock file");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_all_disabled(&scene, "it is not a file");
}

fn assert_all_disabled(scene: &Scene, part: &str) {
    for (name, state, locked, reason) in scene.states() {
        assert_eq!((&*state, locked), ("disabled", false), "{name}: {part}");
        assert!(reason.contains(part), "{name}: {reason}");
        assert!(reason.contains("switchboard.lock"), "{name}: {reason}");
    }
}
