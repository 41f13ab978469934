//! Calls on their way through one ledger.

use super::*;
use crate::ledger::{Attempt, ClaimError, FenceError, Filter, Row, SettleError};

on_every_store! {
    a_logged_call_is_kept_with_its_outcome_and_what_was_sent,
    a_repeated_call_is_a_duplicate_with_what_is_known,
    a_failed_call_waits_for_its_time_and_starts_from_nothing,
    an_attempt_that_was_overtaken_may_not_write_and_settles_nothing,
    an_attempt_whose_host_is_gone_is_in_doubt_and_never_claimed,
    more_calls_than_one_transaction_takes_expire_and_are_pruned,
    only_calls_that_nobody_needs_are_forgotten_with_their_attempts,
    an_idempotency_key_stands_for_one_session,
    a_list_is_filtered_and_goes_on_where_it_ended,
    a_row_is_shown_as_json_without_what_finds_it,
}

fn all() -> Filter {
    Filter {
        state: None,
        crm: None,
        since: None,
        after: 0,
        limit: 100,
    }
}

async fn a_logged_call_is_kept_with_its_outcome_and_what_was_sent(place: Place) {
    let ledger = place.open();
    let began = place.now();
    let token = claimed(&ledger, "s").await;
    place.wait(Duration::from_secs(1)).await;
    ledger.fence(&key("s"), token).await.unwrap();
    place.wait(Duration::from_secs(1)).await;
    ledger
        .settle(&key("s"), token, done("entry"))
        .await
        .unwrap();

    let expected = Row {
        number: 1,
        key: key("s"),
        standing: crate::ledger::state::Standing {
            token: Token::FIRST,
            state: State::Done {
                log_id: "entry".to_owned(),
            },
            since: place.now(),
        },
        hostname: "acme.example".to_owned(),
        user_id: "7".to_owned(),
        contact_id: "77".to_owned(),
        session: "s".to_owned(),
        first_claimed_at: began,
        claimed_at: began,
        reference: None,
        outcome: Some(json!({ "logId": "entry" })),
    };
    drop(ledger);
    let ledger = place.open();
    assert_eq!(ledger.read(&key("s")).await.unwrap(), Some(expected));
    let attempt = Attempt {
        token,
        call_id: "call-s".to_owned(),
        claimed_at: began,
        fenced_at: Some(began + Duration::from_secs(1)),
        settled: Some(Settled {
            at: began + Duration::from_secs(2),
            state: StateName::Done,
        }),
        resolved: None,
        sent: done("entry").sent,
    };
    assert_eq!(ledger.attempts(&key("s")).await.unwrap(), [attempt]);
    assert_eq!(ledger.read(&key("other")).await.unwrap(), None);
    assert_eq!(ledger.attempts(&key("other")).await.unwrap(), []);
}

async fn a_repeated_call_is_a_duplicate_with_what_is_known(place: Place) {
    let ledger = place.open();
    let token = claimed(&ledger, "s").await;
    let duplicate = async || match ledger.claim(&key("s"), new_claim("s")).await.unwrap() {
        Claim::Claimed(token) => panic!("{token}"),
        Claim::Duplicate(row) => *row,
    };
    let row = duplicate().await;
    assert_eq!(row.standing.state.name(), StateName::Claimed);
    assert_eq!(row.reference, Some(new_claim("s").reference));
    ledger
        .settle(&key("s"), token, done("entry"))
        .await
        .unwrap();
    let row = duplicate().await;
    assert_eq!(row.outcome, Some(json!({ "logId": "entry" })));
    assert_eq!(Some(row), ledger.read(&key("s")).await.unwrap());
}

async fn a_failed_call_waits_for_its_time_and_starts_from_nothing(place: Place) {
    let ledger = place.open();
    let token = claimed(&ledger, "s").await;
    let retry_at = Some(place.now() + Duration::from_secs(20));
    let failed = settlement(AttemptEnd::Failed { retry_at });
    ledger.settle(&key("s"), token, failed).await.unwrap();
    let claim = ledger.claim(&key("s"), new_claim("s")).await.unwrap();
    let Claim::Duplicate(row) = claim else {
        panic!("{claim:?}")
    };
    assert_eq!(row.standing.state, State::Failed { retry_at });
    place.wait(Duration::from_secs(20)).await;
    assert_eq!(claimed(&ledger, "s").await.number(), 2);
    let row = ledger.read(&key("s")).await.unwrap().unwrap();
    assert_eq!((row.number, row.outcome), (1, None));
    assert_eq!(row.claimed_at, place.now());
    assert!(row.first_claimed_at < row.claimed_at);
    assert_eq!(ledger.attempts(&key("s")).await.unwrap().len(), 2);
}

async fn an_attempt_that_was_overtaken_may_not_write_and_settles_nothing(place: Place) {
    let ledger = place.open();
    let first = claimed(&ledger, "s").await;
    place.wait(LEASE).await;
    let late = ledger.fence(&key("s"), first).await.unwrap_err();
    assert!(matches!(late, FenceError::LeaseOver { .. }), "{late}");
    let second = claimed(&ledger, "s").await;
    assert_eq!(second.number(), 2);
    let late = ledger.fence(&key("s"), first).await.unwrap_err();
    assert!(matches!(late, FenceError::Overtaken { .. }), "{late}");
    let late = ledger
        .settle(&key("s"), first, done("a"))
        .await
        .unwrap_err();
    let SettleError::Overtaken { row, .. } = late else {
        panic!("{late}")
    };
    assert_eq!(row, ledger.read(&key("s")).await.unwrap().map(Box::new));
    ledger.fence(&key("s"), second).await.unwrap();
    ledger.fence(&key("unknown"), second).await.unwrap_err();
}

async fn an_attempt_whose_host_is_gone_is_in_doubt_and_never_claimed(place: Place) {
    let ledger = place.open();
    for session in ["a", "b", "c"] {
        let token = claimed(&ledger, session).await;
        if session != "c" {
            ledger.fence(&key(session), token).await.unwrap();
        }
    }
    assert_eq!(ledger.expire().await.unwrap(), []);
    place.wait(LEASE).await;
    let claim = ledger.claim(&key("a"), new_claim("a")).await.unwrap();
    assert!(matches!(claim, Claim::Duplicate(_)), "{claim:?}");
    assert_eq!(state(&ledger, "a").await, State::Unknown);
    assert_eq!(ledger.expire().await.unwrap(), [key("b")]);
    assert_eq!(state(&ledger, "b").await, State::Unknown);
    let attempts = ledger.attempts(&key("b")).await.unwrap();
    let settled = Settled {
        at: place.now(),
        state: StateName::Unknown,
    };
    assert_eq!(attempts[0].settled, Some(settled));
    // Its host comes back and knows better.
    ledger
        .settle(&key("b"), Token::FIRST, done("b"))
        .await
        .unwrap();
    assert_eq!(state(&ledger, "b").await.name(), StateName::Done);
}

async fn more_calls_than_one_transaction_takes_expire_and_are_pruned(place: Place) {
    let ledger = place.open();
    let n_calls = BATCH + 3;
    for index in 0..n_calls {
        let session = index.to_string();
        let token = claimed(&ledger, &session).await;
        ledger.fence(&key(&session), token).await.unwrap();
    }
    place.wait(LEASE).await;
    assert_eq!(ledger.expire().await.unwrap().len(), n_calls);
    for index in 0..n_calls {
        let session = index.to_string();
        ledger
            .settle(&key(&session), Token::FIRST, done(&session))
            .await
            .unwrap();
    }
    let later = place.now() + Duration::from_millis(1);
    assert_eq!(ledger.prune(place.now()).await.unwrap(), 0);
    assert_eq!(ledger.prune(later).await.unwrap(), n_calls as u64);
    assert_eq!(ledger.list(all()).await.unwrap(), []);
}

async fn only_calls_that_nobody_needs_are_forgotten_with_their_attempts(place: Place) {
    let ledger = place.open();
    let ends = [
        (
            "done",
            AttemptEnd::Done {
                log_id: "1".to_owned(),
            },
        ),
        ("rejected", AttemptEnd::Rejected),
        ("failed", AttemptEnd::Failed { retry_at: None }),
        ("unknown", AttemptEnd::Unknown),
    ];
    for (session, end) in ends {
        let token = claimed(&ledger, session).await;
        ledger
            .settle(&key(session), token, settlement(end))
            .await
            .unwrap();
    }
    claimed(&ledger, "claimed").await;
    place.wait(Duration::from_secs(1)).await;
    assert_eq!(ledger.prune(place.now()).await.unwrap(), 2);
    let left = ledger.list(all()).await.unwrap();
    let left: Vec<_> = left.iter().map(|row| row.session.as_str()).collect();
    assert_eq!(left, ["failed", "unknown", "claimed"]);
    assert_eq!(ledger.attempts(&key("done")).await.unwrap(), []);
    // Numbers are not given away again: a list that goes on after one misses nothing.
    claimed(&ledger, "done").await;
    assert_eq!(ledger.read(&key("done")).await.unwrap().unwrap().number, 6);
}

async fn an_idempotency_key_stands_for_one_session(place: Place) {
    let ledger = place.open();
    let key = CallKey::of_caller("createCallLog", "acme", "order-7");
    let claim = ledger.claim(&key, new_claim("s")).await.unwrap();
    assert_eq!(claim, Claim::Claimed(Token::FIRST));
    let again = ledger.claim(&key, new_claim("s")).await.unwrap();
    assert!(matches!(again, Claim::Duplicate(_)), "{again:?}");
    let other = ledger.claim(&key, new_claim("other")).await.unwrap_err();
    assert!(
        matches!(&other, ClaimError::AnotherCall { idempotency_key } if idempotency_key == "order-7")
    );
}

async fn a_list_is_filtered_and_goes_on_where_it_ended(place: Place) {
    let ledger = place.open();
    for session in ["a", "b", "c"] {
        claimed(&ledger, session).await;
        place.wait(Duration::from_secs(1)).await;
    }
    ledger
        .settle(&key("b"), Token::FIRST, done("1"))
        .await
        .unwrap();
    let sessions = async |filter| {
        let rows = ledger.list(filter).await.unwrap();
        rows.into_iter().map(|row| row.session).collect::<Vec<_>>()
    };
    assert_eq!(sessions(all()).await, ["a", "b", "c"]);
    let state = Some(StateName::Claimed);
    assert_eq!(sessions(Filter { state, ..all() }).await, ["a", "c"]);
    let since = Some(place.now());
    assert_eq!(sessions(Filter { since, ..all() }).await, ["b"]);
    let crm = Some("other".to_owned());
    assert_eq!(
        sessions(Filter { crm, ..all() }).await,
        Vec::<String>::new()
    );
    let page = Filter {
        after: 1,
        limit: 1,
        ..all()
    };
    assert_eq!(sessions(page).await, ["b"]);
}

async fn a_row_is_shown_as_json_without_what_finds_it(place: Place) {
    let ledger = place.open();
    let token = claimed(&ledger, "s").await;
    ledger
        .settle(&key("s"), token, done("entry"))
        .await
        .unwrap();
    let row = ledger.read(&key("s")).await.unwrap().unwrap();
    let at = "2001-09-09T01:46:40Z";
    assert_eq!(
        serde_json::to_value(row).unwrap(),
        json!({
            "number": 1, "key": "createCallLog/acme/acme.example/7/s", "state": "DONE", "token": 1,
            "since": at, "leaseUntil": null, "retryAt": null, "logId": "entry",
            "hostname": "acme.example", "userId": "7", "contactId": "77", "session": "s",
            "firstClaimedAt": at, "claimedAt": at, "outcome": { "logId": "entry" },
        })
    );
    let attempts = ledger.attempts(&key("s")).await.unwrap();
    assert_eq!(
        serde_json::to_value(attempts).unwrap(),
        json!([{
            "token": 1, "callId": "call-s", "claimedAt": at, "fencedAt": null,
            "settled": { "at": at, "state": "DONE" }, "resolved": null,
            "sent": [{
                "method": "POST", "host": "acme.example", "path": "/calls", "write": true,
                "end": "answered", "status": 201,
            }],
        }])
    );
}
