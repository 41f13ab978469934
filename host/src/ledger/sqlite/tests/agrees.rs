//! The store against the table that it asks: what is read back is what the table said.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ledger::state::{Event, Standing, step};
use crate::ledger::tests::agrees::any_event;

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
        Event::LookedUp { .. } | Event::Resolve { .. } => {
            drop(ledger.resolve(&text, event, "ada").unwrap());
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
