//! Flag, environment, configuration file, default: the first wins.

use std::{fs, process::Command};

use switchboard_tests::{Output, Scene, Workplace, input, manifest, program};

use crate::NONE;

/// A workplace with a folder of manifests a source; each enables a CRM that is called like the source.
fn sources() -> Workplace {
    let place = Workplace::new().unwrap();
    for source in ["flag", "env", "config/named", "local", "manifests"] {
        let folder = place.root().join(source);
        fs::create_dir_all(&folder).unwrap();
        let name = source.rsplit('/').next().unwrap();
        let manifest = manifest(name, name, "");
        fs::write(folder.join("crm.toml"), manifest).unwrap();
    }
    let named = "manifests = \"named\"\n";
    fs::write(place.root().join("config/switchboard.toml"), named).unwrap();
    place
}

fn list(place: &Workplace, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program("switchboard-host", "switchboard").unwrap());
    command.arg("list").args(arguments);
    let mut invocation = place.invocation(command);
    for (name, value) in environment {
        invocation = invocation.env(name, value);
    }
    invocation.run().unwrap()
}

fn listed(place: &Workplace, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = list(place, arguments, environment);
    assert_eq!(output.code, Some(0), "{output:?}");
    output.stdout.split('\t').next().unwrap().to_owned()
}

#[test]
fn the_nearest_source_wins_and_a_file_speaks_of_its_own_folder() {
    let place = sources();
    assert_eq!(listed(&place, &[], &[]), "manifests");
    let local = place.root().join("switchboard.toml");
    fs::write(local, "manifests = \"local\"\n").unwrap();
    assert_eq!(listed(&place, &[], &[]), "local");
    let config = ["--config", "config/switchboard.toml"];
    assert_eq!(listed(&place, &config, &[]), "named");
    let by_name = [("SWITCHBOARD_CONFIG", "config/switchboard.toml")];
    assert_eq!(listed(&place, &[], &by_name), "named");
    let environment = [("SWITCHBOARD_MANIFESTS", "env")];
    assert_eq!(listed(&place, &config, &environment), "env");
    let flags = [config[0], config[1], "--manifests", "flag"];
    assert_eq!(listed(&place, &flags, &environment), "flag");
}

#[test]
fn connectors_certificates_and_log_may_stand_in_the_file() {
    let scene = Scene::example().unwrap();
    let root = scene.place.root();
    fs::create_dir(root.join("etc")).unwrap();
    fs::rename(scene.place.connectors(), root.join("etc/libraries")).unwrap();
    fs::rename(scene.place.manifests(), root.join("etc/crms")).unwrap();
    fs::write(root.join("etc/none.pem"), "").unwrap();
    let file = "manifests = \"crms\"\nconnectors = [\"libraries\"]\nlog_level = \"warn\"\nlog_format = \"json\"\n";
    fs::write(root.join("etc/s.toml"), file).unwrap();
    let mut command = Command::new(program("switchboard-host", "switchboard").unwrap());
    command.args(["log", "--crm", "example", "--config", "etc/s.toml"]);
    let call = input("1").unwrap().to_string();
    let output = scene.place.invocation(command).stdin(call).run().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    let line: serde_json::Value = serde_json::from_str(&output.stderr).unwrap();
    assert_eq!(line["level"], "WARN");

    fs::write(
        root.join("etc/s.toml"),
        format!("{file}ca_file = \"none.pem\"\n"),
    )
    .unwrap();
    let mut command = Command::new(program("switchboard-host", "switchboard").unwrap());
    command.args(["list", "--config", "etc/s.toml"]);
    let output = scene.place.invocation(command).run().unwrap();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("etc/none.pem"), "{}", output.stderr);
}

#[test]
fn a_wrong_file_is_named_with_its_line_and_stops_every_command() {
    let scene = Scene::example().unwrap();
    let file = scene.place.root().join("switchboard.toml");
    for (text, reason) in [
        ("manifest = \"m\"\n", "unknown field `manifest`"),
        ("log_level = \"loud\"\n", "unknown variant `loud`"),
        ("manifests = \n", "line 1"),
    ] {
        fs::write(&file, text).unwrap();
        let listed = scene.place.switchboard(["list"]).unwrap().run().unwrap();
        assert_eq!((listed.code, &*listed.stdout), (Some(1), ""), "{listed:?}");
        assert!(
            listed.stderr.contains("switchboard.toml"),
            "{}",
            listed.stderr
        );
        assert!(listed.stderr.contains(reason), "{}", listed.stderr);
        let logged = scene
            .log(&input("1").unwrap(), NONE)
            .unwrap()
            .run()
            .unwrap();
        let outcome = logged.json().unwrap();
        assert_eq!(
            (logged.code, &outcome["error"]["code"]),
            (Some(1), &"disabled".into())
        );
        let message = outcome["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    fs::remove_file(&file).unwrap();
    let missing = scene
        .place
        .switchboard(["list", "--config", "no.toml"])
        .unwrap();
    let missing = missing.run().unwrap();
    assert_eq!(missing.code, Some(1));
    assert!(
        missing.stderr.contains("cannot read no.toml"),
        "{}",
        missing.stderr
    );
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn folders_that_are_missing_or_empty_are_named() {
    let place = Workplace::new().unwrap();
    let output = list(&place, &["--manifests", "nowhere"], &[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("nowhere"), "{}", output.stderr);
    let output = list(&place, &[], &[]);
    assert!(output.stderr.contains("manifests"), "{output:?}");
    place
        .write_manifest("acme", &manifest("acme", "Acme", ""))
        .unwrap();
    let output = list(&place, &["--connectors", "nowhere"], &[]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("nowhere"), "{}", output.stderr);
}

#[test]
fn a_library_beside_its_manifest_is_found_however_the_folder_is_named() {
    let place = Workplace::new().unwrap();
    let library = place
        .place_connector("switchboard-connector-example")
        .unwrap();
    let name = library.file_name().unwrap().to_str().unwrap().to_owned();
    fs::rename(&library, place.manifests().join(&name)).unwrap();
    let toml = format!(
        "manifest_version = 1\n[crm]\nname = \"beside\"\n[connector]\nlibrary = \"./{name}\"\n\
         [settings]\nbase_url = \"http://127.0.0.1:9\"\n"
    );
    place.write_manifest("beside", &toml).unwrap();
    let absolute = place.manifests();
    for folder in ["manifests", "./manifests", absolute.to_str().unwrap()] {
        let output = list(&place, &["--check", "--manifests", folder], &[]);
        assert_eq!(output.code, Some(0), "{folder}: {output:?}");
    }
}
