//! What the components look like, where the recorded calls of App Connect do not show it.

use super::*;

/// A value for every component, each of which is turned on.
fn talkative() -> Value {
    let mut input = silent();
    for (pointer, value) in [
        ("/note", json!("1")),
        ("/callLog/sessionId", json!(2)),
        ("/callLog/direction", json!("Outbound")),
        (
            "/callLog/from",
            json!({ "phoneNumber": "4", "extensionNumber": 5, "name": "3" }),
        ),
        ("/callLog/to", json!({ "phoneNumber": "8" })),
        ("/callLog/customSubject", json!("7")),
        ("/contactInfo/phoneNumber", json!("8")),
        ("/callLog/duration", json!(9)),
        ("/callLog/result", json!("10")),
        ("/callLog/recording", json!({ "link": "http://11" })),
        ("/voicemailLink", json!("http://12")),
        ("/aiNote", json!("13")),
        ("/transcript", json!("14")),
        ("/ringSenseTranscript", json!("15")),
        ("/ringSenseSummary", json!("16")),
        ("/ringSenseAIScore", json!(17)),
        ("/ringSenseBulletedSummary", json!("18")),
        ("/ringSenseLink", json!("http://19")),
        (
            "/callLog/legs",
            json!([{ "direction": "Outbound", "from": { "name": "20" } }]),
        ),
    ] {
        put(&mut input, pointer, value);
    }
    for component in &COMPONENTS {
        let (pointer, on) = setting(component.switch.name(), json!(true));
        put(&mut input, &pointer, on);
    }
    input
}

fn composed(input: &Value, format: Format) -> String {
    let call = CreateCallLog::from_json(input.to_string()).unwrap();
    compose(&call, format)
}

#[test]
fn every_component_is_written_in_its_order() {
    assert_eq!(
        composed(&talkative(), Format::Plain),
        "- Note: 1\n- Session Id: 2\n- RingCentral user name: 3\n- RingCentral number and extension: 4 5\n\
         - Summary: 7\n- Contact Number: 8\n- Date/Time: 2026-03-05 05:04:05 PM\n- Duration: 9 seconds\n\
         - Result: 10\n- Call recording link: http://11\n- Voicemail recording link: http://12\n\
         \n- AI Note:\n13\n--- END\n\n- Transcript:\n14\n--- END\n\n- ACE transcript:\n15\n--- END\n\
         \n- ACE summary:\n16\n--- END\n- Call score: 17\n\n- ACE bulleted summary:\n18\n--- END\n\
         - ACE recording link: http://19\n- Call journey:\nMade call from 20\n--- JOURNEY END\n"
    );
    assert_eq!(
        composed(&talkative(), Format::Markdown),
        "## Agent notes\n1\n\n## Call details\n**Session Id**: 2\n**RingCentral user name**: 3\n\
         **RingCentral number and extension**: 4 5\n**Summary**: 7\n**Contact Number**: 8\n\
         **Date/Time**: 2026-03-05 05:04:05 PM\n**Duration**: 9 seconds\n**Result**: 10\n\
         **Call recording link**: http://11\n**Voicemail recording link**: http://12\n### AI Note\n13\n\
         ### Transcript\n14\n### ACE transcript\n15\n### ACE summary\n16\n**Call score**: 17\n\
         ### ACE bulleted summary\n18\n**ACE recording link**: http://19\n### Call journey\nMade call from 20\n"
    );
    let link = |to: &str| format!(r#"<a target="_blank" href="http://{to}">open</a>"#);
    let (recording, voicemail, ace) = (link("11"), link("12"), link("19"));
    assert_eq!(
        composed(&talkative(), Format::Html),
        format!(
            "<b>Agent notes</b><br>1<br><br><b>Call details</b><br><li><b>Session Id</b>: 2</li>\
             <li><b>RingCentral user name</b>: 3</li><li><b>RingCentral number and extension</b>: 4 5</li>\
             <li><b>Summary</b>: 7</li><li><b>Recipient phone number</b>: 8</li>\
             <li><b>Date/time</b>: 2026-03-05 05:04:05 PM</li><li><b>Duration</b>: 9 seconds</li>\
             <li><b>Result</b>: 10</li><li><b>Call recording link</b>: {recording}</li>\
             <li><b>Voicemail recording link</b>: {voicemail}</li><div><b>AI Note</b><br>13</div><br>\
             <div><b>Transcript</b><br>14</div><br><div><b>ACE transcript</b><br>15</div>\
             <div><b>ACE summary</b><br>16</div><li><b>Call score</b>: 17</li>\
             <div><b>ACE bulleted summary</b><br>18</div><li><b>ACE recording link</b>: {ace}</li>\
             <div><b>Call journey</b><br>Made call from 20</div>"
        )
    );
}

#[test]
fn a_setting_takes_its_components_out_and_nothing_else() {
    for format in FORMATS {
        let whole = composed(&talkative(), format);
        for component in &COMPONENTS {
            let name = component.switch.name();
            let mut input = talkative();
            let (pointer, off) = setting(name, json!(false));
            put(&mut input, &pointer, off);
            let left = composed(&input, format);
            // Two components may hang on one setting; they stand one behind the other.
            let pairs = left.bytes().zip(whole.bytes());
            let n_before = pairs.take_while(|(left, whole)| left == whole).count();
            let n_gone = whole.len() - left.len();
            let (before, behind) = (&whole[..n_before], &whole[n_before + n_gone..]);
            assert_eq!(left, format!("{before}{behind}"), "{name} {format}");
            assert!(n_gone > 0, "{name} {format}");
        }
    }
}

#[test]
fn the_users_side_is_the_called_one_of_an_inbound_call_and_else_the_caller() {
    for (direction, name, label) in [
        ("Inbound", "Called", "Caller phone number"),
        ("Outbound", "Caller", "Recipient phone number"),
        ("Sideways", "Caller", "Caller phone number"),
    ] {
        let (user_name, on) = setting("addRingCentralUserName", json!(true));
        let (number, _) = setting("addCallLogContactNumber", json!(true));
        let written = details(
            Format::Html,
            &[
                ("/callLog/direction", json!(direction)),
                ("/callLog/from", json!({ "name": "Caller" })),
                ("/callLog/to", json!({ "name": "Called" })),
                ("/contactInfo/phoneNumber", json!("+14155551234")),
                (&user_name, on.clone()),
                (&number, on),
            ],
        );
        let expected = format!(
            "<li><b>RingCentral user name</b>: {name}</li><li><b>{label}</b>: +14155551234</li>"
        );
        assert_eq!(written, expected);
    }
}

#[test]
fn a_voicemail_link_beside_the_record_wins_over_the_one_in_it() {
    let within = ("/callLog/voicemail", json!({ "link": "http://within" }));
    let beside = ("/voicemailLink", json!("http://beside"));
    let line = |link| format!("- Voicemail recording link: {link}\n");
    let written = |changes: &[(&str, Value)]| details(Format::Plain, changes);
    assert_eq!(
        written(std::slice::from_ref(&within)),
        line("http://within")
    );
    assert_eq!(written(&[within, beside]), line("http://beside"));
}

#[test]
fn a_recording_that_is_not_ready_is_pending() {
    let link = [("/callLog/recording", json!({ "link": "(pending...)" }))];
    for (format, expected) in [
        (Format::Plain, "- Call recording link: (pending...)\n"),
        (
            Format::Html,
            "<li><b>Call recording link</b>: (pending...)</li>",
        ),
        (Format::Markdown, "**Call recording link**: (pending...)\n"),
    ] {
        assert_eq!(details(format, &link), expected);
    }
}

#[test]
fn a_duration_is_hours_minutes_and_seconds_without_those_that_are_none() {
    for (duration, expected) in [
        (json!(0), "0 seconds"),
        (json!(null), "0 seconds"),
        (json!(-5), "0 seconds"),
        (json!(""), "0 seconds"),
        (json!(1), "1 second"),
        (json!(0.5), "0.5 seconds"),
        (json!(12.5), "12.5 seconds"),
        (json!(60), "1 minute"),
        (json!(3601), "1 hour, 1 second"),
        (json!(3661), "1 hour, 1 minute, 1 second"),
        (json!(7325.25), "2 hours, 2 minutes, 5.25 seconds"),
        (json!(90061), "25 hours, 1 minute, 1 second"),
        (json!("125"), "2 minutes, 5 seconds"),
        (json!(" 1e2 "), "1 minute, 40 seconds"),
        (json!("pending"), "pending"),
        (json!("a\u{e9}\"b"), "a\u{e9}\"b"),
    ] {
        let written = details(Format::Plain, &[("/callLog/duration", duration)]);
        assert_eq!(written, format!("- Duration: {expected}\n"));
    }
    for duration in [json!(true), json!([1]), json!({})] {
        assert_eq!(
            details(Format::Plain, &[("/callLog/duration", duration)]),
            ""
        );
    }
}

#[test]
fn a_journey_names_for_each_leg_the_party_that_it_led_to() {
    let party = |name: &str| json!({ "name": name, "phoneNumber": "1", "extensionNumber": "2" });
    let leg = |direction: &str, kind: &str, duration: Value| {
        let (from, to) = (party("from"), party("to"));
        json!({ "direction": direction, "legType": kind, "from": from, "to": to, "duration": duration })
    };
    let journey = |legs: Value| details(Format::Plain, &[("/callLog/legs", legs)]);
    let lines = |lines: &str| format!("- Call journey:\n{lines}\n--- JOURNEY END\n");
    let first = leg("Outbound", "Accept", json!(0));
    assert_eq!(journey(json!([])), "");
    assert_eq!(
        journey(json!([first])),
        lines("Made call from from, 1, ext 2")
    );
    assert_eq!(
        journey(json!([leg("Sideways", "Accept", json!(0))])),
        lines("Received call at to, 1, ext 2")
    );
    for (direction, kind, party) in [
        ("Inbound", "Accept", "to"),
        ("Inbound", "PstnToSip", "to"),
        ("Outbound", "Accept", "from"),
        ("Outbound", "PstnToSip", "to"),
    ] {
        let second = leg(direction, kind, json!(2));
        let transfer = format!("Transferred to {party}, 1, ext 2, duration: 2 seconds");
        let expected = lines(&format!("Made call from from, 1, ext 2\n{transfer}"));
        assert_eq!(journey(json!([first, second])), expected);
    }
}

#[test]
fn a_legs_duration_is_singular_up_to_one() {
    for (duration, expected) in [
        (json!(0), "0 second"),
        (json!(1.0), "1 second"),
        (json!(1.5), "1.5 seconds"),
        (json!("61"), "61 seconds"),
        (json!("pending"), "pending second"),
    ] {
        let legs = json!([{}, { "to": { "phoneNumber": "" , "extensionNumber": 9 }, "duration": duration }]);
        let written = details(Format::Markdown, &[("/callLog/legs", legs)]);
        let transfer = format!("Transferred to ext 9, duration: {expected}");
        assert_eq!(
            written,
            format!("### Call journey\nReceived call at \n{transfer}\n")
        );
    }
}
