//! What may be forgotten.

use std::time::Duration;

use switchboard_host::ledger::state::AttemptEnd;

use crate::kept::Kept;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn only_old_calls_whose_end_is_certain_and_final_are_forgotten() {
    let kept = Kept::new();
    let old = [
        kept.done("acme", "done"),
        kept.settled("acme", "rejected", AttemptEnd::Rejected),
        kept.settled("acme", "failed", AttemptEnd::Failed { retry_at: None }),
        kept.unknown("unknown"),
        kept.claimed("acme", "claimed").0,
        kept.sending("acme", "sending").0,
    ];
    for key in &old {
        kept.age(key, 91 * DAY);
    }
    let young = kept.done("acme", "young");
    kept.age(&young, 89 * DAY);

    let printed = kept.printed(&["prune", "--older-than", "90d"]);
    assert!(printed.starts_with("2 calls forgotten that were DONE or REJECTED before 20"));
    let advice = "; such a call is logged again if it is sent again\n";
    assert!(printed.ends_with(advice), "{printed}");
    let listed = kept.printed(&["list"]);
    let left: Vec<_> = listed
        .lines()
        .map(|line| line.split('\t').next().unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(left, ["failed", "unknown", "claimed", "sending", "young"]);

    let printed = kept.printed(&["prune", "--older-than", "0s"]);
    assert!(
        printed.starts_with("1 call forgotten that was"),
        "{printed}"
    );
    let printed = kept.printed(&["prune", "--older-than", "0s"]);
    assert!(printed.starts_with("0 calls forgotten"), "{printed}");
}
