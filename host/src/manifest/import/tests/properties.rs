//! What holds for every manifest of App Connect, however hostile.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::{file_of, file_with_fields, import_one, import_value, parse};
use crate::manifest::{CustomField, FieldKind, FieldOption, custom_field::as_text};

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

fn selectable() -> impl Strategy<Value = Value> {
    // The JSON parser reads others one bit off now and then.
    let floats = any::<i32>().prop_map(|eighths| f64::from(eighths) / 8.0);
    prop_oneof![
        filled().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
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
    let options = prop::collection::vec((selectable(), filled()), 0..4);
    let flags = any::<[bool; 3]>();
    let texts = (filled(), filled(), hostile());
    (kind(), texts, flags, options, any::<bool>()).prop_map(|((word, kind), texts, flags, mut options, has_default)| {
        let (name, title, description) = texts;
        let mut seen = BTreeSet::new();
        options.retain(|(value, _)| kind == FieldKind::Selection && seen.insert(as_text(value)));
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
        let options = options.into_iter().map(|(value, title)| FieldOption { value, title });
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
        selectable(),
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
    fn any_json_is_refused_or_becomes_manifests_without_a_fault(platform in any_json(), field in any_json()) {
        let whole = file_of(platform.clone());
        let form = file_with_fields(json!([field]));
        for json in [platform, field, whole, form] {
            for manifest in import_value(&json, None).unwrap_or_default() {
                parse(&manifest.toml);
            }
        }
    }
}
