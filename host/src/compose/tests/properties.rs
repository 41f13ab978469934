//! What holds for every input.

use proptest::prelude::*;

use super::super::components::Kind;
use super::*;

/// Texts of what matters to a format, and of anything else.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("&".to_owned()),
        Just("<b>\"".to_owned()),
        Just("</li><x>".to_owned()),
        Just("<br>".to_owned()),
        Just("&lt;".to_owned()),
        Just("\r".to_owned()),
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

/// The example of [`inputs`] with parameters beside the record, and with a member that stands twice or none.
fn drafts() -> impl Strategy<Value = (Value, Option<&'static str>)> {
    const BESIDE: [&str; 6] = [
        "subject",
        "startTime",
        "duration",
        "result",
        "recordingLink",
        "voicemailLink",
    ];
    let parameters = prop::collection::vec((prop::sample::select(&BESIDE[..]), values()), 0..4);
    let twice = [r#""callLog":{"#, r#""recording":{"#, r#""user":{"#];
    let twice = prop::option::weighted(0.2, prop::sample::select(twice.to_vec()));
    (inputs(), parameters, twice).prop_map(|(mut input, parameters, twice)| {
        for (name, value) in parameters {
            input[name] = value;
        }
        (input, twice)
    })
}

/// What a person reads of HTML, with `<br>` as a line break. Any tag but the composer's own is a fault.
fn text_of_html(html: &str) -> String {
    let mut text = String::new();
    let mut parts = html.split('<');
    text.push_str(parts.next().unwrap());
    for part in parts {
        let (tag, behind) = part.split_once('>').unwrap();
        let address = tag.strip_prefix("a target=\"_blank\" href=\"http");
        let is_link = address.is_some_and(|address| address.find('"') == Some(address.len() - 1));
        let own = ["b", "/b", "li", "/li", "div", "/div", "br", "/a"];
        assert!(own.contains(&tag) || is_link, "<{tag}> in {html}");
        text.push_str(if tag == "br" { "\n" } else { "" });
        text.push_str(behind);
    }
    assert!(!text.contains(['>', '"', '\r']), "{html}");
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&quot;", "\"").replace("&amp;", "&")
}

/// What a person is to read in HTML, written from the components.
fn expected_text(call: &CreateCallLog) -> String {
    let settings = Settings::read(call.user().settings().raw());
    let start = Some(call.call_log().start_time());
    let source = Source {
        call,
        start,
        settings,
    };
    let on = COMPONENTS
        .iter()
        .filter(|component| source.settings.is_on(component.switch));
    let texts = on.filter_map(|component| {
        let value = (component.value)(&source)?;
        let value = value.replace("\r\n", "\n").replace('\r', "\n");
        let label = component
            .label
            .text(Format::Html, call.call_log().direction());
        let is_link = ["http://", "https://"]
            .iter()
            .any(|scheme| value.starts_with(scheme));
        Some(match component.kind {
            Kind::Note => format!("{label}\n{value}\n\nCall details\n"),
            Kind::Field => format!("{label}: {value}"),
            Kind::Link if is_link => format!("{label}: open"),
            Kind::Link => format!("{label}: (pending...)"),
            Kind::Block | Kind::Journey => format!("{label}\n{value}"),
            Kind::SpacedBlock => format!("{label}\n{value}\n"),
        })
    });
    texts.collect()
}

proptest! {
    #[test]
    fn whatever_a_value_is_html_shows_it_as_text(input in inputs()) {
        let call = CreateCallLog::from_json(input.to_string());
        prop_assert!(call.is_ok(), "{:?}", call.err());
        let call = call.unwrap();
        prop_assert_eq!(text_of_html(&compose(&call, Format::Html)), expected_text(&call));
    }

    #[test]
    fn details_are_not_many_times_as_long_as_their_input(input in inputs()) {
        let json = input.to_string();
        let call = CreateCallLog::from_json(&json).unwrap();
        for format in FORMATS {
            let written = compose(&call, format);
            // The most that a byte can become is a date's token of milliseconds.
            prop_assert!(written.len() <= 20 * json.len() + 1000, "{} of {}", written.len(), json.len());
        }
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
    fn any_text_is_no_draft(json in "\\PC{0,60}") {
        prop_assert!(read_input(json.as_bytes()).is_err());
    }

    #[test]
    fn a_draft_is_composed_unless_a_member_stands_twice_or_its_start_is_none((input, twice) in drafts()) {
        let mut json = input.to_string();
        if let Some(object) = twice {
            json = json.replacen(object, &format!(r#"{object}"twice":1,"twice":2,"#), 1);
        }
        match read_input(json.as_bytes()) {
            Ok(draft) => {
                prop_assert!(twice.is_none());
                let is_plain = ["subject", "startTime", "duration", "result", "recordingLink"]
                    .iter()
                    .all(|name| input[*name].is_null());
                for format in FORMATS {
                    let written = draft.compose(format);
                    if is_plain {
                        let call = CreateCallLog::from_json(&json).unwrap();
                        prop_assert_eq!(written, compose(&call, format));
                    }
                }
            }
            Err(invalid) => {
                let pointers = invalid.faults().iter().map(|fault| &*fault.pointer);
                let others: Vec<_> = pointers.filter(|pointer| *pointer != "/startTime").collect();
                prop_assert_eq!(others.len(), usize::from(twice.is_some()), "{}", &invalid);
                prop_assert!(twice.is_some() || !input["startTime"].is_null());
            }
        }
    }
}

/// Twice as much to write makes the details twice as long: nothing of what is there is written again.
#[test]
fn details_grow_evenly_with_what_is_written() {
    let (switch, on) = setting("addCallLogDateTime", json!(true));
    let (pattern, _) = setting("logDateFormat", json!(""));
    let lengths = |n: usize| {
        let legs = vec![json!({ "to": { "name": "<a>" }, "duration": 7 }); n];
        let changes: [(&str, Value); 3] = [
            ("/note", json!("<a>\n- Result: b\n".repeat(n))),
            ("/callLog/legs", json!(legs)),
            (&pattern, json!({ "value": "YYYY [a] ".repeat(n) })),
        ];
        changes.map(|change| {
            let changes = [change, (&switch, on.clone())];
            FORMATS.map(|format| details(format, &changes).len())
        })
    };
    let (one, two, three) = (lengths(100), lengths(200), lengths(300));
    for (one, (two, three)) in one.iter().zip(two.iter().zip(&three)) {
        for format in 0..FORMATS.len() {
            assert!(two[format] > one[format]);
            assert_eq!(three[format] - two[format], two[format] - one[format]);
        }
    }
}
