//! The user's settings, as JavaScript sees them.

use super::*;

fn with_result(setting: Value) -> bool {
    let changes = [
        ("/callLog/result", json!("Missed")),
        ("/user/userSettings/addCallLogResult", setting),
    ];
    match &*details(Format::Plain, &changes) {
        "- Result: Missed\n" => true,
        "" => false,
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_not_false_zero_or_empty_turns_a_component_on() {
    for value in [
        json!(true),
        json!(1),
        json!("false"),
        json!("0"),
        json!({}),
        json!([]),
    ] {
        assert!(with_result(json!({ "value": value })), "{value}");
    }
    for value in [json!(false), json!(0), json!(-0.0), json!("")] {
        assert!(!with_result(json!({ "value": value })), "{value}");
    }
}

#[test]
fn without_a_value_a_setting_is_at_its_default() {
    for setting in [
        json!(null),
        json!({}),
        json!({ "value": null }),
        json!(false),
        json!([false]),
        json!("off"),
    ] {
        assert!(with_result(setting.clone()), "{setting}");
        let changes = [
            ("/callLog/sessionId", json!("9")),
            ("/user/userSettings/addCallSessionId", setting),
        ];
        assert_eq!(details(Format::Plain, &changes), "");
    }
}

#[test]
fn a_date_format_that_is_no_text_or_empty_is_the_default() {
    let (switch, on) = setting("addCallLogDateTime", json!(true));
    let date = |format: Value| {
        let (name, format) = setting("logDateFormat", format);
        details(Format::Plain, &[(&switch, on.clone()), (&name, format)])
    };
    for format in [json!(null), json!(""), json!(7), json!({})] {
        assert_eq!(date(format), "- Date/Time: 2026-03-05 05:04:05 PM\n");
    }
    assert_eq!(
        date(json!("D.M.\u{20}YY \u{1f389}")),
        "- Date/Time: 5.3. 26 \u{1f389}\n"
    );
}
