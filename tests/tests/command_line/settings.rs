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
    let file = "manifests = \"crms\"\nconnectors = [\"libraries\"]\nlog_level = \"warn\"\nlog_format = \"json\"\n\
                ledger.place = \"none\"\n";
    fs::write(root.join("etc/s.toml"), file).unwrap();
    let mut command = Command::new(program("switchboard-host", "switchboard").unwrap());
    command.args(["log", "--crm", "example", "--config", "etc/s.toml"]);
    let call = input("1").unwrap().to_string();
    let invocation = scene.place.invocation(command).stdin(call);
    let output = invocation.env("SWITCHBOARD_LEDGER", "").run().unwrap();
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

/// Returns where the program looks for a ledger that is not there, from a folder without a file of that name.
fn looked_for(place: &Workplace, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(program("switchboard-host", "switchboard").unwrap());
    command.args(["ledger", "list"]).args(arguments);
    // A variable that is empty is not set.
    let mut invocation = place.invocation(command).env("SWITCHBOARD_LEDGER", "");
    invocation = invocation.env("STATE_DIRECTORY", "");
    for (name, value) in environment {
        invocation = invocation.env(name, value);
    }
    let output = invocation.run().unwrap();
    assert_eq!((output.code, &*output.stdout), (Some(1), ""), "{output:?}");
    let said = output.stderr.strip_prefix("error: ").unwrap().to_owned();
    match said.strip_prefix("there is no ledger at ") {
        Some(rest) => rest.split(';').next().unwrap().to_owned(),
        None => said,
    }
}

#[test]
fn the_ledger_is_found_like_other_settings_else_in_the_state_folder() {
    let place = Workplace::new().unwrap();
    let none = looked_for(&place, &[], &[]);
    assert!(none.contains("name a file with --ledger"), "{none}");
    let home = ("HOME", "/home/nobody");
    let own = "/home/nobody/.local/state/switchboard/ledger.sqlite";
    assert_eq!(looked_for(&place, &[], &[home]), own);
    let service = ("STATE_DIRECTORY", "/var/lib/of-nobody");
    let of_service = "/var/lib/of-nobody/ledger.sqlite";
    assert_eq!(looked_for(&place, &[], &[home, service]), of_service);

    fs::create_dir(place.root().join("etc")).unwrap();
    let file = "[ledger]\nplace = \"sqlite:kept/calls\"\n";
    fs::write(place.root().join("etc/s.toml"), file).unwrap();
    let config = ["--config", "etc/s.toml"];
    assert_eq!(looked_for(&place, &config, &[service]), "etc/kept/calls");
    let environment = [("SWITCHBOARD_LEDGER", "sqlite:env")];
    assert_eq!(looked_for(&place, &config, &environment), "env");
    let flags = [&config[..], &["--ledger", "sqlite:flag"]].concat();
    assert_eq!(looked_for(&place, &flags, &environment), "flag");
}

#[test]
fn a_text_that_names_no_ledger_is_not_repeated() {
    const PASSWORD: &str = "s3cret-word";
    const FORMS: &str = "names no ledger; write sqlite:PATH, postgres://USER@HOST/DATABASE or none";
    let mut place = Workplace::new().unwrap();
    place.guard(&[PASSWORD]);
    let file = place.root().join("switchboard.toml");
    for text in [
        "",
        "ledger.sqlite",
        "/var/ledger",
        "mysql://ada:s3cret-word@db/l",
    ] {
        let output = place
            .switchboard(["ledger", "list", "--ledger", text])
            .unwrap();
        let output = output.run().unwrap();
        assert_eq!((output.code, &*output.stdout), (Some(2), ""), "{output:?}");
        let expected = format!("error: --ledger {FORMS}\n");
        assert!(output.stderr.starts_with(&expected), "{output:?}");
        if !text.is_empty() {
            let output = list(&place, &[], &[("SWITCHBOARD_LEDGER", text)]);
            let expected = format!("error: the environment variable SWITCHBOARD_LEDGER {FORMS}\n");
            assert_eq!((output.code, output.stderr), (Some(1), expected));
        }
        fs::write(&file, format!("\n[ledger]\nplace = {text:?}\n")).unwrap();
        let output = list(&place, &[], &[]);
        let expected = format!(
            "error: configuration file switchboard.toml is wrong: line 2: `place` in [ledger] {FORMS}\n"
        );
        assert_eq!((output.code, output.stderr), (Some(1), expected));
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn a_mistake_beside_the_place_of_a_ledger_does_not_show_it() {
    let mut place = Workplace::new().unwrap();
    place.guard(&["s3cret-word"]);
    let file = place.root().join("switchboard.toml");
    const URL: &str = "postgres://ada:s3cret-word@db/ledger";
    for (text, expected) in [
        (
            format!("ledger = \"{URL}\"\n"),
            "line 1: `ledger` is a section",
        ),
        (format!("[ledger]\nplace = \"{URL}\n"), "line 2: "),
        (format!("[ledger]\nplace = {URL}\n"), "line 2: "),
        (
            format!("[ledger]\nplace = [\"{URL}\"]\n"),
            "line 1: `place` in [ledger] names no",
        ),
        (
            format!("[ledger]\nplaec = \"{URL}\"\n"),
            "line 1: unknown field `plaec` in [ledger]",
        ),
        (
            format!("ledger_place = \"{URL}\"\n"),
            "line 1: unknown field `ledger_place`",
        ),
        (
            format!("[[ledger]]\nplace = \"{URL}\"\n"),
            "line 1: `ledger` is a section",
        ),
    ] {
        fs::write(&file, &text).unwrap();
        let output = list(&place, &[], &[]);
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains(expected), "{text}: {output:?}");
    }
}

#[test]
fn a_place_that_lacks_something_says_so_itself() {
    let mut place = Workplace::new().unwrap();
    place.guard(&["s3cret-word"]);
    for text in ["sqlite:", "postgres://ada:s3cret-word@"] {
        let flags = ["ledger", "list", "--ledger", text];
        let output = place.switchboard(flags).unwrap().run().unwrap();
        let expected = "error: --ledger cannot be used: this names no ledger";
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.stderr.starts_with(expected), "{output:?}");
    }
}
