//! What must not be shown, in the forms in which it is quoted.

use serde_json::json;

use super::*;

const INPUT: &str = r#"{
    "authHeader": "Bearer tok-4711",
    "user": { "accessToken": "tok-0815", "nested": [{ "API_KEY": 1, "clientSecret": "s3cr3t" }] },
    "note": "call back on Monday\nno",
    "proxyConfig": { "password": "hunter2" },
    "contactInfo": { "name": "Jane Roe" }
}"#;

#[test]
fn secrets_and_private_texts_are_removed_and_the_rest_stays() {
    let secrets = [Secret::new("${}from-env".to_owned())].into();
    let redactor = Redactor::new(vec![INPUT.as_bytes().into()], secrets);
    let text = "Jane Roe: tok-4711 tok-0815 s3cr3t hunter2 'call back on Monday' ${}from-env no";
    assert_eq!(
        redactor.redact(text),
        "Jane Roe: *** *** *** *** '***' *** no"
    );
}

#[test]
fn whoever_may_see_private_texts_sees_no_secret() {
    let redactor = Redactor::new(
        vec![INPUT.as_bytes().into()],
        [Secret::new("from-env".to_owned())].into(),
    );
    assert_eq!(
        redactor
            .showing_private()
            .redact("tok-4711 hunter2 from-env call back on Monday"),
        "*** *** *** call back on Monday"
    );
}

#[test]
fn a_text_is_found_in_json_and_where_it_was_cut() {
    let input = json!({
        "authHeader": "Bearer tok-\"4711\"-and-more",
        "note": "She said \"call back on Monday\"\nżółć",
    });
    let redactor = Redactor::new(vec![input.to_string().into_bytes().into()], Arc::default());
    let table = [
        ("refused: tok-\"471", "refused: ***"),
        ("refused: tok-\"471x", "refused: ***x"),
        ("tok-4 is none of them", "tok-4 is none of them"),
        (r#"{"note":"She said \"call back on M"#, r#"{"note":"***"#),
        (
            r#"{"t":"Bearer tok-\"4711\"-and-more"}"#,
            r#"{"t":"Bearer ***"}"#,
        ),
        ("She said \"call back on Monday\"\nżó", "***"),
    ];
    for (text, expected) in table {
        assert_eq!(redactor.redact(text), expected);
    }
    let shown = redactor.redact_json(json!({ "tok-\"4711\"-and-more": [input["note"], 7] }));
    assert_eq!(shown, json!({ "***": ["***", 7] }));
}

#[test]
fn a_private_text_is_found_as_the_html_of_a_log_entry_has_it() {
    let note = "Said \"<no>\" & left\r\nwill call\nback on Monday";
    let input = json!({ "note": note, "aiNote": "a < b && \"c\"" });
    let redactor = Redactor::new(vec![input.to_string().into_bytes().into()], Arc::default());
    let html = "Said &quot;&lt;no&gt;&quot; &amp; left<br>will call<br>back on Monday";
    let shown = json!({ "b": format!("{html}\\") }).to_string();
    let table = [
        (html, "***"),
        (
            "<b>Agent notes</b><br>Said &quot;&lt;no&gt;&qu",
            "<b>Agent notes</b><br>***",
        ),
        ("<br>will call<br>", "<br>***<br>"),
        (
            "x<br>back on Monday<br><br><b>Call",
            "x<br>***<br><br><b>Call",
        ),
        (
            "<div>a &lt; b &amp;&amp; &quot;c&quot;</div>",
            "<div>***</div>",
        ),
        (&shown, r#"{"b":"***\\"}"#),
        ("Said &quot; is not enough", "Said &quot; is not enough"),
    ];
    for (text, expected) in table {
        assert_eq!(redactor.redact(text), expected);
    }
}

#[test]
fn a_composed_entry_is_found_line_by_line_and_its_labels_may_be_read() {
    let entries = [
        "- Note: call back\n- Duration: 7 seconds\n- Call recording link: https://rec.example/1\n",
        "<b>Agent notes</b><br>call back<br><br><li><b>Duration</b>: 7 seconds</li><li><b>Call recording \
         link</b>: <a target=\"_blank\" href=\"https://rec.example/1\">open</a></li>",
        "## Agent notes\ncall back\n\n## Call details\n**Duration**: 7 seconds\n**Call recording link**: \
         https://rec.example/1\n",
    ];
    for entry in entries {
        let input = json!({ "composedLogDetails": entry }).to_string();
        let redactor = Redactor::new(vec![input.into_bytes().into()], Arc::default());
        let quoted = json!({ "body": entry }).to_string();
        for text in [entry, &quoted, &as_html(entry), &as_json(&as_html(entry))] {
            let shown = redactor.redact(&format!("refused: {text}"));
            assert!(!shown.contains("call back"), "{shown}");
            assert!(!shown.contains("rec.example"), "{shown}");
        }
        for line in lines(entry).filter(|line| line.len() >= 20) {
            assert_eq!(redactor.redact(&format!("cut: {line}")), "cut: ***");
        }
        let labels = "Duration is not a number, Call recording link is too long";
        assert_eq!(redactor.redact(labels), labels);
    }
}

#[test]
fn only_the_scheme_of_an_authorization_is_shown() {
    let shown = |input: Value, secrets: &[&str], text: &str| {
        let secrets = secrets
            .iter()
            .map(|&secret| Secret::new(secret.to_owned()))
            .collect();
        Redactor::new(vec![input.to_string().into_bytes().into()], secrets).redact(text)
    };
    let nothing = || json!({});
    for secret in ["correct horse battery", "swordfish 12"] {
        let text = format!("refused: {secret}!");
        let input = json!({ "user": { "password": secret } });
        assert_eq!(shown(input, &[], &text), "refused: ***!");
        assert_eq!(shown(nothing(), &[secret], &text), "refused: ***!");
    }
    let table = [
        (
            "Bearer tok-4711",
            "Bearer tok-4711 tok-4711",
            "Bearer *** ***",
        ),
        ("swordfish 12", "swordfish 12", "***"),
        ("tok-4711", "tok-4711", "***"),
    ];
    for (header, text, expected) in table {
        assert_eq!(shown(json!({ "authHeader": header }), &[], text), expected);
    }
    // The manifest's variable may hold a whole header; whoever quotes it may leave the scheme out.
    assert_eq!(shown(nothing(), &["Bearer tok-4711"], "tok-4711"), "***");
}

#[test]
fn a_secret_url_leaves_other_urls_readable() {
    let link = "https://ringsense.example/records/4711";
    let input = json!({ "ringSenseLink": link });
    let secrets = [Secret::new("https://hooks.example/s3cret".to_owned())].into();
    let redactor = Redactor::new(vec![input.to_string().into_bytes().into()], secrets);
    let table = [
        (
            "see https://docs.example/help",
            "see https://docs.example/help",
        ),
        ("https://hooks.com", "https://hooks.com"),
        ("https://ringsense.com", "https://ringsense.com"),
        (
            "POST https://hooks.example/s3cret failed",
            "POST *** failed",
        ),
        ("cut: https://hooks.exam", "cut: ***"),
        (link, "***"),
    ];
    for (text, expected) in table {
        assert_eq!(redactor.redact(text), expected);
    }
}

#[test]
fn a_part_of_a_secret_url_is_found_alone() {
    let url = "https://robot:pa55word@hooks.example/services/T0KEN-11/v1?key=APIKEY-99&mode=json#tail-of-it";
    let input = json!({ "user": { "hookToken": "http://h/APIKEY-777888" } });
    let redactor = Redactor::new(
        vec![input.to_string().into_bytes().into()],
        [Secret::new(url.to_owned())].into(),
    );
    let table = [
        (
            "GET /services/T0KEN-11/v1?key=APIKEY-99&mode=json: 404",
            "GET /***/***/v1?key=***&mode=json: 404",
        ),
        ("no route /APIKEY-777888", "no route /***"),
        ("robot has password pa55word", "*** has password ***"),
        ("at #tail-of-it", "at #***"),
        (
            "hooks.example is down, mode json, v1",
            "hooks.example is down, mode json, v1",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(redactor.redact(text), expected);
    }
}

#[test]
fn debug_output_shows_no_text() {
    let redactor = Redactor::new(vec![INPUT.as_bytes().into()], Arc::default());
    assert!(!format!("{redactor:?}").contains("tok"));
}
