use proptest::prelude::*;

use super::*;

/// The reason of a crash in these tests.
const REASON: &str = "it was ended by signal 11";

fn at(ms: i64) -> Timestamp {
    // 2026-11-22T12:00:00Z
    Timestamp::from_millisecond(1_795_348_800_000 + ms).unwrap()
}

fn quarantine(since_ms: i64) -> Quarantine {
    Quarantine {
        since: at(since_ms),
        until: at(since_ms + 300_000),
        reason: REASON.to_owned(),
        n_crashes: 5,
    }
}

fn restart(wait_ms: u64) -> After {
    let wait = Duration::from_millis(wait_ms);
    After::Restart { wait }
}

#[test]
fn crashes_are_followed_by_longer_waits_and_the_fifth_in_a_minute_by_a_quarantine() {
    let quarantined = |ms| After::Quarantined(quarantine(ms));
    // The moments of the crashes in ms, and what follows each.
    let table: [(&str, &[(i64, After)]); 7] = [
        (
            "one after the other",
            &[
                (0, restart(0)),
                (1, restart(100)),
                (2, restart(200)),
                (3, restart(400)),
                (4, quarantined(0)),
            ],
        ),
        (
            "five in just a minute",
            &[
                (0, restart(0)),
                (15_000, restart(100)),
                (30_000, restart(200)),
                (45_000, restart(400)),
                (60_000, quarantined(60_000)),
            ],
        ),
        (
            "the first is a minute ago",
            &[
                (0, restart(0)),
                (15_000, restart(100)),
                (30_000, restart(200)),
                (45_000, restart(400)),
                (60_001, restart(400)),
                (60_002, quarantined(60_000)),
            ],
        ),
        (
            "far apart",
            &[(0, restart(0)), (60_001, restart(0)), (130_000, restart(0))],
        ),
        (
            "during the quarantine",
            &[
                (0, restart(0)),
                (0, restart(100)),
                (0, restart(200)),
                (0, restart(400)),
                (0, quarantined(0)),
                (200_000, quarantined(0)),
                (299_999, quarantined(0)),
                (300_000, restart(100)),
            ],
        ),
        (
            "a clock that was set back by an hour",
            &[
                (3_600_000, restart(0)),
                (3_600_000, restart(100)),
                (3_600_000, restart(200)),
                (3_600_000, restart(400)),
                (3_600_000, quarantined(3_600_000)),
                (0, restart(0)),
            ],
        ),
        (
            "a clock that was set back by a second",
            &[(1_000, restart(0)), (0, restart(100))],
        ),
    ];
    for (name, crashes) in table {
        let mut history = History::default();
        for (ms, expected) in crashes {
            let after = history.note(REASON.to_owned(), at(*ms));
            assert_eq!(after, *expected, "{name}, at {ms}");
        }
    }
}

#[test]
fn a_quarantine_ends_after_five_minutes_and_with_a_clock_that_is_set_back_far() {
    let mut history = History::default();
    assert_eq!(history.quarantine(at(0)), None);
    for _ in 0..5 {
        history.note(REASON.to_owned(), at(0));
    }
    let expected = quarantine(0);
    for (ms, lasts) in [
        (-3_600_000, false),
        (-60_001, false),
        (-1, true),
        (0, true),
        (299_999, true),
        (300_000, false),
    ] {
        let found = history.quarantine(at(ms));
        assert_eq!(found, lasts.then_some(&expected), "at {ms}");
    }
    assert_eq!(expected.rest(at(60_500)), Duration::from_millis(239_500));
    assert_eq!(expected.rest(at(300_001)), Duration::ZERO);
}

#[test]
fn what_has_passed_since_the_last_crash_is_not_waited_for_again() {
    let mut history = History::default();
    assert_eq!(history.wait_before_restart(at(0)), Duration::ZERO);
    for _ in 0..3 {
        history.note(REASON.to_owned(), at(0));
    }
    for (ms, wait) in [(-500, 200), (0, 200), (50, 150), (200, 0), (60_001, 0)] {
        let expected = Duration::from_millis(wait);
        assert_eq!(history.wait_before_restart(at(ms)), expected, "at {ms}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The history forgets; this looks at all crashes there ever were.
    #[test]
    fn a_quarantine_begins_exactly_with_the_fifth_crash_of_a_minute(
        gaps in prop::collection::vec(prop_oneof![0..20_000_i64, 0..200_000_i64], 1..60),
    ) {
        let mut history = History::default();
        let (mut crashes, mut ends, mut now) = (Vec::new(), i64::MIN, 0);
        for gap in gaps {
            now += gap;
            crashes.push(now);
            let is_on = now < ends;
            let n_recent = crashes.iter().filter(|then| now - **then <= 60_000).count();
            if !is_on && n_recent >= 5 {
                ends = now / 1_000 * 1_000 + 300_000;
            }
            let after = history.note(REASON.to_owned(), at(now));
            match after {
                After::Quarantined(found) => prop_assert_eq!(found, quarantine(ends - 300_000)),
                After::Restart { wait } => {
                    prop_assert!(now >= ends);
                    prop_assert_eq!(wait, back_off(n_recent));
                    prop_assert_eq!(history.wait_before_restart(at(now)), wait);
                }
            }
            prop_assert_eq!(history.quarantine(at(now)).is_some(), now < ends);
            prop_assert!(history.crashes.len() <= LIMIT);
        }
    }

    #[test]
    fn any_times_are_lived_with(times in prop::collection::vec(any::<(i64, i32)>(), 1..20)) {
        let mut history = History::default();
        for (second, nanosecond) in times {
            let at = Timestamp::new(second % 300_000_000_000, nanosecond % 1_000_000_000);
            let at = at.unwrap_or(Timestamp::MAX);
            let _ = history.note(REASON.to_owned(), at);
            let _ = history.wait_before_restart(at);
            let _ = history.quarantine(at).map(|found| found.rest(at));
            let json = serde_json::to_string(&history).unwrap();
            prop_assert_eq!(serde_json::from_str::<History>(&json).unwrap(), history.clone());
        }
    }
}
