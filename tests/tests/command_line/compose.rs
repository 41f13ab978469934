//! `compose` prints what an entry will say, and sends nothing.

use std::fs;

use serde_json::{Value, json};
use switchboard_tests::{Output, Workplace, example_input};

/// A call with every member that App Connect's own composer has beside the record, too.
fn call() -> Value {
    json!({
        "user": { "id": "42" },
        "contactInfo": { "id": "77" },
        "callLog": {
            "id": "1",
            "startTime": "2026-03-05T17:04:05Z",
            "duration": 125,
            "result": "in the record",
            "customSubject": "in the record",
            "recording": { "link": "http://in.the.record/1" },
            "voicemail": { "link": "http://in.the.record/2" },
        },
    })
}

fn compose(place: &Workplace, arguments: &[&str], input: &str) -> Output {
    let arguments = ["compose"].iter().chain(arguments);
    let program = place.switchboard(arguments).unwrap();
    program.stdin(input).run().unwrap()
}

/// Composes as plain text, which has to go well.
fn details(input: &Value) -> String {
    let place = Workplace::new().unwrap();
    let output = compose(&place, &["--format", "text/plain"], &input.to_string());
    assert_eq!((output.code, &*output.stderr), (Some(0), ""), "{output:?}");
    output.stdout
}

#[test]
fn the_details_of_the_example_are_printed_from_a_file_or_from_stdin() {
    let place = Workplace::new().unwrap();
    let input = example_input().unwrap().to_string();
    fs::write(place.root().join("call.json"), &input).unwrap();
    let html = ["--format", "text/html"];
    let expected = "<b>Agent notes</b><br>Asked for a quote; call back on Monday.<br><br>\
        <b>Call details</b><br><li><b>Date/time</b>: 2018-09-11 05:24:09 AM</li>\
        <li><b>Duration</b>: 7 seconds</li><li><b>Result</b>: Accepted</li>\
        <div><b>AI Note</b><br>The caller asked for a renewal quote.</div><br>\
        <div><b>Transcript</b><br>John: Hello<br>Jane: Hi John</div><br>\
        <div><b>Call journey</b><br>Received call at Jane Smith, +18662019834</div>";
    for (source, stdin) in [
        (Some("call.json"), ""),
        (Some("-"), &*input),
        (None, &*input),
    ] {
        let arguments: Vec<_> = html.into_iter().chain(source).collect();
        let output = compose(&place, &arguments, stdin);
        // Not even a line break stands behind it.
        assert_eq!(output.stdout, expected, "{source:?}");
        assert_eq!((output.code, &*output.stderr), (Some(0), ""));
    }
}

#[test]
fn an_input_without_authorization_is_composed_from_its_record() {
    assert_eq!(
        details(&call()),
        "- Summary: in the record\n- Date/Time: 2026-03-05 05:04:05 PM\n- Duration: 2 minutes, 5 seconds\n\
         - Result: in the record\n- Call recording link: http://in.the.record/1\n\
         - Voicemail recording link: http://in.the.record/2\n"
    );
}

#[test]
fn parameters_beside_the_record_win_over_it() {
    let mut input = call();
    for (name, value) in [
        ("subject", json!("beside")),
        ("startTime", json!("2027-01-01T00:00:00Z")),
        ("duration", json!(null)),
        ("result", json!("beside")),
        ("recordingLink", json!("http://beside/1")),
        ("voicemailLink", json!("http://beside/2")),
    ] {
        input[name] = value;
    }
    assert_eq!(
        details(&input),
        "- Summary: beside\n- Date/Time: 2027-01-01 12:00:00 AM\n- Duration: 0 seconds\n- Result: beside\n\
         - Call recording link: http://beside/1\n- Voicemail recording link: http://beside/2\n"
    );
}

#[test]
fn with_one_parameter_beside_the_record_the_others_are_absent() {
    for (name, value, expected) in [
        ("subject", json!("beside"), "- Summary: beside\n"),
        ("duration", json!("pending"), "- Duration: pending\n"),
        ("result", json!("beside"), "- Result: beside\n"),
        (
            "recordingLink",
            json!("(pending...)"),
            "- Call recording link: (pending...)\n",
        ),
    ] {
        let mut input = call();
        input[name] = value;
        let date = "- Date/Time: 2026-03-05 05:04:05 PM\n";
        let (before, behind) = match name {
            "subject" => (expected, ""),
            _ => ("", expected),
        };
        assert_eq!(details(&input), format!("{before}{date}{behind}"), "{name}");
    }
}

/// As in App Connect, which takes what JavaScript takes for something.
#[test]
fn a_start_that_is_not_among_the_parameters_is_the_records() {
    let mut input = call();
    input["duration"] = json!(60);
    let of_record = "- Date/Time: 2026-03-05 05:04:05 PM\n- Duration: 1 minute\n";
    for absent in [json!(null), json!(""), json!(0)] {
        input["startTime"] = absent.clone();
        assert_eq!(details(&input), of_record, "{absent}");
    }
    for absent in [json!(null), json!("")] {
        input["callLog"]["startTime"] = absent.clone();
        assert_eq!(details(&input), "- Duration: 1 minute\n", "{absent}");
    }
    input["startTime"] = json!("2027-01-01T00:00:00Z");
    assert_eq!(
        details(&input),
        "- Date/Time: 2027-01-01 12:00:00 AM\n- Duration: 1 minute\n"
    );
}

#[test]
fn a_parameter_that_is_null_is_none() {
    for name in [
        "subject",
        "startTime",
        "duration",
        "result",
        "recordingLink",
    ] {
        let mut input = call();
        input[name] = json!(null);
        assert_eq!(details(&input), details(&call()), "{name}");
    }
}

#[test]
fn what_is_wrong_in_a_record_is_named_even_if_parameters_replace_it() {
    let place = Workplace::new().unwrap();
    let input = r#"{
        "user": { "id": "42" }, "contactInfo": { "id": "77" }, "subject": "beside", "startTime": "soon",
        "callLog": {
            "id": "1", "startTime": "2026-03-05T17:04:05Z", "recording": { "link": "a", "link": "b" },
            "result": "a", "result": "b", "extension": "7"
        }
    }"#;
    let output = compose(&place, &["--format", "text/plain"], input);
    assert_eq!((output.code, &*output.stdout), (Some(2), ""));
    assert_eq!(
        output.stderr,
        "/callLog/recording/link: stands twice in one object; leave one of the two out\n\
         /callLog/result: stands twice in one object; leave one of the two out\n\
         /startTime: expected a date with a time like 2026-03-05T23:59:30Z, or milliseconds since 1970, \
         found the string \"soon\"\n\
         /callLog/extension: expected an object, found a string\n"
    );
    let twice = input
        .replace(
            r#""result": "a", "result": "b", "extension": "7""#,
            r#""startTime": 1"#,
        )
        .replace(r#", "link": "b""#, "");
    let output = compose(&place, &["--format", "text/plain"], &twice);
    assert_eq!(
        output.stderr,
        "/callLog/startTime: stands twice in one object; leave one of the two out\n"
    );
}

#[test]
fn a_call_with_a_body_of_its_own_is_composed_and_that_is_said() {
    let place = Workplace::new().unwrap();
    let mut input = call();
    input["composedLogDetails"] = json!("what was said");
    let output = compose(&place, &["--format", "text/plain"], &input.to_string());
    assert_eq!((output.code, output.stdout), (Some(0), details(&call())));
    assert_eq!(
        output.stderr,
        "note: the call brings composedLogDetails, which is what log would write, unchanged\n"
    );
}

#[test]
fn a_voicemail_link_alone_does_not_make_parameters_of_the_rest() {
    let mut input = call();
    input["voicemailLink"] = json!("http://beside/2");
    assert_eq!(
        details(&input),
        details(&call()).replace("http://in.the.record/2", "http://beside/2")
    );
}

#[test]
fn all_faults_of_an_input_stand_on_stderr_a_line_each_and_no_secret_does() {
    let mut place = Workplace::new().unwrap();
    place.guard(&["Bearer s3cret", "what was said"]);
    let mut input = call();
    input["authHeader"] = json!("Bearer s3cret");
    input["note"] = json!(["what was said"]);
    input["contactInfo"] = json!({ "phoneNumber": "Bearer s3cret" });
    input["callLog"]["startTime"] = json!("soon");
    let input = input.to_string().replace(
        "\"id\":\"42\"",
        "\"id\":\"42\",\"\\u001b[31m\\n\":1,\"\\u001b[31m\\n\":2",
    );
    for format in ["text/plain", "text/html", "text/markdown"] {
        let output = compose(&place, &["--format", format], &input);
        assert_eq!((output.code, &*output.stdout), (Some(2), ""));
        let mut lines: Vec<_> = output.stderr.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines.len(), 5, "{lines:#?}");
        for (line, start) in lines.iter().zip([
            "/callLog/startTime: ",
            "/contactInfo/id: is required and missing",
            "/contactInfo/phoneNumber: ",
            "/note: expected a string, found an array",
            "/user/\\u{1b}[31m\\n: stands twice",
        ]) {
            assert!(line.starts_with(start), "{line}");
        }
    }
}

#[test]
fn what_is_no_input_is_refused_with_nothing_on_stdout() {
    let place = Workplace::new().unwrap();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for input in [
        "",
        "[]",
        "7",
        "{\"callLog\":",
        "{}",
        "{\"subject\":7,\"callLog\":[]}",
        "{\"startTime\":1}",
        &deep,
    ] {
        let output = compose(&place, &["--format", "text/html"], input);
        assert_eq!((output.code, &*output.stdout), (Some(2), ""), "{output:?}");
        assert_ne!(output.stderr, "");
    }
}

#[test]
fn a_file_that_cannot_be_read_and_an_unknown_format_are_named() {
    let place = Workplace::new().unwrap();
    let output = compose(&place, &["--format", "text/html", "no-file.json"], "");
    assert_eq!((output.code, &*output.stdout), (Some(2), ""));
    assert!(
        output
            .stderr
            .starts_with("error: cannot open no-file.json: "),
        "{output:?}"
    );
    let output = compose(&place, &["--format", "html"], "{}");
    assert_eq!((output.code, &*output.stdout), (Some(2), ""));
    let expected = "expected text/plain, text/html or text/markdown, found \"html\"";
    assert!(output.stderr.contains(expected), "{output:?}");
}
