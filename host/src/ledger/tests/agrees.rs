//! The stores against each other: whatever happens, the same is kept.

use proptest::prelude::*;

use super::*;
use crate::ledger::state::{Decision, Event, Found};

fn any_token() -> impl Strategy<Value = Token> {
    (1_u64..4).prop_map(|number| Token::new(number).unwrap())
}

fn any_end() -> impl Strategy<Value = AttemptEnd> {
    let retry = prop::option::of(0_i64..2000);
    prop_oneof![
        "[ab]".prop_map(|log_id| AttemptEnd::Done { log_id }),
        retry.prop_map(|seconds| AttemptEnd::Failed {
            retry_at: seconds.map(|it| Timestamp::from_second(it).unwrap()),
        }),
        Just(AttemptEnd::Rejected),
        Just(AttemptEnd::Unknown),
    ]
}

/// Returns something that somebody does to a call, in the first hours of 1970.
pub(in crate::ledger) fn any_event() -> impl Strategy<Value = Event> {
    let found = prop_oneof![
        Just(Found::None),
        Just(Found::Several),
        "[ab]".prop_map(|log_id| Found::One { log_id }),
    ];
    let decision = prop_oneof![
        Just(Decision::NotLogged),
        "[ab]".prop_map(|log_id| Decision::Logged { log_id }),
    ];
    prop_oneof![
        4 => Just(Event::Claim { lease: LEASE }),
        3 => any_token().prop_map(|token| Event::Fence { token }),
        3 => (any_token(), any_end()).prop_map(|(token, end)| Event::Settle { token, end }),
        1 => Just(Event::Expire),
        2 => (any_token(), found, 0_i64..2000).prop_map(|(token, found, begun)| Event::LookedUp {
            token,
            found,
            begun: Timestamp::from_second(begun).unwrap(),
            quarantine: QUARANTINE,
        }),
        2 => (any_token(), decision).prop_map(|(token, decision)| Event::Resolve {
            token,
            decision,
            quarantine: QUARANTINE,
        }),
    ]
}

/// Does what the event says, and returns whether it was granted.
#[cfg(unix)]
async fn carry_out(ledger: &Ledger, event: Event) -> bool {
    let key = &key("s");
    match event {
        Event::Claim { .. } => {
            let claim = ledger.claim(key, new_claim("s")).await.unwrap();
            matches!(claim, Claim::Claimed(_))
        }
        Event::Fence { token } => ledger.fence(key, token).await.is_ok(),
        Event::Settle { token, end } => ledger.settle(key, token, settlement(end)).await.is_ok(),
        Event::Expire => !ledger.expire().await.unwrap().is_empty(),
        Event::LookedUp {
            token,
            found,
            begun,
            quarantine,
        } => {
            let looked_up = ledger.looked_up(key, token, found, begun, quarantine);
            looked_up.await.is_ok()
        }
        Event::Resolve {
            token,
            decision,
            quarantine,
        } => {
            let resolved = ledger.resolve(key, token, decision, quarantine, "ada");
            resolved.await.is_ok()
        }
    }
}

/// Returns all that is kept of the call.
#[cfg(unix)]
async fn kept(ledger: &Ledger) -> (Option<Row>, Vec<Attempt>) {
    let row = ledger.read(&key("s")).await.unwrap();
    let attempts = ledger.attempts(&key("s")).await.unwrap();
    // The database has counted the calls of earlier cases.
    (row.map(|row| Row { number: 1, ..row }), attempts)
}

/// The file agrees with the table (`sqlite/tests/agrees.rs`), so the database does, too: its quick statements as well as
/// its transactions.
#[cfg(unix)]
#[test]
fn a_database_grants_and_keeps_what_a_file_does_after_any_events() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(database) = runtime.block_on(super::postgres::tests::Database::new()) else {
        return;
    };
    let in_database = database.open();
    let events = prop::collection::vec((0_i64..200, any_event()), 1..25);
    proptest!(ProptestConfig::with_cases(100), |(events in events)| {
        runtime.block_on(async {
            database.start_anew(&in_database).await;
            let file = Place::in_a_file();
            let Place::File { now_ms, .. } = &file else { unreachable!() };
            now_ms.store(0, Ordering::SeqCst);
            let in_file = file.open();
            for (seconds, event) in events {
                database.wait(seconds * 1000).await;
                file.wait(Duration::from_secs(seconds.unsigned_abs())).await;
                let granted = carry_out(&in_database, event.clone()).await;
                prop_assert_eq!(granted, carry_out(&in_file, event.clone()).await, "{:?}", event);
                prop_assert_eq!(kept(&in_database).await, kept(&in_file).await, "{:?}", event);
            }
            Ok(())
        })?;
    });
}
