//! A CRM in quarantine: who is refused, who sees it, and who ends it.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::fs;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use mock_crm::Rule;
use serde_json::{Value, json};
use switchboard_host::ledger::{Ledger, LedgerPlace};
use switchboard_host::{CallOptions, CrmState, FaultCode, Reconciled, ReleaseError};
use switchboard_tests::{Output, Scene, input};

const REASON: &str = "it was ended by signal 11";

fn run(scene: &Scene, arguments: &[&str]) -> Output {
    scene.place.switchboard(arguments).unwrap().run().unwrap()
}

fn log(scene: &Scene) -> Output {
    scene
        .log(&input("1").unwrap(), [""; 0])
        .unwrap()
        .run()
        .unwrap()
}

/// Returns the moment this many seconds from now, in whole seconds.
fn in_seconds(seconds: i64) -> Timestamp {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    now + SignedDuration::from_secs(seconds)
}

/// Returns what is kept of a quarantine that ends then.
fn kept(scene: &Scene, until: Timestamp) -> Value {
    let since = until - SignedDuration::from_mins(5);
    let crash = json!({ "at": since.to_string(), "reason": REASON });
    json!({
        "crm": "example",
        "library": run(scene, &["list", "--json"]).json().unwrap()[0]["sha256"],
        "crashes": vec![crash; 5],
        "quarantine": {
            "since": since.to_string(),
            "until": until.to_string(),
            "reason": REASON,
            "n_crashes": 5,
        },
    })
}

/// Returns where the crashes of a library are kept.
fn file_of(scene: &Scene, library: &str) -> PathBuf {
    let name = format!("crashes/example-{}.json", &library[..16]);
    scene.place.state().join(name)
}

/// Writes what is kept of the library that the CRM has.
fn write(scene: &Scene, content: &str) {
    let list = run(scene, &["list", "--json"]).json().unwrap();
    let file = file_of(scene, list[0]["sha256"].as_str().unwrap());
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
}

/// Puts the CRM in quarantine, and returns its end, in four minutes.
fn quarantine(scene: &Scene) -> Timestamp {
    let until = in_seconds(240);
    write(scene, &kept(scene, until).to_string());
    until
}

#[test]
fn a_call_is_refused_for_the_rest_of_the_quarantine() {
    let scene = Scene::example().unwrap();
    let until = quarantine(&scene);
    let output = log(&scene);
    let error = &output.json().unwrap()["error"];
    assert_eq!(
        (output.code, &error["code"]),
        (Some(1), &json!("unavailable"))
    );
    let message = format!(
        "the connector failed 5 times within a minute, the last time because {REASON}; calls are refused until \
         {until}: tell its author, and when it is repaired end this with `switchboard release --crm example`"
    );
    assert_eq!(error["message"], message);
    let seconds = error["retryAfterSeconds"].as_u64().unwrap();
    assert!((180..=240).contains(&seconds), "{seconds}");
    assert_eq!(scene.crm.requests(), []);
}

#[test]
fn the_list_shows_a_quarantine_and_its_check_fails() {
    let scene = Scene::example().unwrap();
    let until = quarantine(&scene);
    let since = until - SignedDuration::from_mins(5);
    let output = run(&scene, &["list", "--check"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let cell = format!("\tquarantined until {until}: {REASON}\t");
    assert!(output.stdout.contains(&cell), "{output:?}");
    let said = format!(
        "example is in quarantine from {since} to {until}:\nits connector crashed again and again, the last time \
         because {REASON}; tell its author, and when it is repaired run `switchboard release --crm example`\n"
    );
    assert!(output.stderr.contains(&said), "{output:?}");

    let json = run(&scene, &["list", "--json"]).json().unwrap();
    let shown = ["state", "reason", "since", "until"].map(|member| &json[0][member]);
    let (since, until) = (json!(since.to_string()), json!(until.to_string()));
    assert_eq!(
        shown,
        [&json!("quarantined"), &json!(REASON), &since, &until]
    );
}

#[test]
fn an_operator_ends_a_quarantine() {
    let scene = Scene::example().unwrap();
    quarantine(&scene);
    let release = ["release", "--crm", "example"];
    let output = run(&scene, &release);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(output.stdout, "the quarantine of example has ended\n");
    assert_eq!(log(&scene).code, Some(0));

    let output = run(&scene, &release);
    let said = (output.code, &*output.stdout, &*output.stderr);
    let none = format!(
        "example is in no quarantine in the state folder {}\n",
        scene.place.state().display()
    );
    assert_eq!(said, (Some(1), "", &*none));
    let output = run(&scene, &["release", "--crm", "acme"]);
    let said = (output.code, &*output.stdout, &*output.stderr);
    let unknown = "error: no manifest enables \"acme\"; known CRMs: example\n";
    assert_eq!(said, (Some(1), "", unknown));
}

#[test]
fn a_file_that_cannot_be_removed_is_named_in_the_error() {
    let scene = Scene::example().unwrap();
    // Not even root reads a folder as a file.
    fs::create_dir_all(file_of(&scene, "0123456789abcdef")).unwrap();
    let output = run(&scene, &["release", "--crm", "example"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let said = output
        .stderr
        .starts_with("error: cannot end the quarantine of example: a file crashes/example-*.json");
    assert!(said, "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_running_sees_a_quarantine_begin_and_end() {
    let scene = Scene::example().unwrap();
    let host = scene
        .place
        .host()
        .unwrap()
        .state_folder(scene.place.state());
    let host = host.build().unwrap();
    let call = async |session: &str| {
        let input = input(session).unwrap().to_string();
        let options = CallOptions::default();
        let outcome = host.create_call_log("example", input, options).await;
        outcome.error().map(|error| error.code)
    };
    assert_eq!(call("1").await, None);
    quarantine(&scene);
    assert_eq!(call("2").await, Some(FaultCode::Unavailable));
    let state = host.crms().remove(0).state;
    assert!(matches!(state, CrmState::Quarantined { .. }), "{state:?}");
    assert_eq!(run(&scene, &["release", "--crm", "example"]).code, Some(0));
    assert_eq!(call("2").await, None);

    quarantine(&scene);
    assert_eq!(call("3").await, Some(FaultCode::Unavailable));
    assert!(host.release("example").unwrap());
    assert_eq!(host.crms().remove(0).state, CrmState::Ready);
    assert_eq!(call("3").await, None);
    assert!(!host.release("example").unwrap());
    let unknown = host.release("acme");
    assert!(
        matches!(unknown, Err(ReleaseError::UnknownCrm { .. })),
        "{unknown:?}"
    );
    assert_eq!(scene.crm.n_entries(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_an_entry_waits_for_the_end_of_a_quarantine() {
    let scene = Scene::example().unwrap();
    let host = scene
        .place
        .host()
        .unwrap()
        .state_folder(scene.place.state())
        .ledger(Ledger::open(&LedgerPlace::Sqlite(scene.place.ledger())).unwrap())
        .wait_for_requests();
    let host = host.build().unwrap();
    let lost = Rule::post("/activities").once().store().reset();
    scene.crm.script(lost);
    let input = input("1").unwrap().to_string();
    let options = CallOptions::default();
    let outcome = host.create_call_log("example", input, options).await;
    let code = outcome.error().map(|error| error.code);
    assert_eq!(code, Some(FaultCode::UnknownOutcome));

    quarantine(&scene);
    let key = host.unclear_calls().await.unwrap().remove(0).key;
    match host.reconcile(&key).await.unwrap() {
        Reconciled::Failed(fault) => assert_eq!(fault.code(), FaultCode::Unavailable),
        found => panic!("a person has to look: {found:?}"),
    }
    assert!(host.release("example").unwrap());
    let found = host.reconcile(&key).await.unwrap();
    assert!(matches!(found, Reconciled::TooEarly { .. }), "{found:?}");
}

#[test]
fn what_is_over_of_another_library_or_damaged_stops_no_call() {
    let scene = Scene::example().unwrap();
    let over = kept(&scene, in_seconds(-1));
    let mut of_another = kept(&scene, in_seconds(240));
    of_another["library"] = json!("0".repeat(64));
    let mut of_another_crm = kept(&scene, in_seconds(240));
    of_another_crm["crm"] = json!("acme");
    for (content, is_damaged) in [
        (over.to_string(), false),
        (of_another.to_string(), false),
        (of_another_crm.to_string(), false),
        ("{\"library\":".to_owned(), true),
    ] {
        write(&scene, &content);
        scene.place.forget().unwrap();
        let output = log(&scene);
        assert_eq!(output.code, Some(0), "{content}: {output:#?}");
        let warned = output
            .stderr
            .matches("a CRM's crashes cannot be read")
            .count();
        assert_eq!(warned, usize::from(is_damaged), "{content}: {output:#?}");
    }
}

#[test]
fn a_connector_that_never_crashed_leaves_no_file() {
    let scene = Scene::example().unwrap();
    assert_eq!(log(&scene).code, Some(0));
    assert_eq!(run(&scene, &["list", "--check"]).code, Some(0));
    assert!(!scene.place.state().exists());
}
