//! The store against the table that it asks: what is read back is what the table said.

use proptest::prelude::*;

use super::*;
use crate::ledger::state::{Decision, Event, Found, Standing, step};

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

fn any_event() -> impl Strategy<Value = Event> {
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

/// Does to the file what the event says; whether it was granted shows in the row.
fn carry_out(ledger: &Operations<'_>, event: &Event) {
    let text = key("s").to_string();
    match event {
        Event::Claim { .. } => drop(ledger.claim(&key("s"), &new_claim("s")).unwrap()),
        Event::Fence { token } => drop(ledger.fence(&text, *token).unwrap()),
        Event::Settle { token, end } => {
            let settlement = settlement(end.clone());
            drop(ledger.settle(&text, *token, &settlement).unwrap());
        }
        Event::Expire => drop(ledger.expire().unwrap()),
        Event::LookedUp { found, .. } => drop(ledger.looked_up(&text, event, found).unwrap()),
        Event::Resolve { decision, .. } => {
            drop(ledger.decide(&text, event, decision, "ada").unwrap());
        }
    }
}

proptest! {
    #[test]
    fn a_row_stands_where_the_table_says_after_any_events(
        events in prop::collection::vec((0_i64..200, any_event()), 1..25),
    ) {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let mut standing: Option<Standing> = None;
        let mut now = Timestamp::UNIX_EPOCH;
        for (seconds, event) in events {
            now += Duration::from_secs(seconds.unsigned_abs());
            carry_out(&Operations { connection: &connection, now }, &event);
            standing = step(standing.as_ref(), &event, now).standing;
            let row = rows::find(&connection, &key("s").to_string()).unwrap();
            prop_assert_eq!(row.as_ref().map(|row| &row.standing), standing.as_ref(), "{:?}", event);
            let attempts = rows::attempts(&connection, &key("s").to_string()).unwrap();
            let n_claims = standing.as_ref().map_or(0, |it| it.token.number());
            prop_assert_eq!(attempts.len() as u64, n_claims);
        }
    }
}
