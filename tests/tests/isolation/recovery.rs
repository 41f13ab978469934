//! What becomes of the calls of a worker that dies, and of its CRM.

use std::time::{Duration, Instant};

use mock_crm::{Gate, Rule};
use serde_json::{Value, json};
use switchboard_tests::Stage;

use super::siege::{Siege, WORKER, add_hostile, call, stage};

const SOON: Duration = Duration::from_secs(30);

/// More than a worker has threads for connectors.
const N_LOOPS: usize = 16;

/// So much later than another one a call begins whose end is to be seen after that one's.
const LATER: Duration = Duration::from_secs(2);

/// So many crashes within a minute close a CRM.
const N_CRASHES: usize = 5;

#[test]
fn calls_of_a_worker_that_dies_end_by_what_the_host_has_seen() {
    let siege = Siege::of(&["hostile"]);
    let (reading, writing) = (Gate::new(), Gate::new());
    let crm = &siege.stage.crm;
    crm.script(Rule::get("/health").hold(&reading));
    let token = "Bearer of-the-writer";
    crm.script(
        Rule::post("/activities")
            .authorized(token)
            .hold(&writing)
            .store(),
    );

    let before_write = siege.begin_deed("hostile", "log after a read");
    seen(&siege, "/health");
    let mut input = call(&siege.stage, "good");
    input["authHeader"] = json!(token);
    let during_write = siege.gateway.client.send("hostile", &input).unwrap();
    seen_of(&siege, token);
    siege.deed("hostile", "segfault");

    let (status, outcome) = before_write.receive().unwrap();
    assert_eq!(
        (status, &outcome["error"]["code"]),
        (502, &json!("crashed"))
    );
    // The write is waited for: what the CRM says to it may still rule the entry out.
    writing.open();
    let (status, outcome) = during_write.receive().unwrap();
    let code = &outcome["error"]["code"];
    assert_eq!((status, code), (202, &json!("unknown-outcome")));
    reading.open();
    siege.end();
}

fn seen(siege: &Siege, path: &str) {
    until(|| {
        siege
            .stage
            .crm
            .requests()
            .iter()
            .any(|it| it.path() == path)
    });
}

fn seen_of(siege: &Siege, token: &str) {
    until(|| {
        let requests = siege.stage.crm.requests();
        let found = requests
            .iter()
            .find(|it| it.header("authorization") == Some(token));
        found.is_some()
    });
}

/// Waits until something is so.
fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "it is not so after {SOON:?}");
        std::thread::yield_now();
    }
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

    let release = || {
        let release = ["release", "--crm", "hostile"];
        stage
            .place
            .switchboard(release)
            .unwrap()
            .run()
            .unwrap()
            .code
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

#[test]
fn others_of_a_worker_with_an_endless_loop_have_their_own_time() {
    let stage = stage();
    let limits = "[limits]\ntimeout = \"4s\"\n";
    add_hostile(&stage, WORKER, "hostile", limits, &[]);
    let gate = Gate::new();
    stage.crm.script(Rule::get("/health").hold(&gate));
    let siege = Siege::begin(stage);
    let looping = siege.begin_deed("hostile", "endless-loop");
    // The others go on meanwhile. One that begins later has its time until later.
    let begun = Instant::now();
    while begun.elapsed() < LATER {
        siege.log("hostile");
    }
    let honest = siege.begin_deed("hostile", "log after a read");
    seen(&siege, "/health");
    let (status, _) = looping.receive().unwrap();
    assert_eq!(status, 504);
    gate.open();
    let (status, outcome) = honest.receive().unwrap();
    assert_eq!(status, 200, "{outcome}");
    siege.log("hostile");
    siege.end();
}

#[test]
fn a_worker_whose_every_thread_is_stuck_or_stopped_is_replaced() {
    let stage = stage();
    let limits = "[limits]\ntimeout = \"3s\"\n";
    add_hostile(&stage, WORKER, "stuck", limits, &[]);
    add_hostile(&stage, WORKER, "frozen", limits, &[]);
    let siege = Siege::begin(stage);
    let loops: Vec<_> = (0..N_LOOPS)
        .map(|_| siege.begin_deed("stuck", "endless-loop"))
        .collect();
    let frozen = siege.begin_deed("frozen", "freeze");
    for call in loops.into_iter().chain([frozen]) {
        let (status, outcome) = call.receive().unwrap();
        assert_eq!(status, 504, "{outcome}");
    }
    siege.log("stuck");
    siege.log("frozen");
    siege.end();
}
