//! What holds for every manifest of App Connect, however hostile.

use std::{cell::Cell, collections::BTreeSet};

use proptest::{prelude::*, sample::select, test_runner::TestRunner};
use serde_json::{Value, json};

use super::{file_with_fields, import_one, import_value, parse, refusals};
use crate::manifest::{
    CustomField, FieldKind, FieldOption, custom_field::as_text, import::javascript::selectable,
};

/// Texts that break out of strings or comments, or look like something else.
fn hostile() -> impl Strategy<Value = String> {
    let parts = select(vec![
        "\"\"\"",
        "'''",
        "\"",
        "\\",
        "\n",
        "\r",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\t",
        "#",
        "\n[settings]\n",
        "${X}",
        "$${X}",
        "$",
        "{",
        "}",
        "= 1",
        " ",
        "é",
        "😀",
        "a",
        "Name",
        "\u{feff}",
        "\\u0000",
        "]",
        ",",
    ]);
    prop_oneof![
        prop::collection::vec(parts, 0..8).prop_map(|parts| parts.concat()),
        any::<String>(),
    ]
}

fn filled() -> impl Strategy<Value = String> {
    hostile().prop_filter("must not be blank", |text| !text.trim().is_empty())
}

/// What an option's `const` may be.
fn constant() -> impl Strategy<Value = Value> {
    // The JSON parser reads others one bit off now and then.
    let floats = any::<i32>().prop_map(|eighths| f64::from(eighths) / 8.0);
    prop_oneof![
        filled().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        floats.prop_map(Value::from)
    ]
}

fn kind() -> impl Strategy<Value = (&'static str, FieldKind)> {
    select(vec![
        ("selection", FieldKind::Selection),
        ("inputField", FieldKind::Input),
        ("checkbox", FieldKind::Checkbox),
        ("date", FieldKind::Date),
        ("string", FieldKind::String),
        ("warning", FieldKind::Warning),
    ])
}

/// A field as App Connect writes it, and what it means here.
fn field() -> impl Strategy<Value = (Value, CustomField)> {
    let options = prop::collection::vec((constant(), filled()), 0..4);
    let flags = any::<[bool; 3]>();
    let texts = (filled(), filled(), hostile());
    (kind(), texts, flags, options, any::<bool>()).prop_map(|((word, kind), texts, flags, mut options, has_default)| {
        let (name, title, description) = texts;
        let mut seen = BTreeSet::new();
        let written = |value: &Value| selectable(value).unwrap();
        options.retain(|(value, _)| kind == FieldKind::Selection && seen.insert(as_text(&written(value))));
        let required = flags[0] && kind != FieldKind::Warning;
        let default = match kind {
            _ if !has_default => None,
            FieldKind::Selection => options.last().map(|(value, _)| value.clone()),
            FieldKind::Input | FieldKind::String => Some(Value::from(title.clone())),
            FieldKind::Checkbox => Some(Value::from(flags[1])),
            FieldKind::Date => Some(Value::from("2026-01-31")),
            FieldKind::Warning => None,
        };
        let json = json!({
            "const": name,
            "title": title,
            "type": word,
            "required": required,
            "contactDependent": flags[1],
            "allowCustomValue": flags[2],
            "options": options.iter().map(|(value, title)| json!({ "const": value, "title": title })).collect::<Vec<_>>(),
            "defaultValue": default,
            "description": description,
        });
        let options = options.into_iter().map(|(value, title)| FieldOption { value: written(&value), title });
        let default = match kind {
            FieldKind::Selection => default.as_ref().map(written),
            _ => default,
        };
        let field = CustomField {
            name,
            title,
            kind,
            required,
            contact_dependent: flags[1],
            allow_custom_value: flags[2],
            options: options.collect(),
            default,
            description: Some(description),
        };
        (json, field)
    })
}

/// Any JSON, with a liking for members that mean something.
fn any_json() -> impl Strategy<Value = Value> {
    let scalars = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        constant(),
        hostile().prop_map(Value::from),
        kind().prop_map(|(word, _)| Value::from(word)),
    ];
    let members = prop_oneof![
        3 => select(vec![
            "platforms", "acme", "name", "displayName", "environment", "type", "url", "urlIdentifier", "selections", "const",
            "page", "callLog", "additionalFields", "title", "options", "defaultValue", "required", "description", "version",
        ]).prop_map(str::to_owned),
        1 => hostile(),
    ];
    scalars.prop_recursive(7, 64, 6, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            3 => prop::collection::btree_map(members.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fields_with_hostile_texts_mean_the_same_here(
        mut fields in prop::collection::vec(field(), 0..4),
        display_name in filled(),
        address in hostile(),
        title in hostile(),
        key in hostile(),
    ) {
        let mut names = BTreeSet::new();
        fields.retain(|(_, field)| names.insert(field.name.clone()));
        let (json, expected): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
        let mut platform = json!({
            "name": "acme",
            "displayName": display_name,
            "environment": { "selections": [{ "const": address, "name": title }] },
            "page": { "callLog": { "additionalFields": json } },
        });
        platform[format!("x{key}")] = json!(1);
        let (manifest, _) = import_one(&json!({ "version": title, "platforms": { key: platform } }));
        prop_assert_eq!(manifest.crm.name, "acme");
        prop_assert_eq!(manifest.crm.display_name, display_name);
        prop_assert_eq!(manifest.custom_fields, expected);
        prop_assert_eq!(manifest.settings.to_json(), json!({}));
    }

    #[test]
    fn every_option_is_accepted_as_javascript_sends_it(
        constants in prop::collection::vec(prop_oneof![
            9 => constant(),
            1 => select(vec![json!(null), json!(""), json!(" "), json!([1])]),
        ], 1..6),
        source in select(vec!["x", "accountDataKey", "contactTypeDependent"]),
    ) {
        let options: Vec<_> = constants.iter().map(|value| json!({ "const": value })).collect();
        let field = json!({ "const": "f", "type": "selection", "options": options, source: true });
        let (manifest, _) = import_one(&file_with_fields(json!([field])));
        for value in &constants {
            prop_assert_eq!(refusals(&manifest, &json!({ "f": sent(value) })), [""; 0], "{}", value);
        }
        // What nobody listed is accepted only where others may be meant.
        let is_open = source != "x" || constants.contains(&json!(" ")) || constants.contains(&json!([1]));
        let is_empty = manifest.custom_fields[0].options.is_empty();
        let refusals = refusals(&manifest, &json!({ "f": "listed nowhere" }));
        prop_assert_eq!(refusals.is_empty(), is_open || is_empty);
    }
}

/// What a call holds for an option's `const`, as JavaScript prints it. Numbers of that size have no exponent.
fn sent(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64().unwrap().to_string()),
        other => other.clone(),
    }
}

/// Returns the pointer of every value within a value.
fn pointers(value: &Value) -> Vec<String> {
    let inner: Vec<_> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    let below = |(name, value): &(String, &Value)| {
        let name = name.clone();
        let pointers = pointers(value).into_iter();
        pointers
            .map(move |rest| format!("/{name}{rest}"))
            .collect::<Vec<_>>()
    };
    let mut found = vec![String::new()];
    found.extend(inner.iter().flat_map(below));
    found
}

/// A manifest of App Connect in which everything is said that can be.
const WHOLE: &str = include_str!("../../../../../tests/manifests/app-connect.json");

/// How many of the hostile files must be accepted: a property of nothing is none.
const MIN_ACCEPTED: usize = 100;

#[test]
fn any_part_may_be_anything_and_what_is_accepted_has_no_fault() {
    let whole: Value = serde_json::from_str(WHOLE).unwrap();
    let parts = (select(pointers(&whole)), any_json());
    let n_accepted = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&parts, |(pointer, part)| {
        let mut json = whole.clone();
        *json.pointer_mut(&pointer).unwrap() = part;
        for manifest in import_value(&json, None).unwrap_or_default() {
            n_accepted.set(n_accepted.get() + 1);
            parse(&manifest.toml);
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(n_accepted.get() >= MIN_ACCEPTED, "{n_accepted:?}");
}
