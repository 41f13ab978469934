//! Inputs that somebody made to hurt, or to learn what they should not.

use super::*;

/// Returns `depth` arrays around a value, as an unknown member of the example; the input itself is the first level.
fn nested(depth: usize) -> String {
    let value = "[".repeat(depth) + "1" + &"]".repeat(depth);
    EXAMPLE.replacen('{', &format!(r#"{{ "deep": {value},"#), 1)
}

#[test]
fn sixty_four_levels_are_read_and_one_more_is_refused() {
    let text = nested(MAX_NESTING - 1);
    assert_eq!(
        CreateCallLog::from_json(&text).unwrap().raw().get(),
        text.trim()
    );
    let pointer = format!("/deep{}", "/0".repeat(MAX_NESTING - 1));
    assert_eq!(
        faults(nested(MAX_NESTING)),
        [format!("{pointer}: is nested deeper than 64 levels")]
    );
}

#[test]
fn a_hundred_thousand_levels_end_in_a_fault() {
    assert_eq!(faults(nested(100_000)).len(), 1);
    let objects = r#"{"a":"#.repeat(100_000);
    for cut_off in ["[".repeat(100_000), objects] {
        let found = faults(cut_off);
        assert!(
            found
                .last()
                .unwrap()
                .starts_with("the input is not JSON: EOF"),
            "{found:?}"
        );
    }
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (text, message) in [
        ("", "the input is empty, expected one JSON object"),
        (" \n", "the input is empty, expected one JSON object"),
        (
            "{",
            "the input is not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            "{}x",
            "the input is not JSON: trailing characters at line 1 column 3",
        ),
        (
            "{} {}",
            "the input is not JSON: trailing characters at line 1 column 4",
        ),
        (
            "{'a':1}",
            "the input is not JSON: key must be a string at line 1 column 2",
        ),
        (
            "[1,]",
            "the input is not JSON: trailing comma at line 1 column 4",
        ),
        (
            "{\"a\":01}",
            "the input is not JSON: invalid number at line 1 column 7",
        ),
        (
            "{\"a\":NaN}",
            "the input is not JSON: expected value at line 1 column 6",
        ),
        (
            "{\"a\":1e999}",
            "the input is JSON that cannot be passed on safely: number out of range at line 1 column 10; send numbers that a double can hold",
        ),
        (
            "{\"a\":\"\\ud800\"}",
            "the input is JSON that cannot be passed on safely: unexpected end of hex escape at line 1 column 13; send whole characters: this escape is half of one, as where a text was cut within an emoji",
        ),
        (
            "{\"\\udc00\":1}",
            "the input is JSON that cannot be passed on safely: lone leading surrogate in hex escape at line 1 column 8; send whole characters: this escape is half of one, as where a text was cut within an emoji",
        ),
        (
            "{\"a\":\"\u{1}\"}",
            "the input is not JSON: control character (\\u0000-\\u001F) found while parsing a string at line 1 column 7",
        ),
        (
            "\u{feff}{}",
            "the input starts with a byte order mark; leave it out",
        ),
    ] {
        assert_eq!(faults(text), [message], "{text:?}");
    }
    assert_eq!(
        faults(b"{\"a\":\"\xff\"}"),
        ["the input is not UTF-8 from byte 6 on"]
    );
    assert_eq!(faults("[]"), ["expected an object, found an array"]);
    assert_eq!(faults("null"), ["expected an object, found null"]);
}

#[test]
fn ten_mebibytes_are_read_and_one_byte_more_is_refused() {
    let padding = " ".repeat(MAX_INPUT_BYTES - EXAMPLE.len());
    assert!(CreateCallLog::from_json(EXAMPLE.to_owned() + &padding).is_ok());
    assert_eq!(
        faults(EXAMPLE.to_owned() + &padding + " "),
        ["the input is longer than the 10485760 bytes that are read; leave transcripts out"]
    );
}

#[test]
fn a_key_that_stands_twice_is_named_at_any_depth_and_in_any_spelling() {
    for (twice, pointer) in [
        (r#""a": 1, "a": 1"#, "/a"),
        (r#""a": 1, "\u0061": 1"#, "/a"),
        (r#""\u0061": 1, "\u0061": 2"#, "/a"),
        (r#""": 1, "": 2"#, "/"),
        (r#""x": [0, { "b/~": 1, "b\/~": null }]"#, "/x/1/b~1~0"),
        (r#""x": [[{ "\ud83d\ude00": 1, "😀": 1 }]]"#, "/x/0/0/😀"),
    ] {
        let text = EXAMPLE.replacen('{', &format!("{{ {twice},"), 1);
        assert_eq!(
            faults(text),
            [format!(
                "{pointer}: stands twice in one object; leave one of the two out"
            )]
        );
    }
    let text = EXAMPLE.replace(r#""authHeader""#, r#""user": {}, "authHeader""#);
    assert_eq!(
        faults(text),
        ["/user: stands twice in one object; leave one of the two out"]
    );
}

#[test]
fn a_key_that_stands_twice_is_found_among_many() {
    let keys: String = (0..100).map(|n| format!(r#""k{n}": 1,"#)).collect();
    for key in ["k0", "k23", "k24", "k99"] {
        let text = EXAMPLE.replacen('{', &format!(r#"{{ {keys} "{key}": 2,"#), 1);
        assert_eq!(
            faults(text),
            [format!(
                "/{key}: stands twice in one object; leave one of the two out"
            )]
        );
    }
}

#[test]
fn keys_are_equal_only_whole() {
    let text = EXAMPLE.replacen(
        '{',
        r#"{ "a": 1, "A": 1, "a ": 1, "á": 1, "a\u0301": 1,"#,
        1,
    );
    assert!(CreateCallLog::from_json(text).is_ok());
}

#[test]
fn among_a_hundred_faults_the_rest_is_counted() {
    let twice = r#""k": 1,"#.repeat(1_000);
    let found = faults(EXAMPLE.replacen('{', &format!("{{ {twice}"), 1));
    assert_eq!(found.len(), 101);
    assert_eq!(found[100], "and 899 more faults");
}

/// A scan in quadratic time would take minutes for the objects here.
#[test]
fn large_objects_and_arrays_are_read_in_linear_time() {
    let members: String = (0..100_000).map(|n| format!(r#""k{n}":1,"#)).collect();
    let legs = format!("[{}{{}}]", r#"{"a":1},"#.repeat(MAX_LEGS - 1));
    let text = EXAMPLE
        .replacen('{', &format!("{{ {members}"), 1)
        .replace(r#""action""#, r#""other""#)
        .replacen(
            r#""userSettings": {}"#,
            &format!(r#""userSettings": {{ {members} "z": 1 }}"#),
            1,
        )
        .replacen(r#""legs""#, &format!(r#""legs": {legs}, "others""#), 1);
    let call = CreateCallLog::from_json(&text).unwrap();
    assert_eq!(call.call_log().legs().len(), MAX_LEGS);
    assert_eq!(call.member("k99999").unwrap().get(), "1");
    assert_eq!(call.user().settings().text("z").as_deref(), Some("1"));
}

/// Each leg's digits and text are looked up: in quadratic time that would take hours for these.
#[test]
fn the_texts_of_many_legs_are_cut_out_in_linear_time() {
    let leg = r#"{"id":0.50,"from":{"extensionNumber":1e2},"billing":{"costIncluded":0.000}}"#;
    let n_legs = MAX_LEGS;
    let legs = format!("[{}]", vec![leg; n_legs].join(","));
    let text = EXAMPLE.replacen(r#""legs""#, &format!(r#""legs": {legs}, "others""#), 1);
    let call = CreateCallLog::from_json(&text).unwrap();
    let legs = call.call_log().legs();
    assert_eq!(legs.len(), n_legs);
    for Leg { record, .. } in legs {
        assert_eq!(record.raw().get(), leg);
        assert_eq!(record.id(), Some("0.50"));
        assert_eq!(record.from().extension_number.as_deref(), Some("1e2"));
        assert_eq!(record.billing().cost_included.as_deref(), Some("0.000"));
    }
    let wrong = text.replace(r#""id":0.50"#, r#""id":false"#);
    assert_eq!(faults(wrong).len(), 101);
}

#[test]
fn the_largest_inputs_of_one_kind_are_read_or_refused() {
    let n_left = MAX_INPUT_BYTES - EXAMPLE.len() - 20;
    for (open, n) in [("[", n_left), ("{\"a\":", n_left / 5)] {
        let text = EXAMPLE.replacen('{', &format!(r#"{{ "x": {}"#, open.repeat(n)), 1);
        assert!(text.len() <= MAX_INPUT_BYTES);
        let found = faults(text);
        let [deep, no_json] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert!(deep.ends_with("is nested deeper than 64 levels"), "{deep}");
        assert!(no_json.starts_with("the input is not JSON: "), "{no_json}");
    }
    let escapes = r"\n".repeat(n_left / 2);
    let text = EXAMPLE.replacen('{', &format!(r#"{{ "voicemailLink": "{escapes}","#), 1);
    let call = CreateCallLog::from_json(&text).unwrap();
    assert_eq!(call.voicemail_link(), Some(&*"\n".repeat(n_left / 2)));
    assert_eq!(call.raw().get(), text.trim());
}

/// In memory, ten megabytes of empty legs would be three gigabytes.
#[test]
fn ten_thousand_legs_are_read_and_one_more_is_refused() {
    let legs = |n| with("/callLog/legs", json!(vec![json!({}); n]));
    assert_eq!(read(&legs(MAX_LEGS)).call_log().legs().len(), MAX_LEGS);
    assert_eq!(
        faults(legs(MAX_LEGS + 1).to_string()),
        ["/callLog/legs: has 10001 legs, more than the 10000 that are read"]
    );
}

/// Whoever sends a number or a fault must not choose how often the host reads the rest.
#[test]
fn numbers_and_faults_are_shown_as_they_were_sent_whatever_stands_before_them() {
    let deep = format!(
        "{}1, {{\"a\": -0.5, \"1\": \"2\"}}, 3e0{}",
        "[".repeat(80),
        "]".repeat(80)
    );
    let before = format!(r#"{{ "x": [0.1, {{ "n": 1, "n": [2, "3"] }}, "\\", 4, {deep}],"#);
    let text = EXAMPLE
        .replacen('{', &before, 1)
        .replacen(r#""id": "77""#, r#""id": 7.70"#, 1)
        .replacen(r#""John Smith""#, "1.50", 1)
        .replacen(r#""+16504445566""#, "12345678901234567890123", 1)
        .replacen(
            r#""additionalSubmission": {}"#,
            r#""additionalSubmission": 2e1"#,
            1,
        )
        .replacen(r#""note": "#, r#""aiNote": 1.5, "note": "#, 1);
    let found = faults(text);
    for fault in [
        "/contactInfo/name: expected a string, found the number 1.50",
        "/contactInfo/phoneNumber: expected a string, found the number 12345678901234567890123",
        "/additionalSubmission: expected an object, found the number 2e1",
        "/aiNote: expected a string, found a number",
    ] {
        assert!(found.iter().any(|it| it == fault), "{fault}: {found:#?}");
    }
}

/// Every level of legs used to keep a copy of all that is below it.
#[test]
fn legs_of_legs_are_not_read() {
    let mut legs = json!([]);
    for _ in 0..25 {
        legs = json!([{ "legs": legs, "sessionId": "s" }]);
    }
    let call = read(&with("/callLog/legs", legs));
    assert_eq!(call.call_log().legs().len(), 1);
    assert!(call.call_log().legs()[0].record.legs().is_empty());
}

/// One long key with many faults below it must not be copied for each of them.
#[test]
fn pointers_are_short_even_where_keys_are_long() {
    let key = "k".repeat(4_000_000);
    let twice = r#""a":1,"#.repeat(200_000);
    let text = format!(r#"{{ "x": {{ "{key}": {{ {twice} "b": 1 }} }} }}"#);
    let found = faults(text);
    assert_eq!(
        found[0],
        "/x: holds an object with a key that stands twice; leave one out"
    );
    assert!(found.iter().map(String::len).sum::<usize>() < 20_000);
}

const CANARY: &str = "c4n4ry";

#[test]
fn no_fault_shows_a_secret_or_private_value() {
    let canary_object = format!(r#"{{"{CANARY}": 1, "{CANARY}": 2}}"#);
    let deep = format!(
        "[[{{\"{CANARY}\": {}1{} }}]]",
        "[".repeat(70),
        "]".repeat(70)
    );
    let json_in_a_string = Value::from(format!(r#"{{"authHeader":"{CANARY}"}}"#)).to_string();
    let mut texts = vec![json_in_a_string.clone()];
    for name in ["user", "contactInfo", "callLog", "additionalSubmission"] {
        let text = example().to_string();
        let value = example()[name].to_string();
        let text = text.replacen(
            &format!(r#""{name}":{value}"#),
            &format!(r#""{name}":{json_in_a_string}"#),
            1,
        );
        texts.push(text);
    }
    for name in [
        "authHeader",
        "note",
        "aiNote",
        "transcript",
        "ringSenseAIScore",
        "composedLogDetails",
        "proxyConfig",
        "accessToken",
    ] {
        for value in [&canary_object, &deep] {
            let text = without_member(name);
            texts.push(text.replacen('{', &format!(r#"{{ "{name}": {value},"#), 1));
        }
    }
    for text in texts {
        let invalid = CreateCallLog::from_json(&text).unwrap_err();
        assert!(!invalid.to_string().contains(CANARY), "{invalid}");
        assert!(!format!("{invalid:?}").contains(CANARY));
    }
}

#[test]
fn a_syntax_error_shows_nothing_of_the_text() {
    let text = EXAMPLE.replace("Bearer example-token", CANARY);
    let end = text.find(CANARY).unwrap() + CANARY.len();
    for broken in [
        text[..end].to_owned(),
        text[..end].to_owned() + "\n",
        text[..end].to_owned() + "\\x",
        text[..end].to_owned() + "\" 5",
    ] {
        let found = faults(broken);
        assert!(!found.concat().contains(CANARY), "{found:?}");
    }
}

#[test]
fn debug_output_shows_no_secret_or_private_value() {
    let mut input = example();
    for name in [
        "authHeader",
        "note",
        "aiNote",
        "transcript",
        "ringSenseSummary",
        "composedLogDetails",
        "xToken",
    ] {
        input[name] = json!(CANARY);
    }
    input["user"]["accessToken"] = json!(CANARY);
    input["additionalSubmission"] = json!({ "adminAssignedUserToken": CANARY });
    input["callLog"]["recording"] = json!({ "accessToken": CANARY });
    let call = read(&input);
    let shown = format!(
        "{call:?} {:?} {:?} {:?} {:?} {:?}",
        call.call_log(),
        call.call_log().legs(),
        call.call_log().recording(),
        call.additional_submission(),
        call.user().settings(),
    );
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(shown.contains("4503991004"), "{shown}");
}

fn without_member(name: &str) -> String {
    let mut input = example();
    input.as_object_mut().unwrap().remove(name);
    input.to_string()
}
