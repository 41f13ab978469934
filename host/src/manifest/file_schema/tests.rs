use std::{ffi::OsString, fs, path::Path};

use jsonschema::Validator;
use serde_json::json;

use super::*;
use crate::manifest::{
    Manifest,
    tests::{HEAD, WHOLE, environment},
};

fn validator() -> Validator {
    jsonschema::draft202012::new(&json_schema()).unwrap()
}

fn as_json(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(time) => Value::from(time.to_string()),
        toml::Value::Array(items) => items.into_iter().map(as_json).collect(),
        toml::Value::Table(entries) => entries
            .into_iter()
            .map(|(key, value)| (key, as_json(value)))
            .collect(),
        other => serde_json::to_value(other).unwrap(),
    }
}

/// What the schema has against a manifest.
fn refusals(text: &str) -> Vec<String> {
    let manifest = as_json(toml::from_str(text).unwrap());
    let validator = validator();
    let errors = validator.iter_errors(&manifest);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// What the reader has against a manifest, in one line each.
fn faults(text: &str, environment: &dyn Fn(&str) -> Option<OsString>) -> Vec<String> {
    match Manifest::parse(Path::new("acme.toml"), text.as_bytes(), environment) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|fault| fault.summary()).collect(),
    }
}

/// Returns what the reader would have accepted in the place of the only fault.
fn expected(text: &str) -> Vec<String> {
    let faults = faults(text, &environment);
    let [fault] = &faults[..] else {
        panic!("{faults:?}")
    };
    let (_, words) = fault
        .split_once("expected ")
        .unwrap_or_else(|| fault.split_once(" is not ").unwrap());
    let mut words: Vec<_> = words
        .split(';')
        .next()
        .unwrap()
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    words.sort();
    words
}

fn sorted_keys(object: &Value) -> Vec<String> {
    let mut keys: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    keys.sort();
    keys
}

/// The tables of a manifest: what opens one, and where its schema is.
const TABLES: [(&str, &str); 10] = [
    ("", ""),
    ("[network]\n", "/properties/network"),
    ("[limits]\n", "/properties/limits"),
    ("[sandbox]\n", "/properties/sandbox"),
    ("[log]\n", "/properties/log"),
    ("[ledger]\n", "/properties/ledger"),
    ("[auth]\n", "/properties/auth"),
    (
        "[[custom_fields]]\nname = \"x\"\ntype = \"input\"\n",
        "/properties/custom_fields/items",
    ),
    (
        "[[custom_fields]]\nname = \"x\"\ntype = \"selection\"\n[[custom_fields.options]]\nvalue = 1\n",
        "/properties/custom_fields/items/properties/options/items",
    ),
    (
        "[connector.library]\nlinux-x86_64-gnu = \"a.so\"\n",
        "/properties/connector/properties/library/anyOf/1",
    ),
];

fn with_section(section: &str, key: &str) -> String {
    match section {
        "" => format!("{key}\n{HEAD}"),
        library if library.starts_with("[connector.library]") => {
            let head = HEAD.replace("library = \"acme\"\n", "");
            format!("{head}{library}{key}\n")
        }
        section => format!("{HEAD}{section}{key}\n"),
    }
}

#[test]
fn it_is_a_json_schema_of_2020_12() {
    let schema = json_schema();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    jsonschema::draft202012::meta::validate(&schema).unwrap();
}

#[test]
fn every_table_has_the_keys_that_the_reader_knows_and_no_other() {
    let schema = json_schema();
    let mut tables = TABLES
        .map(|(section, pointer)| (with_section(section, "zzz = 1"), pointer))
        .to_vec();
    tables.push((
        HEAD.replace("[connector]", "zzz = 1\n[connector]"),
        "/properties/crm",
    ));
    tables.push((format!("{HEAD}zzz = 1\n"), "/properties/connector"));
    for (text, pointer) in tables {
        let table = schema.pointer(pointer).unwrap();
        assert_eq!(
            sorted_keys(&table["properties"]),
            expected(&text),
            "{pointer}"
        );
        assert_eq!(table["additionalProperties"], false, "{pointer}");
        assert_eq!(refusals(&text).len(), 1, "{text}");
    }
}

#[test]
fn every_table_needs_the_keys_that_the_reader_needs() {
    let schema = json_schema();
    for (text, pointer) in [
        ("", ""),
        (
            "manifest_version = 1\n[crm]\n[connector]\nlibrary = \"a\"",
            "/properties/crm",
        ),
        (
            "manifest_version = 1\n[crm]\nname = \"a\"\n[connector]",
            "/properties/connector",
        ),
        (
            &format!("{HEAD}[[custom_fields]]"),
            "/properties/custom_fields/items",
        ),
        (
            &format!(
                "{HEAD}[[custom_fields]]\nname = \"x\"\ntype = \"selection\"\noptions = [{{}}]"
            ),
            "/properties/custom_fields/items/properties/options/items",
        ),
    ] {
        let missing = faults(text, &environment);
        let missing: Vec<_> = missing
            .iter()
            .map(|fault| fault.split('`').nth(1).unwrap())
            .collect();
        assert_eq!(
            schema.pointer(pointer).unwrap()["required"],
            json!(missing),
            "{pointer}"
        );
    }
}

#[test]
fn every_word_that_the_reader_knows_is_in_the_schema_and_no_other() {
    let schema = json_schema();
    let properties = "/properties/log/properties";
    for (text, pointer) in [
        (
            format!("{HEAD}[log]\nformat = \"zzz\""),
            format!("{properties}/format"),
        ),
        (
            format!("{HEAD}[log]\nunknown_custom_fields = \"zzz\""),
            format!("{properties}/unknown_custom_fields"),
        ),
        (
            format!("{HEAD}isolation = \"zzz\""),
            "/properties/connector/properties/isolation".to_owned(),
        ),
        (
            format!("{HEAD}[[custom_fields]]\nname = \"x\"\ntype = \"zzz\""),
            "/properties/custom_fields/items/properties/type".to_owned(),
        ),
    ] {
        let words = &schema.pointer(&pointer).unwrap()["anyOf"][0]["enum"];
        let mut words: Vec<String> = serde_json::from_value(words.clone()).unwrap();
        words.sort();
        assert_eq!(words, expected(&text), "{pointer}");
        assert_eq!(refusals(&text).len(), 1, "{text}");
    }
}

#[test]
fn every_key_is_described() {
    let schema = json_schema();
    for (_, pointer) in TABLES {
        let properties = schema.pointer(pointer).unwrap()["properties"]
            .as_object()
            .unwrap();
        // The keys of `library` are platforms.
        for (key, property) in properties.iter().filter(|_| !pointer.contains("library")) {
            assert!(property["description"].is_string(), "{pointer} {key}");
        }
    }
}

#[test]
fn what_the_reader_accepts_is_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests");
    let files = fs::read_dir(root)
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let mut texts: Vec<_> = files.collect();
    assert!(texts.len() >= 2);
    texts.extend([HEAD, WHOLE].map(str::to_owned));
    let libraries =
        "[connector.library]\nlinux-x86_64-gnu = \"a.so\"\nwindows-x86_64 = \"./a.dll\"\n";
    texts.push(with_section(libraries, ""));
    for default in ["2026-01-31", "2026-01-31T10:00:00Z", "\"2026-01-31T10:00\""] {
        let due = "[[custom_fields]]\nname = \"due\"\ntype = \"date\"\n";
        texts.push(with_section(due, &format!("default = {default}")));
    }
    for value in ["7", "-1.5", "\"7\""] {
        let stage = "[[custom_fields]]\nname = \"stage\"\ntype = \"selection\"\n";
        let keys = format!("options = [{{ value = {value} }}]\ndefault = {value}");
        texts.push(with_section(stage, &keys));
    }
    for text in texts {
        let any = |name: &str| environment(name).or_else(|| Some("http://127.0.0.1".into()));
        assert_eq!(faults(&text, &any), [""; 0], "{text}");
        assert_eq!(refusals(&text), [""; 0], "{text}");
    }
}

#[test]
fn a_text_that_comes_from_a_variable_is_accepted() {
    let variables = r#"manifest_version = 1
        [crm]
        name = "${NAME}"
        display_name = "${NAME}"
        [connector]
        library = "${NAME}"
        sha256 = "${DIGEST}"
        isolation = "${PROCESS}"
        [network]
        allowed_hosts = ["${NAME}"]
        proxy = "http://${NAME}"
        [limits]
        timeout = "${SECONDS}s"
        memory = "${SIZE}"
        [log]
        format = "text/${FORMAT}"
        unknown_custom_fields = "${PASS}"
        [[custom_fields]]
        name = "${NAME}"
        type = "${KIND}"
        default = "${NAME}"
        "#;
    let environment = |name: &str| {
        let value = match name {
            "DIGEST" => return Some("0f".repeat(32).into()),
            "PROCESS" => "process",
            "SECONDS" => "5",
            "SIZE" => "64MB",
            "FORMAT" => "html",
            "PASS" => "pass",
            "KIND" => "input",
            _ => "acme",
        };
        Some(value.into())
    };
    assert_eq!(faults(variables, &environment), [""; 0]);
    assert_eq!(refusals(variables), [""; 0]);
}

#[test]
fn what_the_reader_refuses_for_its_shape_is_refused() {
    let sections = [
        "[network]\nallowed_hosts = \"acme.example\"",
        "[network]\nallowed_hosts = [1]",
        "[network]\nread_requests = { a = 1 }",
        "[network]\nrejects_unapplied = [200]",
        "[network]\nrejects_unapplied = [\"503\"]",
        "[network]\nproxy = 1",
        "[limits]\ntimeout = 30",
        "[limits]\ntimeout = \"30\"",
        "[limits]\nmax_in_flight = 0",
        "[limits]\nmax_in_flight = 10001",
        "[limits]\nmax_in_flight = 1.5",
        "[limits]\nmax_in_flight = \"${N}\"",
        "[limits]\nmemory = 268435456",
        "[limits]\nmemory = \"256\"",
        "[limits]\nmemory = \"256MiB\"",
        "[sandbox]\nrequired = \"no\"",
        "[log]\nformat = \"html\"",
        "[custom_fields]\nname = \"x\"\ntype = \"input\"",
        "[[custom_fields]]\nname = \"x\"",
        "[[custom_fields]]\nname = \"\"\ntype = \"input\"",
        "[[custom_fields]]\nname = 1\ntype = \"input\"",
        "[[custom_fields]]\nname = \"x\"\ntype = \"input\"\nrequired = \"yes\"",
        "[[custom_fields]]\nname = \"x\"\ntype = \"selection\"\noptions = [1]",
        "[[custom_fields]]\nname = \"x\"\ntype = \"selection\"\noptions = [{ value = true }]",
        "[[custom_fields]]\nname = \"x\"\ntype = \"selection\"\noptions = [{ value = \"\" }]",
        "[[custom_fields]]\nname = \"x\"\ntype = \"input\"\ndefault = []",
        "[[settings]]",
    ];
    let mut texts = sections
        .map(|section| format!("{HEAD}{section}\n"))
        .to_vec();
    texts.extend([
        HEAD.replace("version = 1", "version = 2"),
        HEAD.replace("version = 1", "version = \"1\""),
        HEAD.replace("name = \"acme\"", "name = \"Acme\""),
        HEAD.replace("name = \"acme\"", "display_name = \"Acme\""),
        HEAD.replace("library = \"acme\"", "library = {}"),
        HEAD.replace("library = \"acme\"", "library = { linux = \"a.so\" }"),
        HEAD.replace("library = \"acme\"", "library = \"acme\"\nsha256 = \"00\""),
        HEAD.replace(
            "library = \"acme\"",
            "library = \"acme\"\nisolation = \"thread\"",
        ),
    ]);
    for text in texts {
        assert_ne!(faults(&text, &environment), [""; 0], "{text}");
        assert_ne!(refusals(&text), [""; 0], "{text}");
    }
}
