//! What holds for every input.

use proptest::prelude::*;

use super::*;

/// Texts of what matters to a format, and of anything else.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("&".to_owned()),
        Just("<b>\"".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n\r".to_owned()),
        Just("http://".to_owned()),
        Just("- Result: ".to_owned()),
        "\\PC{0,40}",
        ".{0,4}",
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

/// Values as senders write them: texts, numbers and what nobody expects.
fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => texts().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(json!({ "value": 1, "score": "<" })),
    ]
}

/// Patterns of dates: tokens, brackets, backslashes, letters.
fn patterns() -> impl Strategy<Value = String> {
    prop_oneof!["[YMDdHhmsSAaZXxQoLlwWgGNyek:\\[\\]\\\\ -]{0,30}", texts()]
}

fn directions() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Inbound".to_owned()),
        Just("Outbound".to_owned()),
        texts()
    ]
}

prop_compose! {
    fn parties()(number in texts(), extension in texts(), name in texts()) -> Value {
        json!({ "phoneNumber": number, "extensionNumber": extension, "name": name })
    }
}

prop_compose! {
    fn legs()(direction in directions(), from in parties(), to in parties(), duration in values()) -> Value {
        json!({ "direction": direction, "from": from, "to": to, "duration": duration })
    }
}

prop_compose! {
    fn records()(
        direction in directions(),
        (from, to) in (parties(), parties()),
        legs in prop::collection::vec(legs(), 0..4),
        duration in values(),
        (result, subject, link) in (values(), values(), values()),
        start in -300_000_000_000_000_i64..250_000_000_000_000,
    ) -> Value {
        json!({
            "id": "1", "startTime": start, "duration": duration, "direction": direction, "from": from, "to": to,
            "legs": legs, "result": result, "customSubject": subject, "recording": { "link": link },
        })
    }
}

prop_compose! {
    fn settings_of_all()(values in prop::collection::vec(values(), 19), pattern in patterns()) -> Value {
        let mut settings = json!({ "logDateFormat": { "value": pattern } });
        for (component, value) in COMPONENTS.iter().zip(values) {
            settings[component.switch.name()] = json!({ "value": value });
        }
        settings
    }
}

prop_compose! {
    fn inputs()(
        record in records(),
        settings in settings_of_all(),
        (offset, zone) in (texts(), texts()),
        texts in prop::collection::vec(texts(), 7),
    ) -> Value {
        json!({
            "user": { "id": "1", "timezoneOffset": offset, "timezoneName": zone, "userSettings": settings },
            "contactInfo": { "id": "1" }, "authHeader": "", "callLog": record,
            "note": texts[0], "aiNote": texts[1], "transcript": texts[2], "ringSenseTranscript": texts[3],
            "ringSenseSummary": texts[4], "ringSenseBulletedSummary": texts[5], "ringSenseLink": texts[6],
            "ringSenseAIScore": { "score": texts[6] },
        })
    }
}

/// Takes out the tags that the composer writes itself, and nothing that a value could hold.
fn without_own_tags(html: &str) -> String {
    let mut left = html
        .replace("<a target=\"_blank\" href=\"http", "")
        .replace("\">open</a>", "");
    for tag in ["<b>", "</b>", "<li>", "</li>", "<div>", "</div>", "<br>"] {
        left = left.replace(tag, "");
    }
    left
}

proptest! {
    #[test]
    fn nothing_but_own_tags_is_markup_and_the_length_is_linear(input in inputs()) {
        let json = input.to_string();
        let call = CreateCallLog::from_json(&json);
        prop_assert!(call.is_ok(), "{:?}", call.err());
        let call = call.unwrap();
        for format in FORMATS {
            let written = compose(&call, format);
            // The most that a byte can become is a date's token of milliseconds.
            prop_assert!(written.len() <= 20 * json.len() + 1000, "{} of {}", written.len(), json.len());
        }
        let html = compose(&call, Format::Html);
        let left = without_own_tags(&html);
        prop_assert!(!left.contains(['<', '>', '"', '\r', '\n']), "{html}");
    }

    #[test]
    fn any_text_is_a_pattern_of_a_date(pattern in patterns(), seconds in -377_705_023_201_i64..=253_402_207_200) {
        let start = jiff::Timestamp::from_second(seconds).unwrap();
        let (name, format) = setting("logDateFormat", json!(pattern));
        let (switch, on) = setting("addCallLogDateTime", json!(true));
        let start = ("/callLog/startTime", json!(start.as_millisecond()));
        let written = details(Format::Plain, &[(&name, format), (&switch, on), start]);
        prop_assert!(written.starts_with("- Date/Time: ") && written.ends_with('\n'));
    }

    #[test]
    fn whatever_is_read_as_an_input_is_refused_or_composed(json in "\\PC{0,60}", beside in values()) {
        let parameters = json!({ "subject": beside, "callLog": silent()["callLog"], "user": beside });
        for text in [json, parameters.to_string(), json!({ "duration": 1, "callLog": beside }).to_string()] {
            prop_assert!(read_input(text.as_bytes()).is_err());
        }
    }
}
