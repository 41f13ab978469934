mod properties;

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::custom_fields;
use crate::input::Members;
use crate::manifest::{LogFormat, Manifest, UnknownCustomFields};

fn import_value(
    json: &Value,
    platform: Option<&str>,
) -> Result<Vec<ImportedManifest>, ImportError> {
    import(&serde_json::to_vec(json).unwrap(), platform)
}

fn parse(toml: &str) -> Manifest {
    let parsed = Manifest::parse(Path::new("acme.toml"), toml.as_bytes(), &|_| None);
    parsed.unwrap_or_else(|faults| panic!("{}\n{toml}", faults[0]))
}

/// App Connect's manifest with one platform, `acme`.
fn file_of(platform: Value) -> Value {
    json!({ "platforms": { "acme": platform } })
}

/// ... of which the form for a call has these fields.
fn file_with_fields(fields: Value) -> Value {
    file_of(json!({ "page": { "callLog": { "additionalFields": fields } } }))
}

fn import_one(json: &Value) -> (Manifest, Vec<String>) {
    let imported = import_value(json, None).unwrap();
    let [one] = &imported[..] else {
        panic!("{imported:?}")
    };
    (parse(&one.toml), one.notes.clone())
}

/// Why a call with this submission is refused.
fn refusals(manifest: &Manifest, submission: &Value) -> Vec<String> {
    let submission = submission.to_string();
    let members = Members::read(submission.as_bytes()).unwrap();
    let checked = custom_fields::check(
        &manifest.custom_fields,
        UnknownCustomFields::Refuse,
        members,
    );
    checked.faults.iter().map(ToString::to_string).collect()
}

fn faults(json: &Value) -> Vec<String> {
    match import_value(json, None).unwrap_err() {
        ImportError::Shape(faults) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn the_least_that_a_platform_can_say_is_a_manifest() {
    let (manifest, notes) = import_one(&file_of(json!({})));
    assert_eq!(notes, [""; 0]);
    assert_eq!(
        (&*manifest.crm.name, &*manifest.crm.display_name),
        ("acme", "acme")
    );
    assert_eq!(manifest.log.format, LogFormat::Plain);
    assert_eq!(
        (
            manifest.network.allowed_hosts.len(),
            manifest.custom_fields.len()
        ),
        (0, 0)
    );
    assert_eq!(manifest.settings.to_json(), json!({}));
}

#[test]
fn null_is_absent_and_what_is_empty_says_nothing() {
    let (_, notes) = import_one(&file_of(json!({
        "name": null,
        "settings": [],
        "page": { "messageLog": { "additionalFields": [] }, "callLog": { "additionalFields": null } },
        "environment": null,
        "logoUrl": "",
    })));
    assert_eq!(notes, [""; 0]);
}

#[test]
fn every_member_without_a_place_is_named_wherever_it_stands() {
    let (_, notes) = import_one(&json!({
        "x0": 1,
        "platforms": { "acme": {
            "x1": false,
            "page": { "x2": 1, "callLog": {
                "x3": 1,
                "additionalFields": [
                    { "const": "a", "type": "selection", "x4": 1, "options": [{ "const": 1, "x5": 1 }] },
                ],
            } },
            "environment": { "type": "selectable", "x6": 1, "selections": [{ "const": "https://a.example", "x7": 1 }] },
        } },
    }));
    for n in 0..8 {
        let name = format!("x{n}`: Switchboard does not know it");
        let found = notes.iter().filter(|note| note.contains(&name)).count();
        assert_eq!(found, 1, "{n}: {notes:?}");
    }
    assert_eq!(notes.len(), 8, "{notes:?}");
}

#[test]
fn every_fault_of_the_shape_is_named_with_its_pointer() {
    let found = faults(&json!({
        "version": 1,
        "platforms": {
            "a/b": [],
            "c": { "name": 1, "displayName": {}, "page": [], "environment": { "url": 5, "selections": [7] } },
            "d": { "page": { "callLog": { "additionalFields": { "const": "x" } } } },
            "e": { "page": { "callLog": { "additionalFields": [
                1,
                { "type": "input" },
                { "const": " ", "type": "input" },
                { "const": "x", "type": 1 },
                { "const": "y", "type": "selection", "required": "yes", "options": [1], "description": [] },
            ] } } },
            "顧客": {},
        },
    }));
    let expected = [
        "/version: a number instead of a string",
        "/platforms/a~1b: an array instead of an object",
        "/platforms/c/name: a number instead of a string",
        "/platforms/c/displayName: an object instead of a string",
        "/platforms/c/page: an array instead of an object",
        "/platforms/c/environment/url: a number instead of a string",
        "/platforms/c/environment/selections/0: a number instead of an object",
        "/platforms/d/page/callLog/additionalFields: an object instead of an array",
        "/platforms/e/page/callLog/additionalFields/0: a number instead of an object",
        "/platforms/e/page/callLog/additionalFields/1: there is no `const`, expected the field's name",
        "/platforms/e/page/callLog/additionalFields/2/const: the name of a field is empty",
        "/platforms/e/page/callLog/additionalFields/3/type: a number instead of a string",
        "/platforms/e/page/callLog/additionalFields/4/options/0: a number instead of an object",
        "/platforms/e/page/callLog/additionalFields/4/required: a string instead of true or false",
        "/platforms/e/page/callLog/additionalFields/4/description: an array instead of a string",
        "/platforms/顧客: no CRM can be named after `顧客`: nothing in it is of a-z or 0-9",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_no_manifest_of_app_connect_is_refused() {
    assert_eq!(
        faults(&json!([])),
        ["the file: an array instead of an object"]
    );
    let missing =
        "the file: there is no `platforms`, expected an object with a member for each platform";
    assert_eq!(faults(&json!({ "platforms": null })), [missing]);
    let null = "/platforms/a: null instead of an object";
    assert_eq!(faults(&json!({ "platforms": { "a": null } })), [null]);
    assert_eq!(
        faults(&json!({ "platforms": {} })),
        ["/platforms: there is no platform in it"]
    );
    let not_json = import(b"{", None).unwrap_err();
    assert!(matches!(not_json, ImportError::NotJson(_)), "{not_json}");
    let large = import(&vec![b' '; MAX_IMPORT_LEN + 1], None).unwrap_err();
    assert!(matches!(large, ImportError::TooLarge), "{large}");
    let deep = "[".repeat(MAX_IMPORT_LEN);
    assert!(matches!(
        import(deep.as_bytes(), None).unwrap_err(),
        ImportError::NotJson(_)
    ));
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    let json = br#"{ "platforms": { "acme": { "name": "a",
        "name": "b" } } }"#;
    let ImportError::NotJson(error) = import(json, None).unwrap_err() else {
        panic!()
    };
    assert_eq!(
        error.to_string(),
        "the member `name` stands twice at line 2 column 21"
    );
}

#[test]
fn faults_beyond_a_hundred_are_counted() {
    let fields = vec![json!(1); 130];
    let found = faults(&file_with_fields(json!(fields)));
    assert_eq!(found.len(), 101);
    assert_eq!(found[100], "the file: there are 30 more faults");
}

#[test]
fn a_long_pointer_is_shown_in_part_and_control_characters_never() {
    let key = format!("\u{1b}[31m{}", "k".repeat(1000));
    let [fault] = &faults(&json!({ "platforms": { key: 1 } }))[..] else {
        panic!()
    };
    let shown = format!(
        "/platforms/\\u{{1b}}[31m{}...: a number instead of an object",
        "k".repeat(184)
    );
    assert_eq!(*fault, shown);
}

#[test]
fn many_members_beside_the_platforms_are_counted() {
    let mut json = file_of(json!({}));
    for n in 0..50 {
        json[format!("x{n:02}")] = json!(n);
    }
    let (_, notes) = import_one(&json);
    assert_eq!(notes.len(), 21);
    assert_eq!(notes[19], "`x19`: Switchboard does not know it");
    assert_eq!(notes[20], "30 more members beside `platforms`");
}

#[test]
fn one_platform_is_imported_and_an_unknown_one_is_answered_with_the_known() {
    // The other one is broken, which does not matter here.
    let json = json!({ "platforms": { "acme": {}, "broken": [] } });
    let imported = import_value(&json, Some("acme")).unwrap();
    assert_eq!((imported.len(), &*imported[0].name), (1, "acme"));
    let error = import_value(&json, Some("Acme")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it has no platform \"Acme\"; it has `acme` or `broken`"
    );
}

#[test]
fn two_platforms_that_become_one_crm_are_both_named() {
    let json = json!({ "platforms": { "goodCrm": {}, "x": { "name": "Good CRM" } } });
    let expected = "/platforms/x: the platforms `goodCrm` and `x` both become the CRM `good-crm`; import one with \
        --platform, rename its file and the `name` in it, then import the other";
    assert_eq!(faults(&json), [expected]);
}

#[test]
fn what_does_not_fit_a_field_is_left_out_and_named() {
    let (manifest, notes) = import_one(&file_with_fields(json!([
        { "const": "w", "type": "warning", "required": true, "defaultValue": "x" },
        { "const": "i", "type": "inputField", "options": [{ "const": 1 }], "defaultValue": 1 },
        { "const": "d", "type": "date", "defaultValue": "31.1.2026" },
        { "const": "s", "type": "selection", "options": [{ "const": 18446744073709551615_u64 }], "defaultValue": true },
        { "const": "b", "type": "selection", "options": [{ "const": " " }, { "const": 1 }, { "const": 1.0 }] },
        { "const": "n" },
    ])));
    let expected = [
        "of the field `w`, `required`: a warning holds no value",
        "of the field `w`, `defaultValue`: `x` is no value of this field",
        "of the field `i`, `options`: only a selection has any",
        "of the field `i`, `defaultValue`: `1` is no value of this field",
        "of the field `d`, `defaultValue`: `31.1.2026` is no value of this field",
        "of the field `s`, the option `18446744073709551615`: its value, which JavaScript rounds to 18446744073709552000",
        "of the field `s`, `defaultValue`: `true` is no value of this field",
        "of the field `b`, the option ` `: its value is no text, number or boolean, so any value is accepted",
        "of the field `b`, the option `1.0`: another one has its value",
        "the field `n`: it has no type",
    ];
    assert_eq!(notes, expected);
    let fields = manifest.custom_fields.iter();
    let shown: Vec<_> = fields
        .map(|field| (&*field.name, field.options.len(), field.required))
        .collect();
    assert_eq!(
        shown,
        [
            ("w", 0, false),
            ("i", 0, false),
            ("d", 0, false),
            ("s", 1, false),
            ("b", 1, false)
        ]
    );
}

#[test]
fn a_value_from_the_users_account_is_accepted_beside_the_options() {
    for (source, value) in [
        ("accountDataKey", json!("activityTypes")),
        ("accountDataProperty", json!("types")),
        (
            "accountDataPropertyByContactType",
            json!({ "Lead": "statuses" }),
        ),
        ("contactTypeDependent", json!(true)),
    ] {
        let mut field =
            json!({ "const": "f", "type": "selection", "options": [{ "const": "call" }] });
        field[source] = value;
        let (manifest, notes) = import_one(&file_with_fields(json!([field])));
        assert_eq!(
            refusals(&manifest, &json!({ "f": "from the account" })),
            [""; 0],
            "{source}"
        );
        assert_eq!(manifest.custom_fields[0].options.len(), 1);
        assert!(
            notes[0].starts_with(&format!("of the field `f`, `{source}`: ")),
            "{notes:?}"
        );
    }
    let field = json!({
        "const": "f",
        "type": "selection",
        "contactTypeDependent": false,
        "accountDataKey": null,
        "options": [{ "const": "call" }],
    });
    let (manifest, notes) = import_one(&file_with_fields(json!([field])));
    assert_eq!(refusals(&manifest, &json!({ "f": "other" })).len(), 1);
    assert_eq!(notes, [""; 0]);
}

#[test]
fn an_option_is_accepted_as_javascript_sends_it() {
    let options = json!([
        { "const": 1.0 },
        { "const": true },
        { "const": u64::MAX },
        { "const": 0.00001 },
        { "const": 1e21 },
    ]);
    let field =
        json!({ "const": "f", "type": "selection", "options": options, "defaultValue": true });
    let (manifest, _) = import_one(&file_with_fields(json!([field])));
    for sent in ["1", "true", "18446744073709552000", "0.00001", "1e+21"] {
        assert_eq!(
            refusals(&manifest, &json!({ "f": sent })),
            [""; 0],
            "{sent}"
        );
    }
    assert_eq!(manifest.custom_fields[0].default, Some(json!("true")));
    assert_eq!(refusals(&manifest, &json!({ "f": "1.0" })).len(), 1);
}

#[test]
fn beside_an_option_that_cannot_be_held_every_value_is_accepted() {
    let options = json!([{ "const": "a" }, { "const": { "id": 1 }, "title": "One" }]);
    let field = json!({ "const": "f", "type": "selection", "options": options });
    let (manifest, notes) = import_one(&file_with_fields(json!([field])));
    assert_eq!(refusals(&manifest, &json!({ "f": { "id": 1 } })), [""; 0]);
    assert_eq!(manifest.custom_fields[0].options.len(), 1);
    let expected = "of the field `f`, the option `One`: its value is no text, number or boolean, so any value is accepted";
    assert_eq!(notes, [expected]);
}

#[test]
fn it_is_said_what_choosing_nothing_means() {
    let field = |none: bool| json!({ "const": "f", "type": "selection", "includeNoneOption": none, "options": [{ "const": "a" }] });
    let (manifest, notes) = import_one(&file_with_fields(json!([field(true)])));
    assert_eq!(refusals(&manifest, &json!({ "f": "" })), [""; 0]);
    let [note] = &notes[..] else {
        panic!("{notes:?}")
    };
    assert!(
        note.starts_with("of the field `f`, `includeNoneOption`: whoever chooses nothing"),
        "{note}"
    );
    let (_, notes) = import_one(&file_with_fields(json!([field(false)])));
    assert_eq!(notes, [""; 0]);
}
