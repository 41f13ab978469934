//! What becomes of the calls of a worker that dies, and of its CRM.

use std::fs;

use jiff::Timestamp;
use mock_crm::{Gate, Reply, Rule};
use serde_json::{Value, json};
use switchboard_tests::{Pending, Stage};

use super::siege::{Siege, WORKER, add_hostile, call, stage, until};

/// Whose writes the CRM applies, and whose not.
const STORED: &str = "Bearer of-one-who-may";
const REFUSED: &str = "Bearer of-one-who-may-not";

/// The hostile connector.
const LIBRARY: &str = "libfaulty_hostile.so";

/// So many crashes within a minute close a CRM.
const N_CRASHES: usize = 5;

#[test]
fn calls_of_a_worker_that_dies_end_by_what_the_host_has_seen() {
    let siege = Siege::of(&["hostile"]);
    let gate = Gate::new();
    let crm = &siege.stage.crm;
    crm.script(Rule::get("/health").hold(&gate));
    let write = |token| Rule::post("/activities").authorized(token).hold(&gate);
    crm.script(write(STORED).store());
    let refusal = json!({ "error": "no such contact" });
    crm.script(write(REFUSED).reply(Reply::json(422, &refusal)));

    let unwritten = siege.begin_deed("hostile", "log after a read");
    until(|| crm.requests().iter().any(|it| it.path() == "/health"));
    let writing = [STORED, REFUSED].map(|token| begin_write(&siege, token));
    siege.deed("hostile", "segfault");
    // Writes are waited for: what the CRM says to them still counts.
    gate.open();

    let [stored, refused] = writing.map(|call| end(call.receive().unwrap()));
    assert_eq!(end(unwritten.receive().unwrap()), (502, "crashed".into()));
    assert_eq!(stored, (202, "unknown-outcome".into()));
    assert_eq!(refused, (502, "crashed".into()));
    siege.end();
}

/// Sends a good call of the user with this token, and waits until its write has left.
fn begin_write(siege: &Siege, token: &str) -> Pending {
    let mut input = call(&siege.stage, "good");
    input["authHeader"] = json!(token);
    let pending = siege.gateway.client.send("hostile", &input).unwrap();
    until(|| {
        let requests = siege.stage.crm.requests();
        let mut tokens = requests.iter().map(|it| it.header("authorization"));
        tokens.any(|found| found == Some(token))
    });
    pending
}

fn end((status, outcome): (u16, Value)) -> (u16, Value) {
    (status, outcome["error"]["code"].clone())
}

#[test]
fn a_call_that_died_before_its_write_is_logged_again_once() {
    let stage = stage();
    add_hostile(&stage, WORKER, "hostile", "", &[]);
    let mut input = call(&stage, "deed: segfault");
    let output = stage.log("hostile", &input).unwrap();
    assert_eq!(output.code, Some(1), "{output:#?}");
    input["note"] = json!("good");
    let logged = stage.log("hostile", &input).unwrap().json().unwrap();
    let again = stage.log("hostile", &input).unwrap().json().unwrap();
    assert_eq!(logged["logId"], "act-1");
    assert_eq!(
        (&again["logId"], &again["duplicate"]),
        (&json!("act-1"), &json!(true))
    );
    assert_eq!(stage.crm.n_entries(), 1);
}

#[test]
fn five_crashes_within_a_minute_close_a_crm_until_somebody_releases_it() {
    let stage = stage();
    add_hostile(&stage, WORKER, "hostile", "", &[]);
    for _ in 0..N_CRASHES {
        let input = call(&stage, "deed: segfault");
        stage.failure_of("hostile", &input, 1, "crashed").unwrap();
    }
    let input = call(&stage, "good");
    let outcome = stage.log("hostile", &input).unwrap().json().unwrap();
    let error = &outcome["error"];
    assert_eq!(error["code"], "unavailable", "{outcome}");
    let wait = error["retryAfterSeconds"].as_u64().unwrap();
    assert!((200..=300).contains(&wait), "{outcome}");
    let listed = listed(&stage);
    assert_eq!(listed["state"], "quarantined", "{listed}");
    assert!(listed["reason"].as_str().unwrap().contains("signal 11"));
    let time = |name: &str| listed[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(time("until").duration_since(time("since")).as_secs(), 300);

    let release = || {
        let release = stage.place.switchboard(["release", "--crm", "hostile"]);
        release.unwrap().run().unwrap().code
    };
    assert_eq!((release(), release()), (Some(0), Some(1)));
    assert_eq!(stage.log("hostile", &input).unwrap().code, Some(0));
    assert_eq!(self::listed(&stage)["state"], "ready");
}

fn listed(stage: &Stage) -> Value {
    let crms = stage.list().unwrap().json().unwrap();
    let crms = crms.as_array().unwrap();
    crms.iter()
        .find(|it| it["name"] == "hostile")
        .unwrap()
        .clone()
}

#[test]
fn a_worker_is_replaced_by_the_next_call_and_leaves_no_zombie() {
    let siege = Siege::of(&["hostile"]);
    siege.log("hostile");
    for _ in 0..3 {
        siege.deed("hostile", "abort");
        siege.log("hostile");
    }
    until(|| {
        let children = siege.host().children().unwrap();
        children.len() == 2 && !children.iter().any(|it| it.is_zombie())
    });
    siege.end();
}

/// What is on the disk by then may be another version, or half of one.
#[test]
fn a_worker_is_started_again_from_the_bytes_that_were_checked() {
    let siege = Siege::of(&["hostile"]);
    let library = siege.stage.place.connectors().join(LIBRARY);
    fs::remove_file(&library).unwrap();
    fs::write(&library, "half of a newer version").unwrap();
    siege.deed("hostile", "segfault");
    siege.log("hostile");
    siege.end();
}
