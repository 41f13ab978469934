//! Where App Connect's composer is wrong, ours is not. One test a fault, each with the reason.

use super::*;

/// App Connect writes values into its HTML as they are. A note with `<script>` runs in the CRM.
#[test]
fn markup_in_a_value_is_escaped_in_html_within_addresses_too() {
    let recording = json!({ "link": "https://a/?b=\"><i>&c" });
    let changes = [
        ("/note", json!("<b>&\"")),
        ("/callLog/recording", recording),
    ];
    assert_eq!(
        details(Format::Html, &changes),
        "<b>Agent notes</b><br>&lt;b&gt;&amp;&quot;<br><br><b>Call details</b><br>\
         <li><b>Call recording link</b>: \
         <a target=\"_blank\" href=\"https://a/?b=&quot;&gt;&lt;i&gt;&amp;c\">open</a></li>"
    );
}

/// App Connect does so in some texts only; in a note or a subject all lines run into one.
#[test]
fn line_breaks_of_every_value_are_kept_in_html() {
    let changes = [
        ("/note", json!("a\nb")),
        ("/callLog/customSubject", json!("c\r\nd")),
        ("/callLog/result", json!("e\rf")),
    ];
    assert_eq!(
        details(Format::Html, &changes),
        "<b>Agent notes</b><br>a<br>b<br><br><b>Call details</b><br>\
         <li><b>Summary</b>: c<br>d</li><li><b>Result</b>: e<br>f</li>"
    );
}

/// Browsers leave them out of an address. `<br>` would become a part of it.
#[test]
fn line_breaks_are_left_out_of_a_links_address() {
    let link = [("/ringSenseLink", json!("https://a/\r\nb\n"))];
    let expected =
        "<li><b>ACE recording link</b>: <a target=\"_blank\" href=\"https://a/b\">open</a></li>";
    assert_eq!(details(Format::Html, &link), expected);
}

/// App Connect searches what it has written so far for a field of the same name, to replace it: it overwrites the
/// agent's words, in which `$&` has a meaning, too.
#[test]
fn a_note_that_looks_like_a_field_is_left_alone() {
    let note = "a\n- Result: mine\n- Duration: 1 $& second\n--- END";
    let changes = [
        ("/note", json!(note)),
        ("/callLog/duration", json!(60)),
        ("/callLog/result", json!("Missed")),
    ];
    assert_eq!(
        details(Format::Plain, &changes),
        format!("- Note: {note}\n- Duration: 1 minute\n- Result: Missed\n")
    );
}

/// App Connect takes the number 530 of it: 8 hours and 50 minutes.
#[test]
fn an_offset_without_a_colon_is_hours_and_minutes() {
    assert_eq!(
        date(json!("+0530")),
        "- Date/Time: 2026-03-05 10:34:05 PM\n"
    );
    assert_eq!(
        date(json!("-0800")),
        "- Date/Time: 2026-03-05 09:04:05 AM\n"
    );
}

/// App Connect looks for two digits and, finding one, leaves the offset out.
#[test]
fn an_offset_with_a_colon_may_have_one_digit_of_hours() {
    assert_eq!(
        date(json!("-5:30")),
        "- Date/Time: 2026-03-05 11:34:05 AM\n"
    );
}

/// App Connect writes `Invalid date`.
#[test]
fn an_offset_that_is_none_does_not_spoil_the_date() {
    assert_eq!(date(json!("soon")), "- Date/Time: 2026-03-05 05:04:05 PM\n");
}

fn date(offset: Value) -> String {
    let (switch, on) = setting("addCallLogDateTime", json!(true));
    details(
        Format::Plain,
        &[(&switch, on), ("/user/timezoneOffset", offset)],
    )
}

/// App Connect takes the zone of the machine that it runs on, which says nothing about the user.
#[test]
fn without_a_zone_the_time_is_utc() {
    assert_eq!(date(json!(null)), "- Date/Time: 2026-03-05 05:04:05 PM\n");
}

/// App Connect hands the digits to a parser of dates, which finds none.
#[test]
fn milliseconds_as_text_are_a_time() {
    let (switch, on) = setting("addCallLogDateTime", json!(true));
    let changes = [
        (&*switch, on),
        ("/callLog/startTime", json!("1772730245000")),
    ];
    assert_eq!(
        details(Format::Plain, &changes),
        "- Date/Time: 2026-03-05 05:04:05 PM\n"
    );
}

/// App Connect takes the extension of the other side.
#[test]
fn the_extension_is_that_of_the_ringcentral_side() {
    for (direction, expected) in [("Inbound", "+2 102"), ("Outbound", "+1 101")] {
        assert_eq!(
            number(direction, json!("101"), json!(102)),
            format!("- RingCentral number and extension: {expected}\n")
        );
    }
}

/// App Connect writes the space in any case.
#[test]
fn nothing_follows_a_number_without_an_extension() {
    for absent in [json!(null), json!("")] {
        assert_eq!(
            number("Outbound", absent, json!("102")),
            "- RingCentral number and extension: +1\n"
        );
    }
}

fn number(direction: &str, from: Value, to: Value) -> String {
    let (switch, on) = setting("addRingCentralNumber", json!(true));
    let from = json!({ "phoneNumber": "+1", "extensionNumber": from });
    let to = json!({ "phoneNumber": "+2", "extensionNumber": to });
    let changes = [
        (&*switch, on),
        ("/callLog/direction", json!(direction)),
        ("/callLog/from", from),
        ("/callLog/to", to),
    ];
    details(Format::Plain, &changes)
}

/// App Connect takes them from some texts in some formats.
#[test]
fn texts_of_several_lines_lose_their_trailing_line_breaks() {
    for (member, label) in [
        ("aiNote", "AI Note"),
        ("transcript", "Transcript"),
        ("ringSenseTranscript", "ACE transcript"),
        ("ringSenseSummary", "ACE summary"),
        ("ringSenseBulletedSummary", "ACE bulleted summary"),
    ] {
        let text = [(&*format!("/{member}"), json!("a\n\nb \r\n\n"))];
        let plain = format!("\n- {label}:\na\n\nb \n--- END\n");
        assert_eq!(details(Format::Plain, &text), plain);
        assert_eq!(
            details(Format::Markdown, &text),
            format!("### {label}\na\n\nb \n")
        );
        let html = details(Format::Html, &text);
        assert!(
            html.starts_with(&format!("<div><b>{label}</b><br>a<br><br>b </div>")),
            "{html}"
        );
    }
}

/// App Connect takes 0 for no score, and writes `[object Object]` for an object.
#[test]
fn a_score_of_0_and_one_in_an_object_are_written() {
    for (score, expected) in [
        (json!(0), "0"),
        (json!({ "score": 7 }), "7"),
        (json!({ "a": [1] }), r#"{"a":[1]}"#),
    ] {
        let written = details(Format::Markdown, &[("/ringSenseAIScore", score)]);
        assert_eq!(written, format!("**Call score**: {expected}\n"));
    }
}

/// App Connect forgets the name of a party that has no number.
#[test]
fn a_party_of_the_journey_keeps_its_name_without_a_number() {
    let legs = json!([{ "to": { "name": "Reception" } }]);
    assert_eq!(
        details(Format::Markdown, &[("/callLog/legs", legs)]),
        "### Call journey\nReceived call at Reception\n"
    );
}

/// App Connect writes `undefined second`, and ends with an error where a party is missing.
#[test]
fn what_a_leg_lacks_is_left_out() {
    let legs =
        json!([{}, { "direction": "Outbound" }, { "to": { "name": "Sales" }, "duration": null }]);
    assert_eq!(
        details(Format::Markdown, &[("/callLog/legs", legs)]),
        "### Call journey\nReceived call at \nTransferred to \nTransferred to Sales\n"
    );
}

/// App Connect makes a link of whatever begins with `http`, and of every address of ACE: `javascript:` would run in the
/// CRM.
#[test]
fn only_addresses_of_the_web_become_links() {
    for address in ["javascript:alert(1)", "httpx://a", "data:text/html,a"] {
        let changes = [
            ("/callLog/recording", json!({ "link": address })),
            ("/voicemailLink", json!(address)),
            ("/ringSenseLink", json!(address)),
        ];
        assert_eq!(
            details(Format::Html, &changes),
            "<li><b>Call recording link</b>: (pending...)</li>\
             <li><b>Voicemail recording link</b>: (pending...)</li>\
             <li><b>ACE recording link</b>: (pending...)</li>"
        );
    }
}

/// App Connect takes 0 for none, and writes a number as JavaScript does.
#[test]
fn a_number_in_place_of_a_text_is_written_as_it_was_sent() {
    let (switch, on) = setting("addCallSessionId", json!(true));
    let changes = [
        (&*switch, on),
        ("/callLog/sessionId", json!(0)),
        ("/callLog/result", json!(1.5)),
    ];
    assert_eq!(
        details(Format::Plain, &changes),
        "- Session Id: 0\n- Result: 1.5\n"
    );
}

/// App Connect takes them for numbers: 16, 1 and one that has no end.
#[test]
fn a_duration_that_is_no_decimal_is_no_number_of_seconds() {
    for (duration, expected) in [
        (json!("0x10"), "- Duration: 0x10\n"),
        (json!("Infinity"), "- Duration: Infinity\n"),
        (json!(true), ""),
    ] {
        let changes = [("/callLog/duration", duration)];
        assert_eq!(details(Format::Plain, &changes), expected);
    }
}
