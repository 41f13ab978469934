//! Calls whose end is unclear, and who clears it.

use super::*;
use crate::ledger::state::{Decision, Found};
use crate::ledger::{ResolveError, Resolved};

on_every_store! {
    a_look_up_decides_once_no_write_can_be_on_its_way,
    an_entry_that_another_call_has_is_not_found_again,
    an_operator_decides_and_is_named,
}

fn one(log_id: &str) -> Found {
    Found::One {
        log_id: log_id.to_owned(),
    }
}

async fn a_look_up_decides_once_no_write_can_be_on_its_way(place: Place) {
    let ledger = place.open();
    for session in ["none", "one", "several"] {
        in_doubt(&ledger, session).await;
    }
    let look_up = async |session, found| {
        let now = place.now();
        ledger
            .looked_up(&key(session), Token::FIRST, found, now, QUARANTINE)
            .await
    };
    let until = place.now() + QUARANTINE;
    let early = look_up("none", Found::None).await.unwrap_err();
    assert!(
        matches!(early, ResolveError::Quarantined { until: found, .. } if found == until),
        "{early}"
    );
    place.wait(QUARANTINE).await;
    look_up("none", Found::None).await.unwrap();
    assert_eq!(
        state(&ledger, "none").await,
        State::Failed { retry_at: None }
    );
    look_up("one", one("entry")).await.unwrap();
    let log_id = "entry".to_owned();
    assert_eq!(state(&ledger, "one").await, State::Done { log_id });
    let several = look_up("several", Found::Several).await.unwrap_err();
    assert!(matches!(several, ResolveError::Several { .. }), "{several}");
    assert_eq!(state(&ledger, "several").await, State::Unknown);

    let attempts = ledger.attempts(&key("one")).await.unwrap();
    let resolved = Resolved {
        at: place.now(),
        state: StateName::Done,
        by: "look-up".to_owned(),
    };
    assert_eq!(attempts[0].resolved, Some(resolved));
    // It said that nobody knows.
    let row = ledger.read(&key("one")).await.unwrap().unwrap();
    assert_eq!((row.outcome, row.reference), (None, None));
}

async fn an_entry_that_another_call_has_is_not_found_again(place: Place) {
    let ledger = place.open();
    let token = claimed(&ledger, "first").await;
    ledger
        .settle(&key("first"), token, done("entry"))
        .await
        .unwrap();
    in_doubt(&ledger, "s").await;
    place.wait(QUARANTINE).await;
    let now = place.now();
    let call = key("s");
    let found = ledger.looked_up(&call, token, one("entry"), now, QUARANTINE);
    let refused = found.await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "entry \"entry\" is that of call createCallLog/acme/acme.example/7/first, \
         so it is not that of call createCallLog/acme/acme.example/7/s"
    );
    assert_eq!(state(&ledger, "s").await, State::Unknown);
    // The same id in another tenant is another entry.
    let elsewhere = CallKey::of_call("createCallLog", "acme", "other.example", "7", "s");
    let mut claim = new_claim("s");
    claim.reference.hostname = "other.example".to_owned();
    ledger.claim(&elsewhere, claim).await.unwrap();
    ledger
        .settle(&elsewhere, token, settlement(AttemptEnd::Unknown))
        .await
        .unwrap();
    place.wait(QUARANTINE).await;
    let now = place.now();
    let found = ledger.looked_up(&elsewhere, token, one("entry"), now, QUARANTINE);
    found.await.unwrap();
}

async fn an_operator_decides_and_is_named(place: Place) {
    let ledger = place.open();
    for session in ["logged", "not"] {
        in_doubt(&ledger, session).await;
    }
    let log_id = "entry".to_owned();
    let resolve = async |session, decision| {
        ledger
            .resolve(&key(session), Token::FIRST, decision, QUARANTINE, "ada")
            .await
    };
    let logged = Decision::Logged {
        log_id: log_id.clone(),
    };
    resolve("logged", logged.clone()).await.unwrap();
    assert_eq!(state(&ledger, "logged").await, State::Done { log_id });
    let early = resolve("not", Decision::NotLogged).await.unwrap_err();
    assert!(matches!(early, ResolveError::Quarantined { .. }), "{early}");
    place.wait(QUARANTINE).await;
    resolve("not", Decision::NotLogged).await.unwrap();
    let attempts = ledger.attempts(&key("not")).await.unwrap();
    let resolved = Resolved {
        at: place.now(),
        state: StateName::Failed,
        by: "ada".to_owned(),
    };
    assert_eq!(attempts[0].resolved, Some(resolved));

    let moved_on = resolve("not", logged.clone()).await.unwrap_err();
    assert_eq!(
        moved_on.to_string(),
        "call createCallLog/acme/acme.example/7/not has moved on: it is FAILED at attempt 1"
    );
    let missing = resolve("missing", logged).await.unwrap_err();
    assert!(matches!(missing, ResolveError::Missing { .. }), "{missing}");
    assert_eq!(claimed(&ledger, "not").await.number(), 2);
}
