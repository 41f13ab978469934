use serde_json::json;

use crate::manifest::tests::{HEAD, read, rendered};

fn check(settings: &str, schema: serde_json::Value) -> String {
    let manifest = read(&format!("{HEAD}[settings]\n{settings}"));
    match manifest.check_settings(&schema) {
        Ok(()) => String::new(),
        Err(faults) => rendered(&faults),
    }
}

fn schema() -> serde_json::Value {
    json!({
        "type": "object",
        "required": ["base_url"],
        "properties": {
            "base_url": {"type": "string", "format": "uri", "pattern": "^https"},
            "api_token": {"type": "string", "minLength": 8},
            "retries": {"type": ["integer", "null"], "minimum": 0, "maximum": 5},
            "mode": {"oneOf": [{"const": "fast"}, {"const": "safe"}]},
            "region": {"enum": ["eu", "us"]},
            "login": {"anyOf": [{"$ref": "#/$defs/Login"}, {"type": "null"}]},
            "map": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Login"}},
            "list": {"type": "array", "items": {"$ref": "#/$defs/Login"}},
            "free": {"type": "object"},
        },
        "$defs": {
            "Login": {
                "type": "object",
                "required": ["user"],
                "properties": {"user": {"type": "string"}, "parent": {"$ref": "#/$defs/Login"}},
            },
        },
    })
}

#[test]
fn settings_that_fit_pass() {
    let fitting = "base_url = \"https://x\"\nmode = \"safe\"\nregion = \"eu\"\nretries = 5\n\
        login = { user = \"u\", parent = { user = \"v\" } }\nmap.any = { user = \"u\" }\n\
        list = [{ user = \"u\" }]\nfree = { what = \"ever\" }\n";
    assert_eq!(check(fitting, schema()), "");
    assert_eq!(check("anything = 1\n", json!({"type": "object"})), "");
    assert_eq!(check("anything = 1\n", json!(true)), "");
}

#[test]
fn every_fault_of_the_settings_has_its_line() {
    let faulty = "base_ulr = \"https://x\"\napi_token = \"short\"\nretries = \"4711\"\n\
        mode = \"slow\"\nregion = \"asia\"\nlogin = { usr = \"u\" }\n\
        map.any = { user = 1, extra = 2 }\nlist = [{ user = \"u\" }, { parent = {} }]\n";
    insta::assert_snapshot!("settings", check(faulty, schema()));
}

#[test]
fn no_message_shows_the_value_of_a_secret() {
    let secret = "base_url = \"${SECRET_NUMBER}\"\nregion = \"${SECRET_NUMBER}\"\n\
        mode = \"x${SECRET_NUMBER}\"\nretries = \"${SECRET_NUMBER}\"\n\
        api_token = \"pin-99\"\nlogin = { user = 3, password = \"pin-99\" }\n";
    let shown = check(secret, schema());
    assert!(
        !shown.contains("4711") && !shown.contains("pin-99"),
        "{shown}"
    );
    assert!(shown.contains("`region` is not `eu` or `us`"), "{shown}");
}

#[test]
fn a_schema_that_forbids_other_keys_itself_reports_each_once() {
    let mut closed = schema();
    closed["additionalProperties"] = json!(false);
    let shown = check("base_url = \"https://x\"\nmod = 1\n", closed);
    assert_eq!(shown.matches("error:").count(), 1, "{shown}");
    assert!(shown.contains("did you mean `mode`?"), "{shown}");
}

#[test]
fn a_key_that_an_optional_table_forbids_itself_is_reported_once() {
    let mut closed = schema();
    closed["$defs"]["Login"]["additionalProperties"] = json!(false);
    let shown = check(
        "base_url = \"https://x\"\nlogin = { user = \"u\", usr = 1 }\n",
        closed,
    );
    assert_eq!(shown.matches("error:").count(), 1, "{shown}");
    assert!(shown.contains("expected `parent` or `user`"), "{shown}");
}

#[test]
fn a_key_that_one_part_of_a_schema_forbids_is_named_though_another_knows_it() {
    let part = |name: &str| json!({"properties": {name: {}}, "additionalProperties": false});
    let shown = check("a = 1\nb = 2\n", json!({"allOf": [part("a"), part("b")]}));
    assert!(shown.contains("unknown setting `a`"), "{shown}");
    assert!(shown.contains("unknown setting `b`"), "{shown}");
}

#[test]
fn the_tag_of_a_variant_decides_whose_faults_are_shown() {
    let variant = |tag: &str, member: &str| {
        json!({
            "type": "object",
            "required": ["kind", member],
            "properties": {"kind": {"const": tag}, member: {"type": "string"}},
        })
    };
    let schema = json!({"properties": {
        "login": {"oneOf": [variant("basic", "user"), variant("token", "key"), {"type": "null"}]},
    }});
    let basic = check("login = { kind = \"basic\" }\n", schema.clone());
    assert!(basic.contains("missing setting `login.user`"), "{basic}");
    let other = check("login = { kind = \"none\" }\n", schema);
    assert!(other.contains("is not what one of the forms"), "{other}");
}

#[test]
fn a_value_that_fits_two_forms_of_which_one_is_wanted_is_a_fault() {
    let forms = json!([{"type": "integer"}, {"minimum": 0}, {"type": "null"}]);
    let schema = json!({"properties": {"a": {"oneOf": forms}}});
    let shown = check("a = 1\n", schema);
    assert!(
        shown.contains("`a` is not what exactly one of the forms"),
        "{shown}"
    );
}

#[test]
fn a_schema_that_allows_other_keys_is_not_closed() {
    for (keyword, rule) in [
        ("additionalProperties", json!(true)),
        ("additionalProperties", json!({"type": "integer"})),
        ("unevaluatedProperties", json!(true)),
        ("patternProperties", json!({"^x": {}})),
        ("$ref", json!("https://elsewhere.example/schema")),
    ] {
        let schema = json!({"properties": {"a": {}}, keyword: rule});
        let shown = check("xyz = 1\n", schema);
        assert!(!shown.contains("unknown setting"), "{keyword}: {shown}");
    }
    let parts = json!({"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]});
    assert_eq!(check("a = 1\nb = 2\n", parts.clone()), "");
    assert!(check("c = 1\n", parts).contains("expected `a` or `b`"));
}

#[test]
fn a_faulty_schema_is_the_connectors_fault_and_reaches_no_network() {
    for schema in [
        json!({"type": 5}),
        json!({"$ref": "http://127.0.0.1:9/schema"}),
        json!({"$ref": "#/nowhere"}),
        json!([]),
    ] {
        let shown = check("a = 1\n", schema);
        assert!(shown.contains("manifests/acme.toml:5:11"), "{shown}");
        assert!(
            shown.contains("JSON Schema of its settings is faulty"),
            "{shown}"
        );
    }
}

#[test]
fn a_missing_section_is_a_fault_of_the_file() {
    let faults = read(HEAD).check_settings(&schema()).unwrap_err();
    assert_eq!(
        faults[0].summary(),
        "manifests/acme.toml: missing setting `base_url`; add `base_url = ..` to [settings]"
    );
}

/// Connectors without settings came without a schema: their operators read of a mistake without its line.
#[test]
fn any_setting_of_a_connector_without_settings_has_its_line() {
    let schema = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    assert_eq!(check("", schema.clone()), "");
    let shown = check("typo = 1\n", schema);
    assert!(shown.contains("unknown setting `typo`"), "{shown}");
    assert!(shown.contains("expected nothing"), "{shown}");
    assert_eq!(shown.matches("unknown setting").count(), 1, "{shown}");
}
