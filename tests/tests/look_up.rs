//! Calls whose end was unclear: what the CRM says of them later.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{
    fs,
    time::{Duration, Instant},
};

use mock_crm::{Reply, Rule};
use serde_json::{Value, json};
use switchboard_host::ledger::Ledger;
use switchboard_host::{
    CallOptions, CallOutcome, Credentials, CredentialsAnswer, CredentialsRequest, FaultCode, Host,
    HostBuilder, Reconciled,
};
use switchboard_tests::{Scene, Stage, input, settings};

const SOON: Duration = Duration::from_secs(60);

/// The shortest times that a manifest takes.
const IMPATIENT: &str = "[ledger]\nlease_margin = \"10s\"\nquarantine = \"1s\"\n";

/// The Example CRM, and a host that keeps a ledger.
struct Kept {
    scene: Scene,
    ledger: Ledger,
    host: Host,
}

impl Kept {
    fn new(scene: Scene) -> Self {
        Self::with(scene, |builder| builder)
    }

    fn with(scene: Scene, change: impl Fn(HostBuilder) -> HostBuilder) -> Self {
        let ledger = Ledger::sqlite(&scene.place.root().join("ledger.sqlite")).unwrap();
        let builder = scene.place.host().unwrap();
        let host = change(builder.ledger(ledger.clone())).build().unwrap();
        Self {
            scene,
            ledger,
            host,
        }
    }

    async fn log(&self, input: &Value) -> CallOutcome {
        let options = CallOptions::default();
        let call = self
            .host
            .create_call_log("example", input.to_string(), options);
        call.await
    }

    /// Logs a call whose answer is lost, after the CRM has stored the entry or before.
    async fn lose(&self, input: &Value, lost: Rule) {
        self.scene.crm.script(lost.reset().once());
        let outcome = self.log(input).await;
        assert_eq!(
            code(&outcome),
            Some(FaultCode::UnknownOutcome),
            "{outcome:?}"
        );
    }

    /// Sends a call again until its end is clear, or this is said of it.
    async fn log_until(&self, input: &Value, said: &str) -> CallOutcome {
        let began = Instant::now();
        loop {
            let outcome = self.log(input).await;
            let error = outcome.error().map(|error| error.message.clone());
            if error.is_none_or(|error| !said.is_empty() && error.contains(said)) {
                return outcome;
            }
            assert!(began.elapsed() < SOON, "{outcome:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Looks for the entry until it is not too early.
    async fn reconcile(&self, input: &Value) -> Reconciled {
        let began = Instant::now();
        loop {
            let unclear = self.host.unclear_calls().await.unwrap();
            let session = input["callLog"]["sessionId"].as_str().unwrap();
            let row = unclear.iter().find(|row| row.session == session);
            let Some(row) = row else {
                let row = self.ledger.read(&key(input)).await.unwrap().unwrap();
                panic!("is clear: {row:?}")
            };
            let found = self.host.reconcile(&row.key).await.unwrap();
            if !matches!(found, Reconciled::TooEarly { .. }) {
                return found;
            }
            assert!(began.elapsed() < SOON, "{found:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn n_searches(&self) -> usize {
        let requests = self.scene.crm.requests();
        requests.iter().filter(|it| it.method == "GET").count()
    }

    fn n_entries(&self) -> usize {
        self.scene.crm.n_entries()
    }
}

fn key(input: &Value) -> switchboard_host::ledger::CallKey {
    let session = input["callLog"]["sessionId"].as_str().unwrap();
    let user = &input["user"];
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    switchboard_host::ledger::CallKey::of_call(
        "createCallLog",
        "example",
        user["hostname"].as_str().unwrap_or_default(),
        &text(&user["id"]),
        session,
    )
}

fn impatient() -> Kept {
    Kept::new(Scene::example_with(IMPATIENT).unwrap())
}

fn stored() -> Rule {
    Rule::post("/activities").store()
}

fn code(outcome: &CallOutcome) -> Option<FaultCode> {
    outcome.error().map(|error| error.code)
}

#[tokio::test]
async fn an_entry_whose_answer_was_lost_is_found_and_not_made_twice() {
    let kept = impatient();
    let input = input("1").unwrap();
    kept.lose(&input, stored()).await;
    let outcome = kept.log_until(&input, "").await;
    assert_eq!(outcome.log_id(), Some("act-1"), "{outcome:?}");
    assert!(outcome.is_duplicate());
    assert_eq!(kept.n_entries(), 1);
    let attempts = kept.ledger.attempts(&key(&input)).await.unwrap();
    let resolved = attempts[0].resolved.as_ref().unwrap();
    assert_eq!(
        (resolved.state.as_str(), &*resolved.by),
        ("DONE", "look-up")
    );
}

#[tokio::test]
async fn a_call_that_did_not_arrive_is_logged_by_the_next_request() {
    let kept = impatient();
    let input = input("1").unwrap();
    kept.lose(&input, Rule::post("/activities")).await;
    assert_eq!(kept.n_entries(), 0);
    let outcome = kept.log_until(&input, "").await;
    assert_eq!(outcome.log_id(), Some("act-1"), "{outcome:?}");
    assert!(!outcome.is_duplicate());
    assert_eq!(kept.n_entries(), 1);
}

#[tokio::test]
async fn nothing_is_looked_for_before_the_quarantine_has_passed() {
    let kept = Kept::new(Scene::example().unwrap());
    let input = input("1").unwrap();
    kept.lose(&input, stored()).await;
    let outcome = kept.log(&input).await;
    assert_eq!(
        code(&outcome),
        Some(FaultCode::UnknownOutcome),
        "{outcome:?}"
    );
    let message = outcome.return_message()["message"].as_str().unwrap();
    assert!(
        message.contains("Log the call again in 5 minutes"),
        "{message}"
    );
    let wait = outcome.error().unwrap().retry_after.unwrap();
    assert!(wait > Duration::from_secs(200), "{wait:?}");
    assert_eq!((kept.n_searches(), kept.n_entries()), (0, 1));
}

#[tokio::test]
async fn several_entries_are_for_a_person_to_tell_apart() {
    let kept = impatient();
    let input = input("1").unwrap();
    kept.lose(&input, stored()).await;
    // Somebody has made one by hand, too.
    let entry = &kept.scene.crm.entries()[0].body;
    let by_hand = json!({ "id": "by-hand", "sessionId": entry["sessionId"] });
    let listed =
        json!({ "activities": [{ "id": "act-1", "sessionId": entry["sessionId"] }, by_hand] });
    kept.scene
        .crm
        .script(Rule::get("/activities").reply(Reply::json(200, &listed)));
    let outcome = kept.log_until(&input, "several entries").await;
    let error = &outcome.error().unwrap().message;
    assert!(
        error.contains("switchboard ledger resolve createCallLog/example/"),
        "{error}"
    );
    assert_eq!(kept.n_entries(), 1);
}

#[tokio::test]
async fn the_entry_of_another_call_is_not_taken_for_this_ones() {
    let kept = impatient();
    let first = input("1").unwrap();
    kept.log(&first).await;
    // The same session, logged by another user.
    let mut second = first.clone();
    second["user"]["id"] = "another".into();
    kept.lose(&second, Rule::post("/activities")).await;
    let outcome = kept.log_until(&second, "").await;
    assert_eq!(outcome.log_id(), Some("act-2"), "{outcome:?}");
    assert_eq!(kept.n_entries(), 2);
}

#[tokio::test]
async fn an_entry_that_two_unclear_calls_could_have_made_is_for_a_person() {
    let kept = impatient();
    let first = input("1").unwrap();
    let mut second = first.clone();
    second["user"]["id"] = "another".into();
    // One of them has arrived; the Example CRM's entries say no user.
    kept.lose(&first, stored()).await;
    kept.lose(&second, Rule::post("/activities")).await;
    kept.log_until(&first, "several entries").await;
    kept.log_until(&second, "several entries").await;
    assert_eq!(kept.n_entries(), 1);
}

#[tokio::test]
async fn a_search_that_fails_decides_nothing() {
    let kept = impatient();
    let input = input("1").unwrap();
    kept.lose(&input, stored()).await;
    kept.scene
        .crm
        .script(Rule::get("/activities").reply(Reply::empty(401)));
    let outcome = kept.log_until(&input, "looking for its entry failed").await;
    let error = &outcome.error().unwrap().message;
    assert!(error.contains("unauthorized"), "{error}");
    assert_eq!(kept.n_entries(), 1);
    kept.scene.crm.clear_script();
    let outcome = kept.log(&input).await;
    assert_eq!(outcome.log_id(), Some("act-1"), "{outcome:?}");
}

struct OneToken;

impl Credentials for OneToken {
    fn auth_header<'a>(&'a self, request: &'a CredentialsRequest) -> CredentialsAnswer<'a> {
        assert_eq!(request.crm, "example");
        Box::pin(async { Ok(Some("Bearer one-token".to_owned().into())) })
    }
}

#[tokio::test]
async fn a_gateway_that_knows_the_tokens_needs_no_request() {
    let scene = Scene::example_with(IMPATIENT).unwrap();
    let kept = Kept::with(scene, |builder| builder.credentials(OneToken));
    let (found, lost) = (input("1").unwrap(), input("2").unwrap());
    kept.lose(&found, stored()).await;
    kept.lose(&lost, Rule::post("/activities")).await;
    let log_id = "act-1".to_owned();
    assert_eq!(kept.reconcile(&found).await, Reconciled::Logged { log_id });
    assert_eq!(kept.reconcile(&lost).await, Reconciled::NotLogged);
    let search = kept.scene.crm.requests().pop().unwrap();
    assert_eq!(search.header("authorization"), Some("Bearer one-token"));
    assert_eq!(kept.n_entries(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn an_operator_names_a_program_that_knows_the_tokens() {
    let auth = "[auth]\ncommand = [\"sh\", \"-c\", \"echo Bearer $(cat | grep -o '\\\"crm\\\":\\\"example\\\"' | wc -l)\"]\n";
    let scene = Scene::example_with(&format!("{IMPATIENT}{auth}")).unwrap();
    let kept = Kept::new(scene);
    let input = input("1").unwrap();
    kept.lose(&input, stored()).await;
    let log_id = "act-1".to_owned();
    assert_eq!(kept.reconcile(&input).await, Reconciled::Logged { log_id });
    let search = kept.scene.crm.requests().pop().unwrap();
    assert_eq!(search.header("authorization"), Some("Bearer 1"));
}

#[tokio::test]
async fn a_host_that_starts_looks_for_what_was_left_unclear() {
    let kept = impatient();
    let input = input("1").unwrap();
    kept.lose(&input, stored()).await;
    assert_eq!(
        kept.reconcile(&input).await,
        Reconciled::WaitingForCredentials
    );
    // Long enough after the write by then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let Kept { scene, ledger, .. } = kept;
    let next = Kept::with(scene, |builder| builder.credentials(OneToken));
    let began = Instant::now();
    loop {
        let row = ledger.read(&key(&input)).await.unwrap().unwrap();
        if row.standing.state.name().as_str() == "DONE" {
            break;
        }
        assert!(began.elapsed() < SOON, "{row:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(next.n_entries(), 1);
}

#[tokio::test]
async fn a_crm_that_is_not_enabled_any_more_needs_a_person() {
    let kept = impatient();
    let input = input("1").unwrap();
    kept.lose(&input, stored()).await;
    let Kept { scene, .. } = kept;
    let manifest = scene.place.manifests().join("example.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replace("name = \"example\"", "name = \"renamed\""),
    )
    .unwrap();
    let next = Kept::new(scene);
    let found = next.reconcile(&input).await;
    let reason = "no manifest enables this CRM".to_owned();
    assert_eq!(found, Reconciled::CannotLookUp { reason });
}

#[tokio::test]
async fn a_connector_that_cannot_look_leaves_the_call_to_a_person() {
    let stage = Stage::new().unwrap();
    let url = format!("{}/activities", stage.crm.url());
    stage
        .add_faulty("returns-no-id", &settings(&[("url", &url)]))
        .unwrap();
    let ledger = Ledger::sqlite(&stage.place.root().join("ledger.sqlite")).unwrap();
    let builder = stage.place.host().unwrap();
    let host = builder
        .ledger(ledger)
        .credentials(OneToken)
        .build()
        .unwrap();
    let call = input("1").unwrap().to_string();
    let log = || host.create_call_log("returns-no-id", call.clone(), CallOptions::default());
    for is_duplicate in [false, true] {
        let outcome = log().await;
        assert_eq!(
            code(&outcome),
            Some(FaultCode::UnknownOutcome),
            "{outcome:?}"
        );
        assert_eq!(outcome.is_duplicate(), is_duplicate);
        let error = &outcome.error().unwrap().message;
        assert!(error.contains("switchboard ledger resolve"), "{error}");
    }
    let unclear = host.unclear_calls().await.unwrap();
    let found = host.reconcile(&unclear[0].key).await.unwrap();
    let reason = "its connector cannot look for entries".to_owned();
    assert_eq!(found, Reconciled::CannotLookUp { reason });
    assert_eq!(stage.crm.requests().len(), 1);
}
