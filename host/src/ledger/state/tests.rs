//! The table against a world that it does not see, and against its description.

mod described;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use world::{Action, Broken, Table, World};

/// Runs random histories of hosts, look-ups and operators on one call.
fn try_histories(table: Table) -> Result<(), Broken> {
    // The same histories in every run: a table is either right or wrong.
    let mut runner = TestRunner::new_with_rng(
        Config {
            cases: 4000,
            failure_persistence: None,
            ..Config::default()
        },
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let histories = prop::collection::vec(Action::any(), 1..60);
    let result = runner.run(&histories, |history| {
        let mut world = World::new(table);
        for action in history {
            world
                .act(&action)
                .map_err(|Broken(why)| TestCaseError::fail(why))?;
        }
        Ok(())
    });
    result.map_err(|error| Broken(error.to_string()))
}

#[test]
fn no_order_of_events_makes_two_entries() {
    try_histories(step).unwrap();
}

/// The histories must be able to find what they look for.
#[test]
fn a_table_with_a_shortcut_is_found_out() {
    let shortcuts: [(&str, Table); 6] = [
        ("retry on lease expiry", |current, event, now| {
            let lost = current.filter(
                |it| matches!(&it.state, State::Sending { lease_until } if *lease_until <= now),
            );
            let free = lost.map(|it| Standing {
                state: State::Rejected,
                ..it.clone()
            });
            match event {
                Event::Claim { .. } => step(free.as_ref().or(current), event, now),
                _ => step(current, event, now),
            }
        }),
        ("timeout taken as failure", |current, event, now| {
            let failed = AttemptEnd::Failed { retry_at: None };
            match event {
                Event::Settle {
                    token,
                    end: AttemptEnd::Unknown,
                } => {
                    let event = Event::Settle {
                        token: *token,
                        end: failed,
                    };
                    step(current, &event, now)
                }
                _ => step(current, event, now),
            }
        }),
        ("no fence", |current, event, now| match event {
            Event::Fence { .. } => Step {
                refusal: None,
                ..step(current, event, now)
            },
            _ => step(current, event, now),
        }),
        ("look-up without quarantine", |current, event, now| {
            let mut event = event.clone();
            if let Event::LookedUp { quarantine, .. } = &mut event {
                *quarantine = Duration::ZERO;
            }
            step(current, &event, now)
        }),
        (
            "a look-up counted when it is reported",
            |current, event, now| {
                let mut event = event.clone();
                if let Event::LookedUp { begun, .. } = &mut event {
                    *begun = now;
                }
                step(current, &event, now)
            },
        ),
        ("an operator without quarantine", |current, event, now| {
            let mut event = event.clone();
            if let Event::Resolve { quarantine, .. } = &mut event {
                *quarantine = Duration::ZERO;
            }
            step(current, &event, now)
        }),
    ];
    for (shortcut, table) in shortcuts {
        let found = try_histories(table);
        assert!(found.is_err(), "{shortcut} was not found out");
    }
}

#[test]
fn a_retry_is_held_back_for_an_hour_at_most() {
    let now = Timestamp::UNIX_EPOCH;
    let claim = Event::Claim {
        lease: Duration::from_secs(60),
    };
    let claimed = step(None, &claim, now).standing.unwrap();
    let end = AttemptEnd::Failed {
        retry_at: Some(Timestamp::MAX),
    };
    let settle = Event::Settle {
        token: claimed.token,
        end,
    };
    let failed = step(Some(&claimed), &settle, now).standing.unwrap();
    let hour = now + MAX_RETRY_WAIT;
    assert_eq!(
        failed.state,
        State::Failed {
            retry_at: Some(hour)
        }
    );
    let moment = jiff::SignedDuration::from_nanos(1);
    let early = step(Some(&failed), &claim, hour - moment);
    assert_eq!(early.refusal, Some(Refusal::Taken));
    let claimed = step(Some(&failed), &claim, hour).standing.unwrap();
    assert_eq!(claimed.token.number(), 2);
}

#[test]
fn a_lease_beyond_the_calendar_ends_with_it() {
    let claim = Event::Claim {
        lease: Duration::MAX,
    };
    let claimed = step(None, &claim, Timestamp::MAX).standing.unwrap();
    let lease_until = Timestamp::MAX;
    assert_eq!(claimed.state, State::Claimed { lease_until });
}
