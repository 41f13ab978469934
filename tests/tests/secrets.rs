//! Secret and private texts stand in no output, however a call ends and whoever repeats them.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use mock_crm::{Gate, Reply, Rule};
use serde_json::{Value, json};
use switchboard_tests::{Output, Postgres, Scene, input};

/// What no output may contain. Each is as awkward to find as the real ones may be.
const CANARIES: [&str; 16] = [
    "c4nary-authorization",
    "c4nary-access-token",
    "c4nary-refresh-token",
    "c4nary-api-key",
    "c4nary-client-secret",
    "c4nary-proxy-password",
    "c4nary-proxy-header",
    "c4nary-admin-token",
    "C4nary note line one",
    "C4nary note \"line\" two & more",
    "C4nary ai note",
    "C4nary transcript",
    "C4nary ace transcript",
    "C4nary ace summary",
    "C4nary ace points",
    "C4nary composed",
];

/// An input in which every canary stands where its kind belongs.
fn canaries() -> Value {
    let mut call = input("1").unwrap();
    call["authHeader"] = json!("Bearer c4nary-authorization");
    call["user"]["accessToken"] = json!("c4nary-access-token");
    call["user"]["platformAdditionalInfo"] = json!({
        "deep": [{ "REFRESH_TOKEN": "c4nary-refresh-token", "apiKey": "c4nary-api-key" }],
        "clientSecret": "c4nary-client-secret",
    });
    call["proxyConfig"] = json!({
        "auth": { "password": "c4nary-proxy-password" },
        "headers": ["c4nary-proxy-header: 1"],
    });
    call["additionalSubmission"] = json!({ "adminAssignedUserToken": "c4nary-admin-token" });
    call["note"] = json!("C4nary note line one\nC4nary note \"line\" two & more");
    call["aiNote"] = json!("C4nary ai note, and what the caller wants next");
    call["transcript"] = json!("John: C4nary transcript\nJane: C4nary transcript ends");
    call["ringSenseTranscript"] = json!("C4nary ace transcript");
    call["ringSenseSummary"] = json!("C4nary ace summary");
    call["ringSenseBulletedSummary"] = json!("- C4nary ace points");
    call["composedLogDetails"] = json!("<b>Agent notes</b><br>C4nary composed");
    call
}

/// Logs the call with both formats at the most talkative level; [`Scene`] searches what is said.
fn log(scene: &mut Scene, call: &Value, expected: &str) -> Vec<Output> {
    scene.place.guard(&CANARIES);
    ["text", "json"]
        .map(|format| {
            let flags = ["--log-level", "trace", "--log-format", format];
            scene.place.forget().unwrap();
            let output = scene.log(call, flags).unwrap().run().unwrap();
            let code = output.json().unwrap()["error"]["code"].clone();
            assert_eq!(code.as_str().unwrap_or("logged"), expected, "{output:?}");
            output
        })
        .into()
}

/// Lets the CRM repeat a request in its refusal, as a text and as the JSON that it was.
fn echo(status: u16, call: &Value) -> [Reply; 2] {
    let text = format!(
        "cannot use {} / {} / {} / {}",
        call["authHeader"].as_str().unwrap(),
        call["note"].as_str().unwrap(),
        call["transcript"].as_str().unwrap(),
        call["composedLogDetails"].as_str().unwrap(),
    );
    let quoted = format!("cannot use {call}");
    [text, quoted].map(|text| Reply::json(status, &json!({ "error": text })))
}

#[test]
fn a_success_repeats_nothing() {
    let mut scene = Scene::example().unwrap();
    let outputs = log(&mut scene, &canaries(), "logged");
    assert!(outputs[0].stderr.contains("request ended"), "{outputs:?}");
    // The CRM did get them.
    let sent = scene.crm.requests();
    assert_eq!(
        sent[0].header("authorization"),
        Some("Bearer c4nary-authorization")
    );
    assert!(String::from_utf8_lossy(&sent[0].body).contains("C4nary composed"));
}

#[test]
fn a_crm_that_repeats_the_request_is_not_quoted_with_it() {
    let mut scene = Scene::example().unwrap();
    let call = canaries();
    for (status, code) in [
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not-found"),
        (422, "rejected"),
        (429, "rate-limited"),
        (500, "unknown-outcome"),
    ] {
        for reply in echo(status, &call) {
            scene
                .crm
                .script(Rule::post("/activities").times(2).reply(reply));
            let outputs = log(&mut scene, &call, code);
            assert!(outputs[0].stdout.contains("cannot use"), "{outputs:?}");
        }
    }
}

/// Of people an output may speak, and a ledger not.
const PEOPLE: [&str; 2] = ["C4nary Contact", "+16505557788"];

#[test]
fn neither_a_file_nor_a_database_keeps_what_was_said_or_who_said_it() {
    let server = Postgres::start().unwrap();
    let scene = Scene::example().unwrap();
    let file = format!("sqlite:{}", scene.place.ledger().display());
    let places = server.iter().map(Postgres::url).chain([file]);
    let mut call = canaries();
    call["contactInfo"]["name"] = json!(PEOPLE[0]);
    call["contactInfo"]["phoneNumber"] = json!(PEOPLE[1]);
    for (n_place, place) in places.enumerate() {
        for status in [201, 401, 422, 429, 500] {
            let session = format!("{n_place}-{status}");
            call["callLog"]["sessionId"] = json!(session);
            for reply in echo(status, &call) {
                scene
                    .crm
                    .script(Rule::post("/activities").once().reply(reply));
            }
            let log = scene.log(&call, ["--ledger", &place]).unwrap();
            log.run().unwrap();
            scene.crm.clear_script();
        }
        let export = scene
            .place
            .switchboard(["ledger", "export", "--ledger", &place]);
        let export = export.unwrap().run().unwrap();
        assert_eq!(export.stdout.lines().count(), 5, "{export:?}");
        assert!(export.stdout.contains("cannot use"), "{export:?}");
        let kept = server.as_ref().map_or_else(String::new, |server| {
            let sql = "SELECT calls::text FROM switchboard.calls;
                SELECT attempts::text FROM switchboard.attempts";
            server.sql(sql).unwrap()
        });
        for text in CANARIES.iter().chain(&PEOPLE) {
            assert!(
                !(kept.clone() + &export.stdout).contains(text),
                "{text} is kept"
            );
        }
    }
}

#[test]
fn a_crm_that_repeats_the_entry_is_not_quoted_with_it() {
    const AS_HTML: &str = "C4nary note &quot;line&quot; two &amp; more";
    let details = format!(
        "<b>Agent notes</b><br>C4nary note line one<br>C4nary composed by the gateway<br><br>\
         <li><b>Remark</b>: {AS_HTML}</li>"
    );
    let mut scene = Scene::example_with("[log]\nformat = \"text/html\"").unwrap();
    scene.place.guard(&[AS_HTML]);
    let mut call = canaries();
    for composed in [json!(details), Value::Null] {
        call["composedLogDetails"] = composed;
        scene.crm.clear_script();
        log(&mut scene, &call, "logged");
        let sent = scene.crm.requests().pop().unwrap().json().unwrap();
        let body = sent["body"].as_str().unwrap().to_owned();
        assert!(body.contains("C4nary note line one"), "{body}");
        // Whole and as the JSON that it was, and from each line with a canary on: quotations end at 300 characters.
        let mut texts = vec![sent.to_string()];
        let starts = body.match_indices("C4nary").map(|(start, _)| start);
        let lines = starts.map(|start| body[..start].rfind('>').map_or(0, |end| end + 1));
        texts.extend(lines.map(|line| body[line..].to_owned()));
        texts.push(body);
        for text in texts {
            let reply = Reply::json(422, &json!({ "error": format!("cannot use {text}") }));
            scene.crm.clear_script();
            scene.crm.script(Rule::post("/activities").reply(reply));
            scene.place.forget().unwrap();
            let output = scene
                .log(&call, ["--log-level", "trace"])
                .unwrap()
                .run()
                .unwrap();
            assert_eq!(output.code, Some(1), "{output:?}");
            assert!(output.stdout.contains("cannot use "), "{output:?}");
        }
    }
}

#[test]
fn a_quotation_that_is_cut_gives_no_beginning_away() {
    let mut scene = Scene::example().unwrap();
    let call = canaries();
    // The quotation of the SDK ends at 300 characters: in the middle of the token.
    for n_before in [270, 275, 280] {
        let text = format!("{}Bearer c4nary-authorization", "x".repeat(n_before));
        let reply = Reply::json(422, &json!({ "error": text }));
        scene
            .crm
            .script(Rule::post("/activities").times(2).reply(reply));
        for output in log(&mut scene, &call, "rejected") {
            assert!(
                !output.stdout.contains("Bearer c4n"),
                "{n_before}: {output:?}"
            );
        }
    }
}

#[test]
fn no_way_to_fail_repeats_anything() {
    let mut scene = Scene::example_with("[limits]\ntimeout = \"1s\"").unwrap();
    let call = canaries();
    let post = || Rule::post("/activities").times(2);
    for rule in [
        post().close(),
        post().reset(),
        post().store().truncate(),
        post().reply(Reply::redirect(
            307,
            "https://c4nary-authorization@crm.example/?c4nary-access-token",
        )),
        post().reply(Reply::text(201, "C4nary composed, and no id")),
        post().hold(&Gate::new()),
    ] {
        scene.crm.script(rule);
        log(&mut scene, &call, "unknown-outcome");
    }
}

#[test]
fn a_bad_input_is_described_without_its_secrets() {
    let mut scene = Scene::example().unwrap();
    let mut call = canaries();
    call["authHeader"] = json!(["Bearer c4nary-authorization"]);
    call["note"] = json!({ "text": "C4nary note line one" });
    call["transcript"] = json!(["C4nary transcript"]);
    call["contactInfo"]["phoneNumber"] = json!("Bearer c4nary-authorization");
    call["callLog"]["startTime"] = json!("C4nary ai note, and what the caller wants next");
    call["contactInfo"]["phoneNumber"] = json!("c4nary-access-token");
    log(&mut scene, &call, "invalid-input");
    scene.place.guard(&CANARIES);
    let broken = call.to_string().replace("\"note\":", "\"authHeader\":");
    for text in [&broken, &broken[..broken.len() - 1], &format!("{broken},")] {
        let output = scene.log(&call, ["--log-level", "trace"]).unwrap();
        assert_eq!(output.stdin(text).run().unwrap().code, Some(2));
    }
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn an_input_that_cannot_be_read_to_its_end_is_described_without_its_secrets() {
    let fields = "[[custom_fields]]\nname = \"stage\"\ntype = \"checkbox\"";
    let mut scene = Scene::example_with(fields).unwrap();
    scene.place.guard(&CANARIES);
    let mut call = canaries();
    call["additionalSubmission"]["stage"] = json!("C4nary note line one");
    call["contactInfo"]["phoneNumber"] = json!("c4nary-access-token");
    let call = call.to_string();
    // Half of a character in the note, and more levels beside the token than a parser goes down.
    let halved = call.replacen("\\nC4nary", "\\ud800\\nC4nary", 1);
    let levels = "[".repeat(200) + &"]".repeat(200);
    let deep = call.replacen("\"user\":{", &format!("\"user\":{{\"deep\":{levels},"), 1);
    for text in [halved, deep] {
        assert_ne!(text, call);
        let output = scene.log(&Value::Null, ["--log-level", "trace"]).unwrap();
        assert_eq!(output.stdin(text).run().unwrap().code, Some(2));
    }
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn a_connector_that_tells_everything_is_not_heard() {
    for (ending, code) in [
        ("logged", "logged"),
        ("refused", "rejected"),
        ("panic", "panicked"),
    ] {
        let mut scene = Scene::chatty(&format!("tells = true\nending = \"{ending}\"")).unwrap();
        for output in log(&mut scene, &canaries(), code) {
            let lines = output
                .stderr
                .lines()
                .filter(|line| line.contains("switchboard::connector"));
            assert!(lines.count() > 40, "{output:?}");
            // What is neither secret nor private may be read.
            assert!(output.stderr.contains("John Smith"), "{output:?}");
        }
    }
}
