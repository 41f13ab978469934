//! The operator's rate and the CRM's own `Retry-After`, kept by all calls together.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::time::{Duration, Instant};

use mock_crm::{Reply, Rule};
use serde_json::{Value, json};
use switchboard_host::{CallOptions, CallOutcome, End, FaultCode, Host};
use switchboard_tests::{Scene, input};
use tokio::task::JoinHandle;

const ACTIVITIES: &str = "/activities";

fn scene(limits: &str) -> Scene {
    Scene::example_with(&format!("[limits]\n{limits}")).unwrap()
}

fn call(host: &Host, session: usize) -> JoinHandle<CallOutcome> {
    let host = host.clone();
    let input = input(&session.to_string()).unwrap().to_string();
    tokio::spawn(async move {
        let options = CallOptions::default();
        host.create_call_log("example", input, options).await
    })
}

/// Returns when a call that is rate-limited may be repeated.
#[track_caller]
fn wait(outcome: &CallOutcome) -> Duration {
    let error = outcome.error().unwrap_or_else(|| panic!("{outcome:?}"));
    assert_eq!(error.code, FaultCode::RateLimited, "{outcome:?}");
    error.retry_after.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_calls_at_once_go_at_the_rate_and_all_are_logged() {
    let scene = scene("requests_per_second = 20\nburst = 2");
    let host = scene.host().unwrap();
    let began = Instant::now();
    let calls: Vec<_> = (0..20).map(|session| call(&host, session)).collect();
    for call in calls {
        let outcome = call.await.unwrap();
        assert!(outcome.log_id().is_some(), "{outcome:?}");
    }
    // Two at once, the other eighteen 50 ms apart.
    assert!(began.elapsed() >= Duration::from_millis(900));
    assert_eq!(scene.crm.n_entries(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_turn_comes_too_late_fails_at_once_with_nothing_sent() {
    let scene = scene("requests_per_second = 0.01\nburst = 2");
    let host = scene.host().unwrap();
    for session in 0..2 {
        let outcome = call(&host, session).await.unwrap();
        assert!(outcome.log_id().is_some(), "{outcome:?}");
    }
    let began = Instant::now();
    let outcome = call(&host, 2).await.unwrap();
    // Not when its time of 30 s is over.
    assert!(began.elapsed() < Duration::from_secs(25));
    let wait = wait(&outcome);
    assert!(wait > Duration::from_secs(30) && wait <= Duration::from_secs(100));
    let [request] = outcome.requests() else {
        panic!("{outcome:?}")
    };
    assert!(matches!(request.end, End::NotSent(_)), "{request:?}");
    assert_eq!(scene.crm.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_the_crm_asks_one_call_for_holds_for_every_call() {
    let scene = scene("");
    let busy = Reply::empty(429).header("retry-after", "900");
    scene.crm.script(Rule::post(ACTIVITIES).once().reply(busy));
    let host = scene.host().unwrap();
    for session in 0..5 {
        let wait = wait(&call(&host, session).await.unwrap());
        assert!(wait > Duration::from_secs(600) && wait <= Duration::from_secs(900));
    }
    assert_eq!((scene.crm.requests().len(), scene.crm.n_entries()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_pause_is_waited_for() {
    let scene = scene("");
    let busy = Reply::empty(503).header("retry-after", "1");
    scene.crm.script(Rule::post(ACTIVITIES).once().reply(busy));
    let host = scene.host().unwrap();
    let began = Instant::now();
    let first = call(&host, 0).await.unwrap();
    assert_eq!(first.error().unwrap().code, FaultCode::UnknownOutcome);
    let later = call(&host, 1).await.unwrap();
    assert_eq!(later.log_id(), Some("act-1"), "{later:?}");
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[test]
fn the_program_says_when_to_log_the_call_again() {
    // Pipedrive needs three requests, and the third comes too late.
    let scene = Scene::pipedrive("").unwrap();
    let path = scene.place.manifests().join("pipedrive.toml");
    let manifest = std::fs::read_to_string(&path).unwrap();
    let limits = "[limits]\nrequests_per_second = 0.005\nburst = 2\n";
    std::fs::write(&path, manifest.replacen("[limits]\n", limits, 1)).unwrap();
    let mut call = input("1").unwrap();
    call["user"]["hostname"] = json!(scene.crm.authority());
    let output = scene.log(&call, [] as [&str; 0]).unwrap().run().unwrap();
    let authority = scene.crm.authority();
    let mut outcome = output.json().unwrap();
    let seconds = outcome["error"]["retryAfterSeconds"].take();
    assert!(matches!(seconds.as_u64(), Some(100..=200)), "{seconds}");
    let expected = json!({
        "logId": null,
        "returnMessage": {
            "message": "The call was not logged: Pipedrive gets too many requests. Log the call again in 4 minutes.",
            "messageType": "warning",
            "ttl": 30000,
        },
        "error": {
            "code": "rate-limited",
            "message": format!("requests_per_second of the manifest leaves no place for a request to {authority} in \
                                the time of this call"),
            "retryAfterSeconds": Value::Null,
        },
    });
    assert_eq!((output.code, outcome), (Some(1), expected), "{output:#?}");
    assert_eq!((scene.crm.requests().len(), scene.crm.n_entries()), (2, 0));
}
