//! What holds however an input is spelled.

use proptest::prelude::*;

use super::properties::check;
use super::*;

/// Values as texts, in odd spellings.
const ODD: [&str; 19] = [
    "null",
    "true",
    "0",
    "-0",
    "1.50",
    "0.000",
    "1e3",
    "1E+2",
    "-1.5e-3",
    "123456789012345678901234567890",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "\"\"",
    "\" \"",
    "\"a\\u00e9\\/\\n\"",
    "\"\\ud83d\\ude00\"",
    "\"\u{feff}\"",
    "{\"a\":1,\"\\u0061\":2}",
];

/// What no parser holds, and what is no JSON at all.
const BROKEN: [&str; 15] = [
    "1e999",
    "-1e400",
    "01",
    "1.",
    "NaN",
    "-Infinity",
    "tru",
    "''",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\x\"",
    "\"\u{1}\"",
    "{\"\\ud800\":1}",
    "[1,]",
    "{\"a\"}",
];

/// Members that views read, spelled with and without escapes.
const KEYS: [&str; 14] = [
    "id",
    "\\u0069d",
    "sessionId",
    "startTime",
    "duration",
    "billing",
    "costIncluded",
    "c\\u006fstPurchased",
    "extensionNumber",
    "legs",
    "from",
    "name",
    "voicemail",
    "link",
];

fn any_spelling() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        60 => prop::sample::select(&ODD[..]).prop_map(str::to_owned),
        1 => prop::sample::select(&BROKEN[..]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let member = (prop::sample::select(&KEYS[..]), inner.clone());
        let member = member.prop_map(|(key, value)| format!("\"{key}\" :{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec(member, 0..6)
                .prop_map(|members| format!("{{{}}}", members.join(",\n"))),
        ]
    })
}

/// Values of the example, as its text spells them.
const VALUES: [&str; 12] = [
    r#""1477535004-example""#,
    r#""-08:00""#,
    r#""77""#,
    r#""4503991004""#,
    r#""2018-09-11T13:24:09.000Z""#,
    "7",
    "0.000",
    r#""Jane Smith""#,
    "1477535004",
    "true",
    "null",
    "{}",
];

/// The example's text with some of its values spelled in another way.
fn respelled() -> impl Strategy<Value = String> {
    let change = (prop::sample::select(&VALUES[..]), any_spelling());
    prop::collection::vec(change, 1..4).prop_map(|changes| {
        let replace = |text: String, (value, spelling): (&str, String)| {
            text.replacen(&format!(" {value}"), &format!(" {spelling}"), 1)
        };
        changes.into_iter().fold(EXAMPLE.to_owned(), replace)
    })
}

proptest! {
    #[test]
    fn any_spelling_is_shown_as_it_stands_or_refused_with_pointers(text in respelled()) {
        check(&text);
    }

    #[test]
    fn what_is_read_behind_the_boundary_is_never_less_than_what_is_accepted(text in respelled()) {
        let strict = CreateCallLog::from_json(&text);
        let lenient = CreateCallLog::from_checked_json(text.as_bytes());
        if strict.is_ok() {
            prop_assert!(lenient.is_ok());
        }
        if let Ok(call) = lenient {
            prop_assert_eq!(call.raw().get(), text.trim());
            let _ = (call.user().raw(), call.contact().raw(), call.call_log().billing());
            call.call_log().legs().iter().for_each(|leg| drop(leg.record.raw().to_owned()));
        }
    }

    #[test]
    fn a_text_that_was_cut_off_is_refused(text in respelled(), part in 0.0..0.999_f64) {
        let end = text.trim_end().floor_char_boundary((text.trim_end().len() as f64 * part) as usize);
        prop_assert!(CreateCallLog::from_json(&text[..end]).is_err());
        let marked = format!("\u{feff}{text}");
        prop_assert!(CreateCallLog::from_json(marked).is_err());
    }
}

/// What the walk gives up on, connectors read all the same: a newer host may have come to allow it.
#[test]
fn what_no_parser_holds_leaves_the_rest_readable_behind_the_boundary() {
    let odd = r#"{ "x": [1e999, "\ud800", { "\ud800": 1 }], "aiNote2": 0.10, "#;
    let text = EXAMPLE
        .replacen('{', odd, 1)
        .replace("John: Hello", r"\ud800")
        .replace(r#""id" : 1477535004"#, r#""id" : 1e400"#);
    assert_eq!(faults(&text).len(), 1);
    let call = CreateCallLog::from_checked_json(text.as_bytes()).unwrap();
    assert_eq!(call.transcript(), None);
    assert_eq!(call.note(), Some("Asked for a quote; call back on Monday."));
    let record = call.call_log();
    assert_eq!(record.extension().id.as_deref(), Some("1e400"));
    assert_eq!(
        record.legs()[0].record.extension().id.as_deref(),
        Some("1e400")
    );
    assert_eq!(record.billing().cost_included.as_deref(), Some("0.000"));
    assert_eq!(
        record.legs()[0].record.from().name.as_deref(),
        Some("John Smith")
    );
    assert_eq!(call.member("aiNote2").unwrap().get(), "0.10");
    assert_eq!(call.raw().get(), text.trim());
}

#[test]
fn members_with_escaped_names_keep_their_digits() {
    let text = EXAMPLE
        .replace(r#""id": "77""#, r#""\u0069d": 0.10"#)
        .replace(r#""billing""#, r#""b\u0069lling""#);
    let call = CreateCallLog::from_json(&text).unwrap();
    assert_eq!(call.contact().id(), "0.10");
    let billing = call.call_log().billing();
    assert_eq!(billing.cost_purchased.as_deref(), Some("0.000"));
}

#[test]
fn calls_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<CreateCallLog>();
}
