//! One entry for each call: what a host with a ledger does with calls that are repeated.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{fs, path::PathBuf, time::Duration};

use mock_crm::{Gate, Reply, Rule};
use serde_json::{Value, json};
use switchboard_host::ledger::state::{State, StateName};
use switchboard_host::ledger::{CallKey, Filter, Ledger, Row};
use switchboard_host::{CallOptions, CallOutcome, FaultCode, Host};
use switchboard_tests::{Scene, Stage, input};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(60);

/// The Example CRM, and a host that keeps a ledger.
struct Kept {
    scene: Scene,
    ledger: Ledger,
    host: Host,
}

impl Kept {
    fn new() -> Self {
        Self::with("")
    }

    fn with(sections: &str) -> Self {
        let scene = Scene::example_with(sections).unwrap();
        let ledger = Ledger::sqlite(&file(&scene)).unwrap();
        let host = host(&scene, &ledger);
        Self {
            scene,
            ledger,
            host,
        }
    }

    async fn log(&self, input: &Value) -> CallOutcome {
        log(&self.host, input).await
    }

    async fn row(&self, session: &str) -> Row {
        row(&self.ledger, session).await
    }

    fn n_requests(&self) -> usize {
        self.scene.crm.requests().len()
    }
}

fn file(scene: &Scene) -> PathBuf {
    scene.place.root().join("ledger.sqlite")
}

fn host(scene: &Scene, ledger: &Ledger) -> Host {
    let builder = scene.place.host().unwrap();
    builder.ledger(ledger.clone()).build().unwrap()
}

async fn log(host: &Host, input: &Value) -> CallOutcome {
    log_with(host, input, CallOptions::default()).await
}

async fn log_with(host: &Host, input: &Value, options: CallOptions) -> CallOutcome {
    host.create_call_log("example", input.to_string(), options)
        .await
}

fn spawn(host: &Host, input: &Value) -> JoinHandle<CallOutcome> {
    let (host, input) = (host.clone(), input.clone());
    tokio::spawn(async move { log(&host, &input).await })
}

async fn row(ledger: &Ledger, session: &str) -> Row {
    let rows = ledger
        .list(Filter {
            state: None,
            crm: None,
            since: None,
            after: 0,
            limit: 1000,
        })
        .await
        .unwrap();
    let row = rows.into_iter().find(|row| row.session == session);
    row.unwrap_or_else(|| panic!("{session} is not in the ledger"))
}

fn code(outcome: &CallOutcome) -> Option<FaultCode> {
    outcome.error().map(|error| error.code)
}

fn message(outcome: &CallOutcome) -> &str {
    outcome.return_message()["message"].as_str().unwrap()
}

/// Waits until the call is in this state.
async fn until(ledger: &Ledger, key: &CallKey, state: StateName) {
    let reached = async {
        loop {
            let row = ledger.read(key).await.unwrap();
            if row.is_some_and(|row| row.standing.state.name() == state) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, reached).await.unwrap();
}

fn key(input: &Value) -> CallKey {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (user, record) = (&input["user"], &input["callLog"]);
    let hostname = user["hostname"].as_str().unwrap_or_default();
    let session = text(&record["sessionId"]);
    CallKey::of_call(
        "createCallLog",
        "example",
        hostname,
        &text(&user["id"]),
        &session,
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_requests_at_once_make_one_entry_and_get_its_id() {
    let kept = Kept::new();
    let gate = Gate::new();
    let crm = &kept.scene.crm;
    crm.script(Rule::post("/activities").hold(&gate).store());
    let input = input("1").unwrap();
    let calls: Vec<_> = (0..50).map(|_| spawn(&kept.host, &input)).collect();
    until(&kept.ledger, &key(&input), StateName::Sending).await;
    gate.open();
    let mut n_duplicates = 0;
    for call in calls {
        let outcome = call.await.unwrap();
        assert_eq!(outcome.log_id(), Some("act-1"), "{outcome:?}");
        n_duplicates += usize::from(outcome.is_duplicate());
    }
    assert_eq!(n_duplicates, 49);
    assert_eq!((kept.scene.crm.n_entries(), kept.n_requests()), (1, 1));
}

#[tokio::test]
async fn a_repeat_gets_the_first_outcome_and_sends_nothing() {
    let kept = Kept::new();
    let input = input("1").unwrap();
    let first = serde_json::to_value(kept.log(&input).await).unwrap();
    let again = kept.log(&input).await;
    assert!(again.is_duplicate());
    let mut expected = first;
    expected["duplicate"] = true.into();
    assert_eq!(serde_json::to_value(&again).unwrap(), expected);
    assert_eq!((kept.scene.crm.n_entries(), kept.n_requests()), (1, 1));
    // Another host on the same file knows it, too.
    let ledger = Ledger::sqlite(&file(&kept.scene)).unwrap();
    let other = log(&host(&kept.scene, &ledger), &input).await;
    assert_eq!(serde_json::to_value(&other).unwrap(), expected);
    assert_eq!(kept.n_requests(), 1);
}

#[tokio::test]
async fn calls_of_other_sessions_users_and_crms_are_calls_of_their_own() {
    let kept = Kept::new();
    let call = input("1").unwrap();
    let mut other_user = call.clone();
    other_user["user"]["id"] = "another".into();
    for input in [&call, &other_user, &input("2").unwrap()] {
        let outcome = kept.log(input).await;
        assert!(outcome.log_id().is_some() && !outcome.is_duplicate());
    }
    assert_eq!(kept.scene.crm.n_entries(), 3);
}

#[tokio::test]
async fn a_repeat_for_another_contact_is_told_so() {
    let kept = Kept::new();
    let mut input = input("1").unwrap();
    kept.log(&input).await;
    input["contactInfo"]["id"] = "another".into();
    let outcome = kept.log(&input).await;
    assert_eq!(outcome.log_id(), Some("act-1"));
    assert!(
        message(&outcome).contains("for another contact"),
        "{outcome:?}"
    );
    assert_eq!(outcome.return_message()["messageType"], "warning");
    assert_eq!(kept.scene.crm.n_entries(), 1);
}

#[tokio::test]
async fn a_repeat_is_told_that_the_entry_was_made_while_the_call_was_running() {
    let kept = Kept::new();
    let mut input = input("1").unwrap();
    input["callLog"]["duration"] = "pending".into();
    let first = kept.log(&input).await;
    assert_eq!(message(&first), "Call logged");
    input["callLog"]["duration"] = 90.into();
    let again = kept.log(&input).await;
    assert!(
        message(&again).contains("while the call was running"),
        "{again:?}"
    );
}

#[tokio::test]
async fn an_idempotency_key_stands_for_one_session() {
    let kept = Kept::new();
    let options = |key: &str| {
        let mut options = CallOptions::default();
        options.idempotency_key = Some(key.to_owned());
        options
    };
    let mut call = input("1").unwrap();
    log_with(&kept.host, &call, options("order 77")).await;
    call["user"]["id"] = "another".into();
    let again = log_with(&kept.host, &call, options("order 77")).await;
    assert!(again.is_duplicate());
    assert_eq!(again.log_id(), Some("act-1"));
    let other = input("2").unwrap();
    let refused = log_with(&kept.host, &other, options("order 77")).await;
    assert_eq!(code(&refused), Some(FaultCode::InvalidInput), "{refused:?}");
    assert!(message(&refused).contains("\"order 77\""), "{refused:?}");
    for wrong in ["", &"x".repeat(501)] {
        let refused = log_with(&kept.host, &other, options(wrong)).await;
        assert_eq!(code(&refused), Some(FaultCode::InvalidInput), "{refused:?}");
    }
    assert_eq!((kept.scene.crm.n_entries(), kept.n_requests()), (1, 1));
}

#[tokio::test]
async fn a_call_with_an_unclear_end_is_not_sent_again() {
    let kept = Kept::new();
    kept.scene
        .crm
        .script(Rule::post("/activities").store().reset());
    let input = input("1").unwrap();
    let first = kept.log(&input).await;
    assert_eq!(code(&first), Some(FaultCode::UnknownOutcome), "{first:?}");
    kept.scene.crm.clear_script();
    let again = kept.log(&input).await;
    assert!(again.is_duplicate());
    assert_eq!(code(&again), Some(FaultCode::UnknownOutcome), "{again:?}");
    assert_eq!((kept.scene.crm.n_entries(), kept.n_requests()), (1, 1));
    assert_eq!(kept.row("1").await.standing.state, State::Unknown);
}

#[tokio::test]
async fn a_refused_call_may_be_sent_again() {
    let kept = Kept::new();
    kept.scene.crm.script(
        Rule::post("/activities")
            .reply(Reply::json(401, &json!({})))
            .once(),
    );
    let input = input("1").unwrap();
    let refused = kept.log(&input).await;
    assert_eq!(code(&refused), Some(FaultCode::Unauthorized));
    assert_eq!(kept.row("1").await.standing.state, State::Rejected);
    let logged = kept.log(&input).await;
    assert_eq!(logged.log_id(), Some("act-1"), "{logged:?}");
    assert!(!logged.is_duplicate());
    let attempts = kept.ledger.attempts(&key(&input)).await.unwrap();
    let ends: Vec<_> = attempts
        .iter()
        .map(|it| it.settled.unwrap().state)
        .collect();
    assert_eq!(ends, [StateName::Rejected, StateName::Done]);
    assert!(attempts.iter().all(|it| it.fenced_at.is_some()));
    let [sent] = &attempts[0].sent[..] else {
        panic!("{attempts:?}")
    };
    assert_eq!(
        (&*sent.method, &*sent.path, sent.write, sent.status),
        ("POST", "/activities", true, Some(401))
    );
}

#[tokio::test]
async fn a_call_is_not_sent_again_before_the_crm_wants_it() {
    let kept = Kept::new();
    let busy = Reply::empty(429).header("retry-after", "120");
    kept.scene
        .crm
        .script(Rule::post("/activities").reply(busy).once());
    let input = input("1").unwrap();
    assert_eq!(code(&kept.log(&input).await), Some(FaultCode::RateLimited));
    // Another host has not heard of the pause, but reads the ledger.
    let other = host(&kept.scene, &kept.ledger);
    let again = log(&other, &input).await;
    assert_eq!(code(&again), Some(FaultCode::RateLimited), "{again:?}");
    let wait = again.error().unwrap().retry_after.unwrap();
    assert!(
        wait > Duration::from_secs(60) && wait <= Duration::from_secs(120),
        "{wait:?}"
    );
    assert_eq!(kept.n_requests(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_a_call_shares_its_failure_and_sends_nothing() {
    let kept = Kept::new();
    let gate = Gate::new();
    let refusal = Reply::json(422, &json!({ "error": "no such field" }));
    kept.scene
        .crm
        .script(Rule::post("/activities").hold(&gate).reply(refusal));
    let input = input("1").unwrap();
    let first = spawn(&kept.host, &input);
    until(&kept.ledger, &key(&input), StateName::Sending).await;
    let waiting: Vec<_> = (0..20).map(|_| spawn(&kept.host, &input)).collect();
    while kept.host.n_calls() < 21 {
        tokio::task::yield_now().await;
    }
    gate.open();
    let first = first.await.unwrap();
    assert_eq!(code(&first), Some(FaultCode::Rejected));
    // Who looks when all is over makes an attempt of its own.
    let mut n_attempts = 1;
    for outcome in waiting {
        let outcome = outcome.await.unwrap();
        assert_eq!(outcome.error(), first.error());
        n_attempts += usize::from(!outcome.is_duplicate());
    }
    assert_eq!(kept.n_requests(), n_attempts);
    assert!(n_attempts < 21, "nobody has waited");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_another_request_is_logging_is_in_progress_when_the_time_is_over() {
    let kept = Kept::with("[limits]\ntimeout = \"1s\"");
    let gate = Gate::new();
    kept.scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let input = input("1").unwrap();
    let first = spawn(&kept.host, &input);
    until(&kept.ledger, &key(&input), StateName::Sending).await;
    let waiting = kept.log(&input).await;
    assert_eq!(code(&waiting), Some(FaultCode::InProgress), "{waiting:?}");
    assert_eq!((waiting.exit_code(), waiting.is_duplicate()), (3, true));
    gate.open();
    assert_eq!(first.await.unwrap().log_id(), Some("act-1"));
    assert_eq!(kept.n_requests(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_leaves_a_call_that_is_settled() {
    let kept = Kept::new();
    let gate = Gate::new();
    kept.scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let input = input("1").unwrap();
    let caller = spawn(&kept.host, &input);
    until(&kept.ledger, &key(&input), StateName::Sending).await;
    caller.abort();
    gate.open();
    until(&kept.ledger, &key(&input), StateName::Done).await;
    let again = kept.log(&input).await;
    assert_eq!((again.log_id(), kept.n_requests()), (Some("act-1"), 1));
}

#[tokio::test]
async fn without_its_ledger_a_call_sends_nothing() {
    let kept = Kept::new();
    kept.log(&input("1").unwrap()).await;
    // What SQLite reads next is no ledger any more.
    let path = file(&kept.scene);
    for suffix in ["", "-wal"] {
        let path = PathBuf::from(format!("{}{suffix}", path.display()));
        let length = fs::metadata(&path).unwrap().len();
        fs::write(&path, vec![0xaa; usize::try_from(length).unwrap()]).unwrap();
    }
    let outcome = kept.log(&input("2").unwrap()).await;
    assert_eq!(code(&outcome), Some(FaultCode::Unavailable), "{outcome:?}");
    assert!(
        message(&outcome).contains("record of what is logged"),
        "{outcome:?}"
    );
    assert_eq!((kept.scene.crm.n_entries(), kept.n_requests()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connector_with_a_network_of_its_own_is_fenced_before_it_is_called() {
    let stage = Stage::with_faulty("own-network", "").unwrap();
    let ledger = Ledger::sqlite(&stage.place.root().join("ledger.sqlite")).unwrap();
    let builder = stage.place.host().unwrap();
    let host = builder.ledger(ledger.clone()).build().unwrap();
    let call = input("1").unwrap().to_string();
    let outcome = host.create_call_log("own-network", call, CallOptions::default());
    let outcome = outcome.await;
    assert_eq!(outcome.log_id(), Some("unseen"), "{outcome:?}");
    let row = row(&ledger, "1").await;
    let attempts = ledger.attempts(&row.key).await.unwrap();
    assert!(attempts[0].fenced_at.is_some(), "{attempts:?}");
}

#[tokio::test]
async fn a_call_that_was_not_sent_leaves_nothing_in_the_ledger() {
    let kept = Kept::new();
    let mut wrong = input("1").unwrap();
    wrong["callLog"]["startTime"] = Value::Null;
    assert_eq!(code(&kept.log(&wrong).await), Some(FaultCode::InvalidInput));
    let dry = kept.host.dry_run(
        "example",
        input("1").unwrap().to_string(),
        CallOptions::default(),
    );
    assert_eq!(dry.await.exit_code(), 0);
    assert_eq!(
        kept.ledger.read(&key(&input("1").unwrap())).await.unwrap(),
        None
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_calls_take_no_place_and_no_turn_from_others() {
    let kept = Kept::with("[limits]\nmax_in_flight = 1\nrequests_per_second = 0.01\nburst = 1");
    let gate = Gate::new();
    let crm = &kept.scene.crm;
    crm.script(Rule::post("/activities").hold(&gate).store());
    let input = input("1").unwrap();
    let first = spawn(&kept.host, &input);
    until(&kept.ledger, &key(&input), StateName::Sending).await;
    // With one place and four that wait, some would be turned away; with one turn, all.
    let equal: Vec<_> = (0..20).map(|_| spawn(&kept.host, &input)).collect();
    while kept.host.n_calls() < 21 {
        tokio::task::yield_now().await;
    }
    gate.open();
    for call in std::iter::once(first).chain(equal) {
        assert_eq!(call.await.unwrap().log_id(), Some("act-1"));
    }
    assert_eq!((kept.scene.crm.n_entries(), kept.n_requests()), (1, 1));
}
