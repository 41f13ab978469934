//! `switchboard inspect`.

use serde_json::{Value, json};
use switchboard_tests::{Output, Scene, Workplace, library, workspace_root};

fn inspect(place: &Workplace, arguments: &[&str]) -> Output {
    let arguments = ["inspect"].iter().chain(arguments);
    place.switchboard(arguments).unwrap().run().unwrap()
}

#[test]
fn a_library_is_described_without_being_run() {
    let scene = Scene::example().unwrap();
    let file = library("switchboard-connector-example").unwrap();
    let file = file.to_str().unwrap();
    let output = inspect(&scene.place, &[file, "--json"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let facts = output.json().unwrap();
    assert_eq!(facts["file"], file);
    assert_eq!(facts["size"], std::fs::metadata(file).unwrap().len());
    assert_eq!(facts["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(
        (&facts["loadable"], &facts["refusal"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(facts["network_imports"], json!([]));
    let metadata = &facts["metadata"];
    assert_eq!(metadata["name"], "switchboard-connector-example");
    assert_eq!(
        metadata["operations"],
        json!(["createCallLog", "findCallLog"])
    );
    for member in ["platform", "needed_libraries"] {
        assert!(
            facts[member].as_array().is_none_or(|it| !it.is_empty()),
            "{facts}"
        );
    }
    let text = inspect(&scene.place, &[file]).stdout;
    for fact in [
        file,
        "switchboard-connector-example",
        "createCallLog, findCallLog",
        "network imports   none",
        facts["sha256"].as_str().unwrap(),
    ] {
        assert!(
            text.lines().any(|line| line.ends_with(fact)),
            "{fact}: {text}"
        );
    }
}

#[test]
fn a_library_of_another_platform_is_described_and_refused() {
    let place = Workplace::new().unwrap();
    let folder = workspace_root().join("host/src/loader/tests/foreign");
    for (name, platform) in [("acme.dll", "windows"), ("libacme.dylib", "macos")] {
        let file = folder.join(name);
        let output = inspect(&place, &[file.to_str().unwrap(), "--json"]);
        let facts = output.json().unwrap();
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(
            facts["platform"].as_str().unwrap().contains(platform),
            "{facts}"
        );
        assert_eq!(facts["metadata"]["version"], "1.2.0", "{facts}");
        assert_eq!(
            (&facts["loadable"], &facts["network_imports"]),
            (&json!(false), &json!(["connect"]))
        );
        let refusal = facts["refusal"].as_str().unwrap();
        assert!(
            refusal.contains(name) && refusal.contains(platform),
            "{refusal}"
        );
        let text = inspect(&place, &[file.to_str().unwrap()]);
        assert_eq!(text.code, Some(1));
        assert!(text.stdout.contains(refusal), "{text:?}");
        let imports = "\nnetwork imports   connect\n";
        assert!(text.stdout.contains(imports), "{text:?}");
    }
}

#[test]
fn what_is_no_library_is_refused_with_the_reason() {
    let place = Workplace::new().unwrap();
    let file = place.write_manifest("text", "no library").unwrap();
    for file in [file.to_str().unwrap(), "missing.so"] {
        let output = inspect(&place, &[file]);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains(file), "{output:?}");
    }
}
