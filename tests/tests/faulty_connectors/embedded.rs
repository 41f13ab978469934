//! What only a process that lives on can show: calls beside a panic, calls after it, services after their call.

use std::{path::Path, sync::mpsc, thread, time::Duration};

use mock_crm::{Gate, Rule};
use switchboard_host::{CallOptions, CallOutcome, CrmState, FaultCode, Host};
use switchboard_tests::{Stage, input_with_note, settings};
use tokio::task::JoinHandle;

/// Longer than anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn call(host: &Host, crm: &str, note: &str) -> JoinHandle<CallOutcome> {
    let (host, crm) = (host.clone(), crm.to_owned());
    let input = input_with_note(note).unwrap().to_string();
    tokio::spawn(async move {
        let options = CallOptions::default();
        host.create_call_log(&crm, input, options).await
    })
}

pub(super) async fn log_id(call: JoinHandle<CallOutcome>) -> String {
    let outcome = call.await.unwrap();
    outcome
        .log_id()
        .unwrap_or_else(|| panic!("{outcome:?}"))
        .to_owned()
}

pub(super) async fn code(call: JoinHandle<CallOutcome>) -> FaultCode {
    let outcome = call.await.unwrap();
    outcome
        .error()
        .unwrap_or_else(|| panic!("{outcome:?}"))
        .code
}

pub(super) fn reason(host: &Host, crm: &str) -> Option<String> {
    let info = host.crms().into_iter().find(|info| info.name == crm);
    match info.unwrap().state {
        CrmState::Disabled { reason, .. } => Some(reason),
        _ => None,
    }
}

/// Enables the connector that panics when told to; the name has to be the test's own.
fn panics_in_call(crm: &str) -> (Stage, Host) {
    let stage = Stage::new().unwrap();
    stage
        .place
        .place_connector("faulty-panics-in-call")
        .unwrap();
    let settings = settings(&[("base_url", &stage.crm.url())]);
    stage
        .enable_in("in-process", crm, "faulty_panics_in_call", &settings)
        .unwrap();
    let host = stage.host().unwrap();
    (stage, host)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_flight_outlive_a_panic_and_later_ones_share_one_fresh_instance() {
    let (stage, host) = panics_in_call("in-flight");
    let gate = Gate::new();
    stage
        .crm
        .script(Rule::post("/activities").once().hold(&gate));
    let in_flight = call(&host, "in-flight", "before");
    stage.crm.wait_for_requests(1, PATIENCE).unwrap();

    assert_eq!(
        code(call(&host, "in-flight", "panic")).await,
        FaultCode::Panicked
    );
    assert_eq!(reason(&host, "in-flight"), None);
    let later: Vec<_> = (0..16).map(|_| call(&host, "in-flight", "after")).collect();
    for call in later {
        assert_eq!(log_id(call).await, "instance-2");
    }
    gate.open();
    assert_eq!(log_id(in_flight).await, "instance-1");
    assert_eq!(stage.crm.n_entries(), 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_panic_in_a_minute_disables_the_crm_and_calls_in_flight_finish() {
    let (stage, host) = panics_in_call("three-panics");
    let gate = Gate::new();
    stage
        .crm
        .script(Rule::post("/activities").once().hold(&gate));
    let in_flight = call(&host, "three-panics", "before");
    stage.crm.wait_for_requests(1, PATIENCE).unwrap();

    for n_before in 0..3 {
        assert_eq!(
            reason(&host, "three-panics"),
            None,
            "after {n_before} panics"
        );
        assert_eq!(
            code(call(&host, "three-panics", "panic")).await,
            FaultCode::Panicked
        );
    }
    let reason = reason(&host, "three-panics").expect("it is disabled");
    for part in [
        "libfaulty_panics_in_call.so",
        "panicked three times within a minute",
        "report this to its author",
        "restart the host",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    let refused = call(&host, "three-panics", "after").await.unwrap();
    let error = refused.error().unwrap();
    assert_eq!((error.code, &error.message), (FaultCode::Disabled, &reason));
    assert_eq!(refused.http_status(), 503);

    gate.open();
    assert_eq!(log_id(in_flight).await, "instance-1");
    log_id(call(&host, "example", "another CRM")).await;
    assert_eq!(stage.crm.n_entries(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn panics_of_calls_at_the_same_time_disable_the_crm_as_well() {
    let (stage, host) = panics_in_call("at-once");
    let calls: Vec<_> = (0..3).map(|_| call(&host, "at-once", "panic")).collect();
    for call in calls {
        assert_eq!(code(call).await, FaultCode::Panicked);
    }
    assert!(reason(&host, "at-once").is_some());
    assert_eq!(stage.crm.requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn services_end_with_their_call_and_send_nothing_afterwards() {
    let stage = Stage::with_faulty("uses-services-late", "").unwrap();
    let host = stage.host().unwrap();
    let url = format!("{}/activities", stage.crm.url());
    // The read that the first call leaves behind is never answered.
    let gate = Gate::new();
    stage.crm.script(Rule::get("/activities").hold(&gate));
    assert_eq!(
        log_id(call(&host, "uses-services-late", &url)).await,
        "kept"
    );

    let closed = FaultCode::Closed.number();
    let ends = log_id(call(&host, "uses-services-late", &url)).await;
    assert_eq!(ends, format!("{closed} {closed}"));
    let methods = stage.crm.requests().into_iter().map(|it| it.method);
    assert!(methods.into_iter().all(|method| method == "GET"));
    assert_eq!(stage.crm.n_entries(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_the_drop_of_a_cancelled_call_is_survived() {
    let stage = Stage::new().unwrap();
    let trace = stage.place.root().join("trace");
    let dropped = pipe(&trace);
    let settings = settings(&[("trace", trace.to_str().unwrap())]);
    let sections = format!("[limits]\ntimeout = \"1s\"\n{settings}");
    stage
        .add_faulty("panics-when-cancelled", &sections)
        .unwrap();
    let host = stage.host().unwrap();
    assert_eq!(
        code(call(&host, "panics-when-cancelled", "")).await,
        FaultCode::Timeout
    );
    assert_eq!(dropped.recv_timeout(PATIENCE).unwrap(), "dropped");
    // The same instance takes the next call: nobody saw that panic.
    assert_eq!(
        code(call(&host, "panics-when-cancelled", "")).await,
        FaultCode::Timeout
    );
    log_id(call(&host, "example", "")).await;
}

/// Makes a named pipe; what is first written to it arrives at the receiver.
fn pipe(path: &Path) -> mpsc::Receiver<String> {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    thread::spawn(move || {
        while let Ok(text) = std::fs::read_to_string(&path) {
            // The test may be over.
            let _ = sender.send(text);
        }
    });
    receiver
}
