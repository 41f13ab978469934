use std::fs;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_795_348_800_000 + ms).unwrap()
}

fn library() -> Digest {
    Digest::of(b"library")
}

/// Returns where the crashes of `acme` with that library are kept.
fn file_in(state: &Path) -> PathBuf {
    let digest = library().to_string();
    state.join(format!("crashes/acme-{}.json", &digest[..16]))
}

fn crash_five_times(crashes: &Crashes, now: Timestamp) {
    for n in 1..=5 {
        crashes.note(&format!("crash {n}"), now);
    }
}

#[test]
fn programs_that_crash_once_each_count_together() {
    let state = tempfile::tempdir().unwrap();
    let begin = || Crashes::new(Some(state.path()), "acme", library());
    let mut after = Vec::new();
    for n in 1..=5 {
        after.push(begin().note(&format!("crash {n}"), at(n)));
    }
    let waits = after.iter().map(|after| match after {
        After::Restart { wait } => Some(wait.as_millis()),
        After::Quarantined(_) => None,
    });
    let waits: Vec<_> = waits.collect();
    assert_eq!(waits, [Some(0), Some(100), Some(200), Some(400), None]);
    let quarantine = begin().quarantine(at(5)).unwrap();
    assert_eq!(quarantine.reason, "crash 5");
    assert_eq!(after.pop(), Some(After::Quarantined(quarantine)));
}

#[test]
#[cfg(unix)]
fn programs_that_crash_at_the_same_time_lose_no_crash() {
    let state = tempfile::tempdir().unwrap();
    let begin = || Crashes::new(Some(state.path()), "acme", library());
    let all: Vec<_> = (0..4).map(|_| begin()).collect();
    std::thread::scope(|scope| {
        for crashes in &all {
            scope.spawn(|| crashes.note("crash", at(0)));
        }
    });
    let fifth = begin().note("crash", at(0));
    assert!(matches!(fifth, After::Quarantined(_)), "{fifth:?}");
}

#[test]
fn a_quarantine_and_its_end_reach_programs_that_are_running() {
    let state = tempfile::tempdir().unwrap();
    let begin = |crm| Crashes::new(Some(state.path()), crm, library());
    let (running, other, of_another_crm) = (begin("acme"), begin("acme"), begin("example"));
    let now = Timestamp::now();
    assert_eq!(running.quarantine(now), None);
    crash_five_times(&other, now);
    assert_eq!(running.quarantine(now).unwrap().reason, "crash 5");
    assert_eq!(of_another_crm.quarantine(now), None);
    assert!(!of_another_crm.release().unwrap());

    assert!(other.release().unwrap());
    assert_eq!(running.quarantine(now), None);
    assert_eq!(running.wait_before_restart(now), Duration::ZERO);
    assert!(!running.release().unwrap(), "it had ended");

    crash_five_times(&running, now);
    assert!(release_kept(state.path(), "acme").unwrap());
    assert_eq!(other.quarantine(now), None);
    assert_eq!(running.quarantine(now), None);
    assert!(!release_kept(state.path(), "acme").unwrap());
    assert!(!release_kept(&state.path().join("nowhere"), "acme").unwrap());
}

#[test]
fn without_a_state_folder_the_crashes_are_counted_all_the_same() {
    let crashes = Crashes::new(None, "acme", library());
    let now = Timestamp::now();
    assert!(!crashes.release().unwrap());
    crash_five_times(&crashes, now);
    assert_eq!(crashes.quarantine(now).unwrap().n_crashes, 5);
    assert!(crashes.release().unwrap());
    assert_eq!(crashes.quarantine(now), None);
}

#[test]
fn another_library_begins_anew_and_both_are_remembered() {
    let state = tempfile::tempdir().unwrap();
    let old = Crashes::new(Some(state.path()), "acme", library());
    crash_five_times(&old, at(0));
    let new = Crashes::new(Some(state.path()), "acme", Digest::of(b"corrected"));
    assert_eq!(new.quarantine(at(0)), None);
    let wait = Duration::ZERO;
    assert_eq!(new.note("crash", at(1)), After::Restart { wait });
    let wait = Duration::from_millis(100);
    let again = Crashes::new(Some(state.path()), "acme", library());
    assert_eq!(again.quarantine(at(1)).unwrap().reason, "crash 5");
    assert_eq!(new.note("crash", at(1)), After::Restart { wait });
}

#[test]
fn a_release_ends_the_quarantines_of_all_libraries_of_a_crm_and_of_no_other() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path();
    let now = Timestamp::now();
    let corrected = Digest::of(b"corrected");
    let begin = |crm, library| {
        let crashes = Crashes::new(Some(state), crm, library);
        crash_five_times(&crashes, now);
        crashes
    };
    let (old, new) = (begin("acme", library()), begin("acme", corrected));
    let like_a_digest = format!("acme-{}", &corrected.to_string()[..16]);
    let others = ["acme-eu", "acm", &like_a_digest].map(|crm| begin(crm, library()));
    let calm = Crashes::new(Some(state), "acme", Digest::of(b"third"));
    calm.note("crash", now);

    assert!(release_kept(state, "acme").unwrap());
    assert_eq!((old.quarantine(now), new.quarantine(now)), (None, None));
    assert!(others.iter().all(|other| other.quarantine(now).is_some()));
    let wait = Duration::from_millis(100);
    assert_eq!(calm.note("crash", now), After::Restart { wait });

    crash_five_times(&old, now);
    assert!(new.release().unwrap(), "of another library");
    assert_eq!(old.quarantine(now), None);
}

#[test]
#[cfg(unix)]
fn who_keeps_the_folder_locked_stops_no_counting() {
    let state = tempfile::tempdir().unwrap();
    fs::create_dir(state.path().join("crashes")).unwrap();
    let folder = fs::File::open(state.path().join("crashes")).unwrap();
    folder.lock().unwrap();
    let crashes = Crashes::new(Some(state.path()), "acme", library());
    let now = Timestamp::now();
    crash_five_times(&crashes, now);
    let other = Crashes::new(Some(state.path()), "acme", library());
    assert!(other.quarantine(now).is_some());
    assert!(release_kept(state.path(), "acme").unwrap());
}

#[test]
fn the_file_says_what_crashed_when_and_why() {
    let state = tempfile::tempdir().unwrap();
    let crashes = Crashes::new(Some(state.path()), "acme", library());
    crash_five_times(&crashes, at(250));
    let crash = |n| {
        let reason = format!("crash {n}");
        serde_json::json!({ "at": "2026-11-22T12:00:00.25Z", "reason": reason })
    };
    let expected = serde_json::json!({
        "crm": "acme",
        "library": library().to_string(),
        "crashes": [crash(1), crash(2), crash(3), crash(4), crash(5)],
        "quarantine": {
            "since": "2026-11-22T12:00:00Z",
            "until": "2026-11-22T12:05:00Z",
            "reason": "crash 5",
            "n_crashes": 5,
        },
    });
    let files: Vec<_> = fs::read_dir(state.path().join("crashes"))
        .unwrap()
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let json = fs::read(file_in(state.path())).unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(kept, expected);
}

#[test]
fn a_reason_is_one_short_line() {
    let long = format!("a\n\u{1b}[2J{}", "ż".repeat(MAX_REASON_BYTES));
    let crashes = Crashes::new(None, "acme", library());
    (0..5).for_each(|_| drop(crashes.note(&long, at(0))));
    let reason = crashes.quarantine(at(0)).unwrap().reason;
    assert!(reason.starts_with("a\\n\\u{1b}[2Jżż"), "{reason}");
    assert!(reason.len() < MAX_REASON_BYTES + 20, "{reason}");
}

#[test]
fn a_file_that_is_damaged_or_none_is_begun_anew() {
    let whole = {
        let state = tempfile::tempdir().unwrap();
        crash_five_times(&Crashes::new(Some(state.path()), "acme", library()), at(0));
        fs::read_to_string(file_in(state.path())).unwrap()
    };
    let too_long = whole.clone() + &" ".repeat(100_000);
    let damaged = [
        "",
        "{}",
        "null",
        "\u{0}\u{0}",
        &whole[..whole.len() / 2],
        &whole.replace("2026-11-22", "2026-13-22"),
        &whole.replace("\"n_crashes\": 5", "\"n_crashes\": -5"),
        &too_long,
    ];
    for content in damaged {
        let state = tempfile::tempdir().unwrap();
        let file = file_in(state.path());
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        let crashes = Crashes::new(Some(state.path()), "acme", library());
        assert_eq!(crashes.quarantine(at(0)), None, "{content}");
        crash_five_times(&crashes, at(0));
        let again = Crashes::new(Some(state.path()), "acme", library());
        assert!(again.quarantine(at(0)).is_some(), "{content}");
    }
}

#[test]
fn a_folder_that_cannot_be_used_stops_no_counting() {
    let state = tempfile::tempdir().unwrap();
    // A file where the folder belongs: also root is refused.
    fs::write(state.path().join("crashes"), "").unwrap();
    let crashes = Crashes::new(Some(state.path()), "acme", library());
    crash_five_times(&crashes, at(0));
    assert!(crashes.quarantine(at(0)).is_some());

    let state = tempfile::tempdir().unwrap();
    fs::create_dir_all(file_in(state.path())).unwrap();
    let crashes = Crashes::new(Some(state.path()), "acme", library());
    crash_five_times(&crashes, at(0));
    assert!(crashes.quarantine(at(0)).is_some());
}
