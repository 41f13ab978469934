//! `switchboard list`.

use std::fs;

use serde_json::{Value, json};
use switchboard_tests::{Scene, manifest};

#[test]
fn a_pipe_gets_a_line_a_crm_with_tabs() {
    let scene = Scene::example().unwrap();
    scene
        .place
        .write_manifest("acme", &manifest("acme", "Acme\tInc", ""))
        .unwrap();
    let output = scene.place.switchboard(["list"]).unwrap().run().unwrap();
    let rows: Vec<Vec<_>> = output
        .stdout
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let library = scene
        .place
        .connectors()
        .join("libswitchboard_connector_example.so");
    let library = library.to_str().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(rows.len(), 2, "{output:?}");
    assert_eq!(rows[0][..4], ["acme", "Acme Inc", "-", "-"]);
    assert_eq!(rows[0][6], "in a worker");
    assert!(rows[0][4].starts_with("disabled: "), "{rows:?}");
    let example = [
        "example",
        "Example CRM",
        "switchboard-connector-example",
        "0.1.0",
        "ready",
        library,
        "in a worker (sandboxed)",
    ];
    assert_eq!(rows[1], example);
}

#[test]
fn json_tells_the_same_to_programs() {
    let scene = Scene::example().unwrap();
    let output = scene
        .place
        .switchboard(["list", "--json"])
        .unwrap()
        .run()
        .unwrap();
    let mut crms = output.json().unwrap();
    let digest = crms[0]["sha256"].take();
    assert_eq!(digest.as_str().unwrap().len(), 64);
    let library = scene
        .place
        .connectors()
        .join("libswitchboard_connector_example.so");
    // Which version of Landlock there is depends on the machine.
    let sandbox = crms[0]["sandbox"].take();
    for kind in ["files", "sockets", "processes", "signals", "threads"] {
        let guards = sandbox[kind].as_array().unwrap();
        assert!(guards.contains(&json!("seccomp")), "{kind}: {sandbox}");
    }
    assert!(sandbox["landlock"].as_u64().is_some(), "{sandbox}");
    assert_eq!(sandbox["memory_bytes"], 256 << 20);
    let expected = json!([{
        "name": "example",
        "display_name": "Example CRM",
        "manifest": scene.place.manifests().join("example.toml"),
        "connector": "switchboard-connector-example",
        "version": "0.1.0",
        "library": library,
        "sha256": null,
        "isolation": "process",
        "sandbox": null,
        "locked": false,
        "shadowed": [],
        "proxy": false,
        "own_network": false,
        "custom_fields": [],
        "state": "ready",
    }]);
    assert_eq!(crms, expected);
}

#[test]
fn json_has_what_a_form_of_the_custom_fields_needs() {
    let scene = Scene::example_with(
        r#"
[[custom_fields]]
name = "stage"
title = "Stage"
type = "selection"
required = true
options = [{ value = "1", title = "New" }, { value = 2 }]
default = 2
description = "How far it has come"

[[custom_fields]]
name = "deal"
type = "selection"
contact_dependent = true
allow_custom_value = true

[[custom_fields]]
name = "due"
type = "date"
default = 2026-01-31

[[custom_fields]]
name = "urgent"
type = "checkbox"
default = false

[[custom_fields]]
name = "words"
type = "input"

[[custom_fields]]
name = "code"
type = "string"

[[custom_fields]]
name = "notice"
type = "warning"
"#,
    )
    .unwrap();
    let broken = "manifest_version = 1\n[[custom_fields]]\nname = \"x\"\ntype = \"input\"\n";
    scene.place.write_manifest("acme", broken).unwrap();
    let without_library = manifest(
        "lost",
        "Lost",
        "[[custom_fields]]\nname = \"x\"\ntype = \"input\"",
    );
    scene
        .place
        .write_manifest("lost", &without_library)
        .unwrap();
    let list = scene.place.switchboard(["list", "--json"]).unwrap();
    let crms = list.run().unwrap().json().unwrap();
    let field = |name: &str, kind: &str, changed: Value| {
        let mut field = json!({
            "name": name,
            "title": name,
            "type": kind,
            "required": false,
            "contact_dependent": false,
            "allow_custom_value": false,
            "options": [],
            "default": null,
            "description": null,
        });
        let members = changed.as_object().unwrap().clone();
        field.as_object_mut().unwrap().extend(members);
        field
    };
    let stage = json!({
        "title": "Stage",
        "required": true,
        "options": [{ "value": "1", "title": "New" }, { "value": 2, "title": "2" }],
        "default": 2,
        "description": "How far it has come",
    });
    let open = json!({ "contact_dependent": true, "allow_custom_value": true });
    let expected = json!([
        field("stage", "selection", stage),
        field("deal", "selection", open),
        field("due", "date", json!({ "default": "2026-01-31" })),
        field("urgent", "checkbox", json!({ "default": false })),
        field("words", "input", json!({})),
        field("code", "string", json!({})),
        field("notice", "warning", json!({})),
    ]);
    let found = |index: usize| (&crms[index]["name"], &crms[index]["custom_fields"]);
    assert_eq!(found(0), (&json!("acme"), &json!([])));
    assert_eq!(found(1), (&json!("example"), &expected));
    let one = json!([field("x", "input", json!({}))]);
    assert_eq!(found(2), (&json!("lost"), &one));
}

#[test]
fn check_fails_if_a_crm_is_disabled() {
    let scene = Scene::example().unwrap();
    let check = || {
        scene
            .place
            .switchboard(["list", "--check"])
            .unwrap()
            .run()
            .unwrap()
    };
    assert_eq!(check().code, Some(0));
    scene
        .place
        .write_manifest(
            "acme",
            "manifest_version = 1\n[crm]\nname = \"acme\"\nnmae = 1\n",
        )
        .unwrap();
    let output = check();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(
        output.stderr.contains("acme.toml:4") && output.stderr.contains('^'),
        "{}",
        output.stderr
    );
    assert!(output.stdout.contains("example\tExample CRM"), "{output:?}");
}

#[test]
fn the_first_folder_wins_and_the_other_library_is_named() {
    let scene = Scene::example().unwrap();
    let later = scene.place.root().join("later");
    fs::create_dir(&later).unwrap();
    let name = "libswitchboard_connector_example.so";
    fs::copy(scene.place.connectors().join(name), later.join(name)).unwrap();
    let [first, second] = [scene.place.connectors(), later.clone()];
    let flag = "--connectors".as_ref();
    let arguments = [
        "list".as_ref(),
        flag,
        first.as_os_str(),
        flag,
        second.as_os_str(),
    ];
    let output = scene.place.switchboard(arguments).unwrap().run().unwrap();
    let first = first.join(name);
    let expected = format!(
        "\t{} (shadows {})\tin a worker (sandboxed)\n",
        first.display(),
        later.join(name).display()
    );
    assert!(output.stdout.ends_with(&expected), "{output:?}");
}

#[test]
fn a_proxy_that_resolves_names_is_pointed_out() {
    let scene = Scene::example().unwrap();
    let path = scene.place.manifests().join("example.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace(
            "[network]\n",
            "[network]\nproxy = \"http://127.0.0.1:3128\"\n",
        ),
    )
    .unwrap();
    let output = scene.place.switchboard(["list"]).unwrap().run().unwrap();
    assert!(
        output.stdout.contains("\tready (proxy resolves names)\t"),
        "{output:?}"
    );
    let output = scene
        .place
        .switchboard(["list", "--json"])
        .unwrap()
        .run()
        .unwrap();
    assert_eq!(output.json().unwrap()[0]["proxy"], Value::Bool(true));
}
