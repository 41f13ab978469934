//! One store, several programs.

use super::*;

on_every_store! {
    of_many_programs_that_claim_one_call_exactly_one_gets_it,
    of_many_programs_that_claim_a_failed_call_again_exactly_one_gets_it,
    what_one_program_was_told_another_one_reads,
}

async fn of_many_programs_that_claim_one_call_exactly_one_gets_it(place: Place) {
    // All of them find no ledger.
    let opened = (0..4).map(|_| place.open());
    let ledgers: Vec<_> = opened.collect();
    for round in 0..20 {
        let session = round.to_string();
        assert_eq!(granted(&ledgers, &session).await, [1]);
    }
}

async fn of_many_programs_that_claim_a_failed_call_again_exactly_one_gets_it(place: Place) {
    let ledgers: Vec<_> = (0..4).map(|_| place.open()).collect();
    for round in 1..20 {
        assert_eq!(granted(&ledgers, "s").await, [round]);
        let token = Token::new(round).unwrap();
        let failed = settlement(AttemptEnd::Failed { retry_at: None });
        ledgers[0].settle(&key("s"), token, failed).await.unwrap();
    }
}

/// Claims a call twice by every program at a time, and returns the tokens that were granted.
async fn granted(ledgers: &[Ledger], session: &str) -> Vec<u64> {
    let mut claims = tokio::task::JoinSet::new();
    for ledger in ledgers.iter().chain(ledgers) {
        let (ledger, session) = (ledger.clone(), session.to_owned());
        claims.spawn(async move {
            let (key, claim) = (key(&session), new_claim(&session));
            ledger.claim(&key, claim).await.unwrap()
        });
    }
    let claims = claims.join_all().await;
    let granted = claims.into_iter().filter_map(|claim| match claim {
        Claim::Claimed(token) => Some(token.number()),
        Claim::Duplicate(_) => None,
    });
    granted.collect()
}

async fn what_one_program_was_told_another_one_reads(place: Place) {
    let (one, other) = (place.open(), place.open());
    let token = claimed(&one, "s").await;
    assert_eq!(
        other.read(&key("s")).await.unwrap(),
        one.read(&key("s")).await.unwrap()
    );
    other.fence(&key("s"), token).await.unwrap();
    one.fence(&key("s"), token).await.unwrap_err();
}
