//! The table in `docs/ledger.md`, row by row, against what the table does.

use std::collections::BTreeSet;

use super::*;

const QUARANTINE: Duration = Duration::from_secs(300);

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000).unwrap()
}

/// Returns every standing that differs for the table: each state, its times before and behind now.
fn standings() -> Vec<Standing> {
    let around = [
        now() - Duration::from_secs(1),
        now() + Duration::from_secs(1),
    ];
    let log_id = "entry".to_owned();
    let mut states = vec![State::Done { log_id }, State::Failed { retry_at: None }];
    states.extend([State::Rejected, State::Unknown]);
    for at in around {
        states.push(State::Claimed { lease_until: at });
        states.push(State::Sending { lease_until: at });
        states.push(State::Failed { retry_at: Some(at) });
    }
    let standing = |state| Standing {
        token: Token::FIRST,
        state,
        since: now() - QUARANTINE,
    };
    states.into_iter().map(standing).collect()
}

/// Returns every event, as the document calls it, by the attempt that holds the call.
fn events() -> Vec<(&'static str, Event)> {
    let token = Token::FIRST;
    let log_id = || "entry".to_owned();
    let settle = |end| Event::Settle { token, end };
    let looked_up = |found| Event::LookedUp {
        token,
        found,
        begun: now(),
        quarantine: QUARANTINE,
    };
    let resolve = |decision| Event::Resolve {
        token,
        decision,
        quarantine: QUARANTINE,
    };
    let lease = Duration::from_secs(60);
    vec![
        ("claim", Event::Claim { lease }),
        ("fence", Event::Fence { token }),
        ("settle done", settle(AttemptEnd::Done { log_id: log_id() })),
        (
            "settle failed",
            settle(AttemptEnd::Failed { retry_at: None }),
        ),
        ("settle rejected", settle(AttemptEnd::Rejected)),
        ("settle unknown", settle(AttemptEnd::Unknown)),
        ("expire", Event::Expire),
        ("looked up: one", looked_up(Found::One { log_id: log_id() })),
        ("looked up: none", looked_up(Found::None)),
        ("looked up: several", looked_up(Found::Several)),
        (
            "resolve as logged",
            resolve(Decision::Logged { log_id: log_id() }),
        ),
        ("resolve as not logged", resolve(Decision::NotLogged)),
    ]
}

fn name(standing: Option<&Standing>) -> &'static str {
    standing.map_or("none", |it| it.state.name().as_str())
}

/// Lists every move that the table makes, `event: from -> to`.
fn moves() -> BTreeSet<String> {
    let mut moves = BTreeSet::new();
    let standings = standings();
    for standing in standings.iter().map(Some).chain([None]) {
        for (event_name, event) in events() {
            let after = step(standing, &event, now());
            let moved = after.refusal.is_none() && after.standing.as_ref() != standing;
            if moved {
                let (from, to) = (name(standing), name(after.standing.as_ref()));
                moves.insert(format!("{event_name}: {from} -> {to}"));
            }
        }
    }
    moves
}

/// Reads the moves from the document, whose rows are `| event | from | condition | to |`.
fn described() -> BTreeSet<String> {
    let document = include_str!("../../../../../docs/ledger.md");
    let (_, section) = document.split_once("## Transitions").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| "));
    let mut moves = BTreeSet::new();
    for row in rows.skip(1) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, event, from, _, to, _] = cells[..] else {
            panic!("{row}")
        };
        let to = to.split(',').next().unwrap().replace('`', "");
        for from in from.replace('`', "").split(", ") {
            if from != to || event == "claim" {
                moves.insert(format!("{event}: {from} -> {to}"));
            }
        }
    }
    moves
}

#[test]
fn every_move_stands_in_the_document_and_no_other() {
    let mut moves = moves();
    // Two rows at once: the lease's end is noticed first.
    assert!(moves.remove("resolve as logged: SENDING -> DONE"));
    assert_eq!(moves, described());
}

#[test]
fn an_attempt_that_was_overtaken_moves_nothing() {
    let overtaken = Token::FIRST;
    for mut standing in standings() {
        standing.token = Token::new(2).unwrap();
        // What time does by itself.
        let noticed = step(Some(&standing), &Event::Expire, now()).standing;
        for (name, event) in events() {
            let is_about_attempt = !matches!(event, Event::Claim { .. } | Event::Expire);
            if is_about_attempt {
                let after = step(Some(&standing), &event, now());
                assert_eq!(
                    after.standing, noticed,
                    "{name} by {overtaken} in {standing:?}"
                );
                assert_eq!(
                    after.refusal,
                    Some(Refusal::Overtaken),
                    "{name} in {standing:?}"
                );
            }
        }
    }
}

#[test]
fn a_settlement_may_be_repeated_and_not_changed() {
    let done = |log_id: &str| Event::Settle {
        token: Token::FIRST,
        end: AttemptEnd::Done {
            log_id: log_id.to_owned(),
        },
    };
    let standings = standings();
    let settled = standings
        .iter()
        .find(|it| it.state.name() == StateName::Done);
    let again = step(settled, &done("entry"), now());
    assert_eq!((again.standing.as_ref(), again.refusal), (settled, None));
    let other = step(settled, &done("other"), now());
    assert_eq!(other.standing.as_ref(), settled);
    assert_eq!(other.refusal, Some(Refusal::Overtaken));
}

#[test]
fn what_is_looked_up_or_decided_too_early_is_told_when_to_come_again() {
    let unknown = Standing {
        token: Token::FIRST,
        state: State::Unknown,
        since: now() - QUARANTINE + Duration::from_secs(5),
    };
    let until = now() + Duration::from_secs(5);
    for (name, event) in events() {
        let after = step(Some(&unknown), &event, now());
        if name.starts_with("looked up") || name == "resolve as not logged" {
            assert_eq!(
                after.refusal,
                Some(Refusal::Quarantined { until }),
                "{name}"
            );
            assert_eq!(after.standing.as_ref(), Some(&unknown), "{name}");
        }
    }
}
