//! What a submission may hold, and what becomes of it.

use std::slice::from_ref;

use serde_json::{Value, json};

use super::*;
use crate::manifest::{FieldOption, UnknownCustomFields::Pass, UnknownCustomFields::Refuse};

fn field(name: &str, kind: FieldKind) -> CustomField {
    CustomField {
        name: name.to_owned(),
        title: name.to_owned(),
        kind,
        required: false,
        contact_dependent: false,
        allow_custom_value: false,
        options: Vec::new(),
        default: None,
        description: None,
    }
}

fn selection(name: &str, options: &[Value]) -> CustomField {
    let option = |value: &Value| FieldOption {
        value: value.clone(),
        title: "a title".to_owned(),
    };
    CustomField {
        options: options.iter().map(option).collect(),
        ..field(name, FieldKind::Selection)
    }
}

fn checked(fields: &[CustomField], unknown: UnknownCustomFields, submission: &str) -> Checked {
    check(
        fields,
        unknown,
        Members::read(submission.as_bytes()).unwrap(),
    )
}

/// Returns the faults of a submission as a person reads them. What is refused is not warned of.
fn faults(fields: &[CustomField], submission: &str) -> Vec<String> {
    let found = checked(fields, Refuse, submission);
    assert_eq!(found.warnings, [""; 0]);
    found.faults.iter().map(ToString::to_string).collect()
}

/// Returns what the connector gets of a submission without faults, and the warnings.
fn passed(fields: &[CustomField], submission: &str) -> (String, Vec<String>) {
    let found = checked(fields, Pass, submission);
    assert_eq!(found.faults, []);
    let changed = found.changed.map(|json| json.get().to_owned());
    (
        changed.unwrap_or_else(|| "the same".to_owned()),
        found.warnings,
    )
}

fn same() -> (String, Vec<String>) {
    ("the same".to_owned(), Vec::new())
}

#[test]
fn an_option_is_selected_by_its_text() {
    let fields = [selection(
        "f",
        &[json!("7"), json!(8), json!(1.50), json!("true")],
    )];
    for value in ["7", r#""7""#, "8", r#""8""#, "1.5", r#""1.5""#, "true"] {
        assert_eq!(
            passed(&fields, &format!(r#"{{"f": {value}}}"#)),
            same(),
            "{value}"
        );
    }
    for (value, found) in [
        ("7.0", "the number 7.0"),
        ("1.50", "the number 1.50"),
        (r#"" 7""#, r#"the string " 7""#),
        ("false", "the boolean false"),
        (r#"["7"]"#, "an array"),
        (r#"{"value": "7"}"#, "an object"),
    ] {
        let expected = format!(
            r#"/additionalSubmission/f: expected "7", "8", "1.5" or "true", found {found}"#
        );
        assert_eq!(faults(&fields, &format!(r#"{{"f": {value}}}"#)), [expected]);
    }
}

#[test]
fn digits_that_no_number_holds_are_compared_as_they_are_written() {
    let fields = [selection("f", &[json!("12345678901234567890123")])];
    assert_eq!(passed(&fields, r#"{"f": 12345678901234567890123}"#), same());
    assert_eq!(
        faults(&fields, r#"{"f": 12345678901234567890124}"#).len(),
        1
    );
}

#[test]
fn options_that_are_not_all_of_them_are_not_checked() {
    let fixed = || selection("f", &[json!("1")]);
    for field in [
        selection("f", &[]),
        CustomField {
            contact_dependent: true,
            ..fixed()
        },
        CustomField {
            allow_custom_value: true,
            ..fixed()
        },
    ] {
        for value in [r#""2""#, "false", r#"{ "id": 2 }"#] {
            assert_eq!(
                passed(from_ref(&field), &format!(r#"{{"f": {value}}}"#)),
                same()
            );
        }
    }
}

#[test]
fn a_checkbox_holds_a_boolean() {
    let fields = [field("f", FieldKind::Checkbox)];
    for value in ["true", "false"] {
        assert_eq!(passed(&fields, &format!(r#"{{"f": {value}}}"#)), same());
    }
    for (value, found) in [
        (r#""true""#, r#"the string "true""#),
        ("1", "the number 1"),
        ("[]", "an array"),
    ] {
        let expected = format!("/additionalSubmission/f: expected true or false, found {found}");
        assert_eq!(faults(&fields, &format!(r#"{{"f": {value}}}"#)), [expected]);
    }
}

#[test]
fn a_date_stands_alone_or_with_a_time() {
    let fields = [field("f", FieldKind::Date)];
    for value in [
        "2026-01-31",
        "2024-02-29",
        "2026-01-31T10:00",
        "2026-01-31T10:00:00.000Z",
        "2026-01-31T10:00:00+05:30",
    ] {
        assert_eq!(
            passed(&fields, &format!(r#"{{"f": "{value}"}}"#)),
            same(),
            "{value}"
        );
    }
    for value in [
        "2026-02-29",
        "20260131",
        "2026-01-31 10:00",
        "31.01.2026",
        "01/31/2026",
        "2026-1-31",
        "10:00",
        "tomorrow",
        " 2026-01-31",
        "2026-01-31T25:00",
        "2026-01-31T10:00[Europe/Tallinn]",
        "1767225600000",
    ] {
        let expected = format!(
            "/additionalSubmission/f: expected an ISO date like 2026-01-31, with or without a time, \
             found the string \"{value}\""
        );
        assert_eq!(
            faults(&fields, &format!(r#"{{"f": "{value}"}}"#)),
            [expected]
        );
    }
    assert_eq!(faults(&fields, r#"{"f": 20260131}"#).len(), 1);
}

#[test]
fn texts_may_be_anything() {
    let fields = [
        field("input", FieldKind::Input),
        field("string", FieldKind::String),
    ];
    for value in [r#""x""#, "7", "true", "[1]", "{}"] {
        let submission = format!(r#"{{"input": {value}, "string": {value}}}"#);
        assert_eq!(passed(&fields, &submission), same());
    }
}

#[test]
fn an_empty_text_and_null_are_absent_for_every_type() {
    for kind in [
        FieldKind::Selection,
        FieldKind::Input,
        FieldKind::Checkbox,
        FieldKind::Date,
        FieldKind::String,
        FieldKind::Warning,
    ] {
        let optional = CustomField {
            kind,
            ..selection("f", &[json!("1")])
        };
        let required = CustomField {
            required: true,
            ..optional.clone()
        };
        for submission in [r#"{"f":""}"#, r#"{"f":null}"#, "{}"] {
            assert_eq!(passed(from_ref(&optional), submission), same());
            assert_eq!(passed(&[], submission), same());
            let found = faults(from_ref(&required), submission);
            assert!(
                found[0].starts_with("/additionalSubmission/f: is required and missing"),
                "{found:?}"
            );
        }
    }
}

#[test]
fn a_default_is_filled_in_where_a_field_is_absent() {
    let with_default = |name, kind, default| CustomField {
        default: Some(default),
        required: kind != FieldKind::Warning,
        ..field(name, kind)
    };
    let fields = [
        with_default("a", FieldKind::Input, json!("x \"y\"")),
        with_default("b", FieldKind::Checkbox, json!(false)),
        with_default("c", FieldKind::Selection, json!(7)),
    ];
    let filled = |submission| passed(&fields, submission).0;
    assert_eq!(filled("{}"), r#"{"a":"x \"y\"","b":false,"c":7}"#);
    assert_eq!(
        filled(r#"{"c":"", "x":1.50, "a":null}"#),
        r#"{"c":7,"x":1.50,"a":"x \"y\"","b":false}"#
    );
    assert_eq!(
        filled(r#"{"a":0,"b":true,"c":[ ]}"#),
        "the same",
        "nothing is absent"
    );
    let empty = [with_default("a", FieldKind::Input, json!(""))];
    assert_eq!(
        faults(&empty, "{}"),
        ["/additionalSubmission/a: is required and missing"]
    );
}

#[test]
fn the_value_of_a_notice_is_left_out_with_a_warning() {
    let notice = CustomField {
        title: "Mind the \"lead\"".to_owned(),
        ..field("notice", FieldKind::Warning)
    };
    let (left, warnings) = passed(
        &[notice, field("a", FieldKind::Input)],
        r#"{"a":1e2,"notice":"c4nary","b":null}"#,
    );
    assert_eq!(left, r#"{"a":1e2,"b":null}"#);
    let warning = r#""notice" is a notice to users and holds no value; the value that was sent is left out (field "Mind the \"lead\"")"#;
    assert_eq!(warnings, [warning]);
}

#[test]
fn fields_of_nobody_pass_with_a_warning_or_are_refused() {
    let fields = [field("a", FieldKind::Input), field("b", FieldKind::Input)];
    let submission = r#"{"x/~y":{"secret":1}, "a":1, "isAssignedToUser":true, "adminAssignedUserToken":"t",
        "adminAssignedUserRcId":"9", "z":0}"#;
    let (left, warnings) = passed(&fields, submission);
    assert_eq!(left, "the same");
    assert_eq!(
        warnings,
        [
            r#""x/~y" is no custom field of the manifest and is passed on unchecked"#,
            r#""z" is no custom field of the manifest and is passed on unchecked"#,
        ]
    );
    assert_eq!(
        faults(&fields, submission),
        [
            r#"/additionalSubmission/x~1~0y: is no custom field; expected "a" or "b""#,
            r#"/additionalSubmission/z: is no custom field; expected "a" or "b""#,
        ]
    );
    assert_eq!(
        faults(&[], r#"{"z":0}"#),
        ["/additionalSubmission/z: is no custom field; the manifest defines none"]
    );
}

#[test]
fn more_unknown_fields_than_anybody_reads_are_counted() {
    let members: Vec<_> = (0..1_000).map(|n| format!(r#""x{n}":{n}"#)).collect();
    let submission = format!("{{{}}}", members.join(","));
    let (_, warnings) = passed(&[], &submission);
    assert_eq!(warnings.len(), 101);
    assert_eq!(
        warnings[100],
        "900 other fields are no custom fields of the manifest and are passed on unchecked"
    );
    let found = faults(&[], &submission);
    assert_eq!(found.len(), 101);
    assert_eq!(
        found[100],
        "/additionalSubmission: holds 900 other fields that are no custom fields"
    );
}

#[test]
fn long_names_and_values_are_shown_shortened() {
    let long = "x".repeat(2_000);
    let start = "x".repeat(59);
    assert_eq!(
        faults(&[], &format!(r#"{{"{long}":0}}"#)),
        [format!(
            r#"/additionalSubmission: "{start}... is no custom field; the manifest defines none"#
        )]
    );
    let options: Vec<_> = (0..13).map(|n| json!(n)).collect();
    let fields = [CustomField {
        required: true,
        ..selection("f", &options)
    }];
    let listed = r#""0", "1", "2", "3", "4", "5", "6", "7", "8", "9" or 3 more"#;
    assert_eq!(
        faults(&fields, &format!(r#"{{"f":"{long}"}}"#)),
        [format!(
            r#"/additionalSubmission/f: expected {listed}, found the string "{start}..."#
        )]
    );
    assert_eq!(
        faults(&fields, "{}"),
        [format!(
            "/additionalSubmission/f: is required and missing; expected {listed}"
        )]
    );
}

#[test]
fn a_fault_names_the_field_as_people_do_and_shows_no_secret() {
    let fields = ["accessToken", "note", "plain"].map(|name| CustomField {
        title: "The box".to_owned(),
        ..field(name, FieldKind::Checkbox)
    });
    assert_eq!(
        faults(
            &fields,
            r#"{"accessToken":"c4nary","note":4711,"plain":"yes"}"#
        ),
        [
            "/additionalSubmission/accessToken: expected true or false, found a string (field \"The box\")",
            "/additionalSubmission/note: expected true or false, found a number (field \"The box\")",
            "/additionalSubmission/plain: expected true or false, found the string \"yes\" (field \"The box\")",
        ]
    );
}
