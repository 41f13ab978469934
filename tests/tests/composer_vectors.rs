//! Recorded bodies of App Connect's own composer, through the real program.
//!
//! `tests/vectors/composer-ours` holds in full what is written instead where App Connect has a fault, and names it. The
//! faults one by one: `host/src/compose/tests/deviations.rs`.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::{Value, json};
use switchboard_tests::{Output, Scene, Workplace, example_input, workspace_root};

/// No arguments beside those of every call.
const NONE: [&str; 0] = [];

#[test]
fn details_are_those_of_app_connect_byte_for_byte_but_for_its_faults() {
    let place = Workplace::new().unwrap();
    let mut ours = vectors("composer-ours");
    let recorded = vectors("composer");
    assert_eq!((recorded.len(), ours.len()), (36, 9));
    for (name, vector) in &recorded {
        let theirs = vector["expected"].as_str().unwrap();
        let expected = match ours.remove(name) {
            Some(ours) => differing(&ours, theirs),
            None => theirs.to_owned(),
        };
        let output = compose(&place, vector);
        assert_eq!(output.stdout, expected, "{name}");
        assert_eq!((output.code, &*output.stderr), (Some(0), ""), "{name}");
    }
    assert_eq!(ours, BTreeMap::new(), "without a recorded call");
}

#[test]
fn the_entry_of_a_logged_call_holds_the_details_in_the_format_of_the_manifest() {
    let ours = vectors("composer-ours");
    let recorded = vectors("composer");
    for format in ["text/plain", "text/html", "text/markdown"] {
        let scene = Scene::example_with(&format!("[log]\nformat = {format:?}")).unwrap();
        let of_format = |vector: &&Value| vector["logFormat"] == format;
        let calls: Vec<_> = recorded.values().filter(of_format).collect();
        assert_eq!(calls.len(), 12);
        for vector in calls {
            let mut call = vector["input"].clone();
            call["authHeader"] = json!("Bearer x");
            scene.place.forget().unwrap();
            let output = scene.log(&call, NONE).unwrap().run().unwrap();
            let name = vector["name"].as_str().unwrap();
            assert_eq!(output.code, Some(0), "{name}: {output:#?}");
            let expected = &ours.get(name).unwrap_or(vector)["expected"];
            assert_eq!(&body(&scene), expected, "{name}");
        }
    }
}

#[test]
fn details_that_come_with_a_call_are_kept_and_custom_ones_are_the_connectors() {
    let mut call = example_input().unwrap();
    let scene = Scene::example().unwrap();
    call["composedLogDetails"] = json!("ready");
    scene.log(&call, NONE).unwrap().run().unwrap();
    assert_eq!(body(&scene), "ready");
    call["composedLogDetails"] = json!("");
    scene.place.forget().unwrap();
    scene.log(&call, NONE).unwrap().run().unwrap();
    let details = body(&scene);
    let note = call["note"].as_str().unwrap();
    let start = format!("- Note: {note}\n- Date/Time: 2018-09-11 05:24:09 AM\n");
    assert!(details.as_str().unwrap().starts_with(&start), "{details}");

    let scene = Scene::example_with("[log]\nformat = \"custom\"").unwrap();
    scene.log(&call, NONE).unwrap().run().unwrap();
    assert_eq!(body(&scene), note);
}

/// Returns the body of the last entry that the Example CRM was sent.
fn body(scene: &Scene) -> Value {
    let sent = scene.crm.requests().pop().unwrap();
    sent.json().unwrap()["body"].clone()
}

/// Returns what is written in place of a recorded text. What no longer differs from it has no place here.
fn differing(ours: &Value, theirs: &str) -> String {
    let expected = ours["expected"].as_str().unwrap();
    assert_ne!(expected, theirs, "{}", ours["name"]);
    assert_ne!(ours["differs"], json!([]), "{}", ours["name"]);
    expected.to_owned()
}

fn compose(place: &Workplace, vector: &Value) -> Output {
    let file = place.root().join("input.json");
    fs::write(&file, vector["input"].to_string()).unwrap();
    let format = vector["logFormat"].as_str().unwrap();
    let arguments = ["compose", "--format", format, "input.json"];
    place.switchboard(arguments).unwrap().run().unwrap()
}

/// Reads the vectors of a folder by their names.
fn vectors(folder: &str) -> BTreeMap<String, Value> {
    let folder: PathBuf = workspace_root().join("tests/vectors").join(folder);
    let files = fs::read_dir(folder).unwrap();
    let read = |path| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
    let vectors = files.map(|file| read(file.unwrap().path()));
    let named = vectors.map(|vector| (vector["name"].as_str().unwrap().to_owned(), vector));
    named.collect()
}
