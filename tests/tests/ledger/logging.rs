//! `switchboard log` with a ledger that several programs share.

use std::{fs, time::Duration};

use mock_crm::{Reply, Rule};
use serde_json::{Value, json};
use switchboard_host::ledger::state::{AttemptEnd, Token};
use switchboard_host::ledger::{CallKey, CallReference, Claim, Ledger, NewClaim, Settlement};
use switchboard_tests::{Output, Scene, input};

const NONE: [&str; 0] = [];

fn log(scene: &Scene, call: &Value, arguments: &[&str]) -> Output {
    scene.log(call, arguments).unwrap().run().unwrap()
}

fn ledger(scene: &Scene, arguments: &[&str]) -> Output {
    let all = [&["ledger"], arguments].concat();
    scene.place.switchboard(all).unwrap().run().unwrap()
}

#[test]
fn a_repeat_prints_the_first_outcome_marked_as_a_duplicate() {
    let scene = Scene::example().unwrap();
    let call = input("1").unwrap();
    let mut expected = log(&scene, &call, &[]).json().unwrap();
    expected["duplicate"] = json!(true);
    let output = log(&scene, &call, &[]);
    assert_eq!((output.code, output.json().unwrap()), (Some(0), expected));
    assert!(!output.stderr.contains("logged again"), "{output:?}");
    assert_eq!(scene.crm.requests().len(), 1);
    let listed = ledger(&scene, &["list"]).stdout;
    assert!(
        listed.ends_with("\t1\tact-1\n") && listed.contains("\tDONE\t"),
        "{listed}"
    );
}

#[test]
fn an_idempotency_key_names_a_call_of_one_session() {
    let scene = Scene::example().unwrap();
    let key = ["--idempotency-key", "order 77"];
    let mut call = input("1").unwrap();
    log(&scene, &call, &key);
    call["user"]["id"] = json!("another");
    let repeated = log(&scene, &call, &key).json().unwrap();
    assert_eq!(
        json!([repeated["logId"], repeated["duplicate"]]),
        json!(["act-1", true])
    );
    let other = log(&scene, &input("2").unwrap(), &key);
    let outcome = other.json().unwrap();
    assert_eq!(
        (other.code, &outcome["error"]["code"]),
        (Some(2), &json!("invalid-input"))
    );
    assert_eq!(scene.crm.n_entries(), 1);
    let shown = ledger(&scene, &["show", "createCallLog/example/order+77"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
}

#[test]
fn a_ledger_that_cannot_be_opened_keeps_calls_from_being_sent() {
    let scene = Scene::example().unwrap();
    fs::write(scene.place.root().join("file"), "").unwrap();
    let call = input("1").unwrap();
    for (place, advice) in [
        (
            "sqlite:file/ledger.sqlite",
            "let --ledger name a file in a folder",
        ),
        ("sqlite:file", "let --ledger name another file"),
    ] {
        check_not_sent(&scene, &log(&scene, &call, &["--ledger", place]), advice);
        // It asks no ledger.
        let rehearsed = log(&scene, &call, &["--ledger", place, "--dry-run"]);
        assert_eq!(rehearsed.code, Some(0), "{rehearsed:?}");
    }
    let nowhere = scene.log(&call, NONE).unwrap();
    let nowhere = nowhere.env("SWITCHBOARD_LEDGER", "");
    let nowhere = nowhere.env("STATE_DIRECTORY", "").run().unwrap();
    check_not_sent(&scene, &nowhere, "name a file with --ledger");
    assert!(!scene.place.ledger().exists());
}

#[track_caller]
fn check_not_sent(scene: &Scene, output: &Output, advice: &str) {
    let outcome = output.json().unwrap();
    assert_eq!(
        (output.code, &outcome["logId"], &outcome["error"]["code"]),
        (Some(1), &Value::Null, &json!("unavailable")),
        "{output:?}"
    );
    assert_eq!(
        outcome["returnMessage"]["message"],
        "The call was not logged: the record of what is logged cannot be used now. Log the call again later."
    );
    let message = outcome["error"]["message"].as_str().unwrap();
    assert!(message.contains(advice), "{message}");
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn what_an_unclear_outcome_advises_ends_the_doubt() {
    let scene = Scene::echo().unwrap();
    let call = input("1").unwrap();
    let lost = Rule::post("/activities").once().store().reset();
    scene.crm.script(lost);
    let output = log(&scene, &call, &[]);
    assert_eq!(output.code, Some(3), "{output:?}");
    let outcome = output.json().unwrap();
    let message = outcome["error"]["message"].as_str().unwrap();
    let (_, advice) = message.split_once("`switchboard ").unwrap();
    let (advice, _) = advice.split_once('`').unwrap();
    let advice: Vec<_> = advice
        .split(' ')
        .map(|word| match word {
            "ID" => "found-1",
            "NAME" => "ada",
            other => other,
        })
        .collect();
    let again = log(&scene, &call, &["--retry", "3"]);
    assert_eq!(again.code, Some(3), "{again:?}");
    let resolved = scene.place.switchboard(advice).unwrap().run().unwrap();
    assert!(
        resolved.stdout.ends_with(": DONE, entry found-1\n"),
        "{resolved:?}"
    );
    let again = log(&scene, &call, &[]).json().unwrap();
    assert_eq!(
        json!([again["logId"], again["duplicate"]]),
        json!(["found-1", true])
    );
    assert_eq!(scene.crm.requests().len(), 1);
}

#[test]
fn a_call_that_another_program_is_logging_is_asked_for_again() {
    let scene = Scene::example_with("[limits]\ntimeout = \"1s\"").unwrap();
    let call = input("1").unwrap();
    let other = Other::claim(&scene, &call);
    let running = scene
        .log(&call, ["--retry", "20"])
        .unwrap()
        .start()
        .unwrap();
    running.until_stderr("trying again").unwrap();
    other.logs("act-of-the-other");
    let output = running.finish().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    let outcome = output.json().unwrap();
    assert_eq!(
        json!([outcome["logId"], outcome["duplicate"]]),
        json!(["act-of-the-other", true])
    );
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn each_try_is_an_attempt_of_its_own() {
    let scene = Scene::example().unwrap();
    let refusal = Reply::empty(429).header("retry-after", "0");
    scene
        .crm
        .script(Rule::post("/activities").once().reply(refusal));
    let output = log(&scene, &input("1").unwrap(), &["--retry", "3"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let exported: Value = serde_json::from_str(&ledger(&scene, &["export"]).stdout).unwrap();
    let attempts = exported["attempts"].as_array().unwrap();
    let states: Vec<_> = attempts.iter().map(|it| &it["settled"]["state"]).collect();
    assert_eq!(states, ["FAILED", "DONE"]);
    assert_eq!(exported["logId"], "act-1");
}

/// Another program that has claimed a call.
struct Other {
    runtime: tokio::runtime::Runtime,
    ledger: Ledger,
    key: CallKey,
    token: Token,
}

impl Other {
    fn claim(scene: &Scene, call: &Value) -> Self {
        let text = |pointer: &str| match call.pointer(pointer).unwrap() {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let reference = CallReference {
            hostname: text("/user/hostname"),
            user_id: text("/user/id"),
            contact_id: text("/contactInfo/id"),
            session: text("/callLog/sessionId"),
            session_id: Some(text("/callLog/sessionId")),
            telephony_session_id: None,
            record_id: None,
            started_at: jiff::Timestamp::now(),
            direction: "Inbound".to_owned(),
        };
        let (host, user) = (&reference.hostname, &reference.user_id);
        let key = CallKey::of_call("createCallLog", "example", host, user, &reference.session);
        let claim = NewClaim {
            call_id: "other".to_owned(),
            reference,
            lease: Duration::from_secs(3600),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let (runtime, ledger) = (
            runtime.unwrap(),
            Ledger::sqlite(&scene.place.ledger()).unwrap(),
        );
        let claimed = runtime.block_on(ledger.claim(&key, claim)).unwrap();
        let Claim::Claimed(token) = claimed else {
            panic!("{claimed:?}");
        };
        Self {
            runtime,
            ledger,
            key,
            token,
        }
    }

    fn logs(&self, log_id: &str) {
        let message = json!({ "message": "Call logged", "messageType": "success", "ttl": 30000 });
        let settlement = Settlement {
            end: AttemptEnd::Done {
                log_id: log_id.to_owned(),
            },
            outcome: json!({ "logId": log_id, "returnMessage": message }),
            sent: Vec::new(),
        };
        let logged = async {
            self.ledger.fence(&self.key, self.token).await.unwrap();
            let settled = self.ledger.settle(&self.key, self.token, settlement);
            settled.await.unwrap();
        };
        self.runtime.block_on(logged);
    }
}
