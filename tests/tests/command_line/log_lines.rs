//! What stands on stderr.

use mock_crm::{Reply, Rule};
use serde_json::{Value, json};
use switchboard_tests::{Output, Scene, input};

/// Reads the log lines of a run with `--log-format json`.
fn lines(output: &Output) -> Vec<Value> {
    let lines = output.stderr.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of_calls(output: &Output) -> Vec<Value> {
    let lines = lines(output).into_iter();
    lines
        .filter(|line| line["message"] == "call ended")
        .collect()
}

#[test]
fn each_call_has_one_line_with_everything_an_operator_asks_for() {
    let scene = Scene::example().unwrap();
    scene
        .crm
        .script(Rule::post("/activities").once().reply(Reply::empty(422)));
    let good = input("1").unwrap();
    let bad = json!({});
    for (call, outcome, code, n_sent) in [
        (&good, "not logged", "rejected", 1),
        (&good, "logged", "ok", 1),
        (&bad, "not logged", "invalid-input", 0),
    ] {
        let output = scene
            .log(call, ["--log-format", "json"])
            .unwrap()
            .run()
            .unwrap();
        let [line] = &of_calls(&output)[..] else {
            panic!("{output:?}")
        };
        assert_eq!(
            (&line["level"], &line["crm"]),
            (&json!("INFO"), &json!("example"))
        );
        assert_eq!(
            (&line["outcome"], &line["code"]),
            (&json!(outcome), &json!(code))
        );
        assert_eq!(line["requests_sent"], n_sent);
        assert!(
            line["duration_ms"].is_u64() && line["call_id"].is_string(),
            "{line}"
        );
    }
}

#[test]
fn a_call_that_reaches_no_crm_has_its_line_too() {
    let scene = Scene::example().unwrap();
    for (arguments, code) in [
        (["--crm", "acme", "-"], "unknown-crm"),
        (["--crm", "example", "missing.json"], "invalid-input"),
    ] {
        let all = ["log", "--log-format", "json"].iter().chain(&arguments);
        let output = scene
            .place
            .switchboard(all)
            .unwrap()
            .stdin("{}")
            .run()
            .unwrap();
        let [line] = &of_calls(&output)[..] else {
            panic!("{output:?}")
        };
        assert_eq!(
            (&line["crm"], &line["code"]),
            (&json!(arguments[1]), &json!(code))
        );
        assert_eq!(
            (&line["requests_sent"], &line["outcome"]),
            (&json!(0), &json!("not logged"))
        );
        assert!(line["duration_ms"].is_u64(), "{line}");
    }
}

#[test]
fn without_a_ledger_a_repeated_call_is_warned_of_and_logged_again() {
    let scene = Scene::example().unwrap();
    let call = input("1").unwrap();
    for n_entries in 1..=2 {
        let flags = ["--ledger", "none", "--log-format", "json"];
        let output = scene.log(&call, flags).unwrap().run().unwrap();
        let lines = lines(&output);
        let warning = lines.iter().find(|line| line["level"] == "WARN").unwrap();
        let notice = "no ledger keeps what was logged: a repeated call is logged again";
        assert_eq!(warning["message"], notice);
        assert_eq!(scene.crm.n_entries(), n_entries);
    }
    assert!(!scene.place.ledger().exists());
}

#[test]
fn a_pipe_gets_no_colours_and_off_leaves_only_what_everybody_must_know() {
    let scene = Scene::example().unwrap();
    let call = input("1").unwrap();
    let output = scene
        .log(&call, ["--log-level", "trace"])
        .unwrap()
        .run()
        .unwrap();
    assert!(output.stderr.contains("request ended"), "{output:?}");
    assert!(!output.stderr.contains('\u{1b}') && !output.stdout.contains('\u{1b}'));
    let flags = ["--log-level", "off", "--ledger", "none"];
    let output = scene.log(&call, flags).unwrap().run().unwrap();
    let notice = "no ledger keeps what was logged: a repeated call is logged again\n";
    assert_eq!((output.code, &*output.stderr), (Some(0), notice));
    let output = scene
        .log(&call, ["--log-level", "warn"])
        .unwrap()
        .run()
        .unwrap();
    assert!(!output.stderr.contains("call ended"), "{output:?}");
}

#[test]
fn a_connector_logs_a_hundred_lines_of_8_kib_in_a_call_and_no_more() {
    let scene = Scene::chatty("n_lines = 150\nn_bytes = 9000\nending = \"logged\"").unwrap();
    let output = scene
        .log(&input("1").unwrap(), ["--log-format", "json"])
        .unwrap()
        .run();
    let output = output.unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    let lines = lines(&output);
    let is_connectors = |line: &&Value| line["target"] == "switchboard::connector";
    let of_connector: Vec<_> = lines.iter().filter(is_connectors).collect();
    assert_eq!(of_connector.len(), 101);
    for line in &of_connector[..100] {
        assert_eq!(line["message"].as_str().unwrap().len(), 8 * 1024);
        let tags = [&line["crm"], &line["connector"]];
        assert_eq!(tags, ["chatty", "switchboard-connector-chatty"]);
        assert_eq!(line["call_id"], of_calls(&output)[0]["call_id"]);
    }
    let last = of_connector[100]["message"].as_str().unwrap();
    assert!(last.contains("more than 100 lines"), "{last}");
}

#[test]
fn a_secret_in_a_path_stands_in_no_line() {
    const KEY: &str = "key-999888777";
    let mut scene = Scene::example().unwrap();
    let base_url = format!("{}/${{ACME_KEY}}", scene.crm.url());
    let settings = format!("[settings]\nbase_url = {base_url:?}");
    let manifest = switchboard_tests::manifest("example", "Example CRM", &settings);
    scene.place.write_manifest("example", &manifest).unwrap();
    scene.place.guard(&[KEY]);
    let call = scene.log(&input("1").unwrap(), ["--log-level", "trace"]);
    let output = call.unwrap().env("ACME_KEY", KEY).run().unwrap();
    assert_eq!(output.code, Some(1), "{output:#?}");
    let line = output
        .stderr
        .lines()
        .find(|line| line.contains("request ended"));
    assert!(
        line.unwrap().contains("path=\"/***/activities\""),
        "{output:#?}"
    );
    assert_eq!(scene.crm.requests()[0].path(), format!("/{KEY}/activities"));
}
