//! Many calls at once through the library, callers that go away, and shutdown.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{collections::BTreeSet, time::Duration};

use mock_crm::{Gate, Rule};
use serde_json::json;
use switchboard_host::{CallOptions, CallOutcome, FaultCode, Host};
use switchboard_tests::{Scene, input};
use tokio::{task::JoinHandle, time::timeout};

const SOON: Duration = Duration::from_secs(60);

fn call(host: &Host, session: &str) -> JoinHandle<CallOutcome> {
    let (host, input) = (host.clone(), input(session).unwrap().to_string());
    tokio::spawn(async move {
        host.create_call_log("example", input, CallOptions::default())
            .await
    })
}

/// Waits, off the runtime, until the CRM has received so many requests.
async fn received(scene: Scene, n: usize) -> Scene {
    let waiting = tokio::task::spawn_blocking(move || {
        scene.crm.wait_for_requests(n, SOON).unwrap();
        scene
    });
    waiting.await.unwrap()
}

/// Waits until the host has so many calls under way.
async fn under_way(host: &Host, n: usize) {
    let reached = async {
        while host.n_calls() != n {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, reached).await.unwrap();
}

fn code(outcome: &CallOutcome) -> Option<FaultCode> {
    outcome.error().map(|error| error.code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_in_flight_are_logged_once_each() {
    const N_CALLS: usize = 1000;
    let scene = Scene::example_with("[limits]\nmax_in_flight = 1000\ntimeout = \"2m\"").unwrap();
    let gate = Gate::new();
    scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let host = scene.host().unwrap();
    let calls: Vec<_> = (0..N_CALLS).map(|n| call(&host, &n.to_string())).collect();
    let scene = received(scene, N_CALLS).await;
    assert_eq!((host.n_calls(), scene.crm.n_entries()), (N_CALLS, 0));
    gate.open();
    let mut ids = BTreeSet::new();
    for (n, call) in calls.into_iter().enumerate() {
        let outcome = call.await.unwrap();
        let id = outcome
            .log_id()
            .unwrap_or_else(|| panic!("{n}: {outcome:?}"));
        assert!(ids.insert(id.to_owned()), "{id} was given twice");
    }
    let entries = scene.crm.entries();
    let sessions: BTreeSet<_> = entries
        .iter()
        .map(|entry| {
            entry.body["sessionId"]
                .as_str()
                .unwrap()
                .parse::<usize>()
                .unwrap()
        })
        .collect();
    assert_eq!(sessions, (0..N_CALLS).collect());
    let stored: BTreeSet<_> = entries.into_iter().map(|entry| entry.id).collect();
    assert_eq!(stored, ids);
    assert_eq!(scene.crm.requests().len(), N_CALLS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_calls_wait_for_each_that_runs_and_one_more_is_turned_away() {
    let scene = Scene::example_with("[limits]\nmax_in_flight = 2").unwrap();
    let gate = Gate::new();
    scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let host = scene.host().unwrap();
    let mut calls: Vec<_> = (0..11).map(|n| call(&host, &n.to_string())).collect();
    let scene = received(scene, 2).await;
    // Whichever came last is answered while all others are held.
    let turned_away = timeout(SOON, first_of(&mut calls)).await.unwrap();
    assert_eq!(
        code(&turned_away),
        Some(FaultCode::Overloaded),
        "{turned_away:?}"
    );
    assert_eq!((host.n_calls(), scene.crm.requests().len()), (10, 2));
    gate.open();
    for call in calls {
        let outcome = call.await.unwrap();
        assert!(outcome.log_id().is_some(), "{outcome:?}");
    }
    assert_eq!(
        (scene.crm.n_entries(), scene.crm.requests().len()),
        (10, 10)
    );
}

/// Takes the call that ends first out of the list.
async fn first_of(calls: &mut Vec<JoinHandle<CallOutcome>>) -> CallOutcome {
    loop {
        if let Some(idx) = calls.iter().position(JoinHandle::is_finished) {
            return calls.remove(idx).await.unwrap();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_waits_past_its_time_is_turned_away_with_nothing_sent() {
    let limits = "[limits]\nmax_in_flight = 1\ntimeout = \"1s\"";
    let scene = Scene::example_with(limits).unwrap();
    let gate = Gate::new();
    scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let host = scene.host().unwrap();
    let first = call(&host, "1");
    let scene = received(scene, 1).await;
    let waiting = call(&host, "2").await.unwrap();
    assert_eq!(code(&waiting), Some(FaultCode::Overloaded), "{waiting:?}");
    assert_eq!(waiting.requests(), []);
    // The first one's write has left: its time is over, too, but it is waited for.
    gate.open();
    let first = first.await.unwrap();
    assert_eq!(first.log_id(), Some("act-1"), "{first:?}");
    assert_eq!(scene.crm.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_stops_nothing() {
    let scene = Scene::example().unwrap();
    let gate = Gate::new();
    scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let host = scene.host().unwrap();
    let caller = call(&host, "1");
    let scene = received(scene, 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    assert_eq!(host.n_calls(), 1);
    gate.open();
    under_way(&host, 0).await;
    assert_eq!((scene.crm.n_entries(), scene.crm.requests().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_survives_the_runtime_of_its_caller() {
    let scene = Scene::example().unwrap();
    let gate = Gate::new();
    scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let host = scene.host().unwrap();
    let callers = tokio::runtime::Runtime::new().unwrap();
    let guard = callers.enter();
    let _caller = call(&host, "1");
    drop(guard);
    let scene = received(scene, 1).await;
    callers.shutdown_background();
    gate.open();
    under_way(&host, 0).await;
    assert_eq!(scene.crm.n_entries(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_within_its_deadline_drains_and_takes_no_new_calls() {
    let scene = Scene::example().unwrap();
    let gate = Gate::new();
    scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let host = scene.host().unwrap();
    let first = call(&host, "1");
    let scene = received(scene, 1).await;
    let stopping = tokio::spawn({
        let host = host.clone();
        async move { host.shutdown(SOON).await }
    });
    // Until the shutdown has begun, calls are taken and wait in the CRM; the bad input does not get there.
    let refused = async {
        loop {
            let input = "{}".to_owned();
            let outcome = host.create_call_log("example", input, CallOptions::default());
            let outcome = outcome.await;
            if code(&outcome) != Some(FaultCode::InvalidInput) {
                return outcome;
            }
        }
    };
    let refused = timeout(SOON, refused).await.unwrap();
    assert_eq!(code(&refused), Some(FaultCode::Unavailable), "{refused:?}");
    assert!(!stopping.is_finished());
    gate.open();
    timeout(SOON, stopping).await.unwrap().unwrap();
    assert_eq!(first.await.unwrap().log_id(), Some("act-1"));
    assert_eq!((host.n_calls(), scene.crm.requests().len()), (0, 1));
    // A second one has nothing left to wait for.
    timeout(SOON, host.shutdown(SOON)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_past_its_deadline_waits_for_writes_alone() {
    let limits = "[limits]\nmax_in_flight = 1\ntimeout = \"2m\"";
    let scene = Scene::example_with(limits).unwrap();
    let gate = Gate::new();
    scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let host = scene.host().unwrap();
    let writing = call(&host, "1");
    let scene = received(scene, 1).await;
    let waiting = call(&host, "2");
    under_way(&host, 2).await;
    let stopping = tokio::spawn({
        let host = host.clone();
        async move { host.shutdown(Duration::ZERO).await }
    });
    let waiting = timeout(SOON, waiting).await.unwrap().unwrap();
    assert_eq!(code(&waiting), Some(FaultCode::Unavailable), "{waiting:?}");
    assert!(!stopping.is_finished());
    gate.open();
    timeout(SOON, stopping).await.unwrap().unwrap();
    assert_eq!(writing.await.unwrap().log_id(), Some("act-1"));
    assert_eq!(scene.crm.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_past_its_deadline_ends_reads_at_once() {
    let scene = Scene::pipedrive_within("2m").unwrap();
    scene
        .crm
        .script(Rule::get("/api/v2/persons/77").hold(&Gate::new()));
    let host = scene.host().unwrap();
    let mut input = input("1").unwrap();
    input["user"]["hostname"] = json!(scene.crm.authority());
    let reading = tokio::spawn({
        let host = host.clone();
        async move {
            let call = host.create_call_log("pipedrive", input.to_string(), CallOptions::default());
            call.await
        }
    });
    let scene = received(scene, 1).await;
    timeout(SOON, host.shutdown(Duration::ZERO)).await.unwrap();
    let outcome = reading.await.unwrap();
    assert_eq!(code(&outcome), Some(FaultCode::Unavailable), "{outcome:?}");
    assert_eq!((scene.crm.n_entries(), scene.crm.requests().len()), (0, 1));
}

#[test]
fn a_host_needs_no_clock_of_its_callers_runtime() {
    let scene = Scene::example().unwrap();
    let host = scene.host().unwrap();
    let bare = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let outcome = bare.block_on(async {
        let input = input("1").unwrap().to_string();
        let outcome = host
            .create_call_log("example", input, CallOptions::default())
            .await;
        host.shutdown(SOON).await;
        outcome
    });
    assert_eq!(outcome.log_id(), Some("act-1"), "{outcome:?}");
}
