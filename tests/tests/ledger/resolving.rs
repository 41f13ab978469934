//! What a person decides of a call.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_host::ledger::state::AttemptEnd;
use switchboard_tests::manifest;

use crate::kept::Kept;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn an_entry_that_a_person_has_found_ends_the_doubt() {
    let kept = Kept::new();
    let key = kept.unknown("1").to_string();
    let resolve = ["resolve", &key, "--logged", "act-7", "--by", " Ada Byron "];
    let printed = kept.printed(&resolve);
    assert_eq!(printed, format!("{key}: DONE, entry act-7\n"));
    let shown = kept.printed(&["show", &key, "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        json!([shown["state"], shown["logId"]]),
        json!(["DONE", "act-7"])
    );
    let resolved = &shown["attempts"][0]["resolved"];
    assert_eq!(
        json!([resolved["state"], resolved["by"]]),
        json!(["DONE", "Ada Byron"])
    );
    let text = kept.printed(&["show", &key]);
    let line = format!("{} DONE by Ada Byron", resolved["at"].as_str().unwrap());
    assert!(text.contains(&line), "{text}");
}

#[test]
fn that_there_is_no_entry_is_believed_once_no_write_can_be_on_its_way() {
    let kept = Kept::new();
    let key = kept.unknown("1");
    let text = key.to_string();
    let resolve = ["resolve", &text, "--not-logged", "--by", "ada"];
    // The connector need not be there, and a variable for it need not be set.
    let sections = "[ledger]\nquarantine = \"30m\"\n[settings]\nkey = \"${ACME_KEY}\"";
    let manifest = manifest("acme", "Acme", sections);
    kept.place.write_manifest("acme", &manifest).unwrap();
    for age in [0, 29] {
        kept.age(&key, age * MINUTE);
        let why = kept.refused(1, &resolve);
        let expected = format!(
            "error: a write of call {text} may still be on its way; look into the CRM again after 20"
        );
        assert!(why.starts_with(&expected), "{why}");
        assert!(kept.printed(&["list"]).contains("\tUNKNOWN\t"));
    }
    kept.age(&key, 31 * MINUTE);
    let printed = kept.printed(&resolve);
    assert_eq!(printed, format!("{text}: FAILED, may be logged again\n"));
    let (_, token) = kept.claimed("acme", "1");
    assert_eq!(token.number(), 2);
}

#[test]
fn without_a_manifest_a_write_is_taken_to_be_on_its_way_for_a_day() {
    let kept = Kept::new();
    let key = kept.unknown("1");
    let text = key.to_string();
    let resolve = ["resolve", &text, "--not-logged", "--by", "ada"];
    let note = "note: no manifest here says how long a write to acme may be on its way; the most is assumed, a day; \
                --manifests names the folder\n";
    kept.age(&key, 23 * 60 * MINUTE);
    let why = kept.refused(1, &resolve);
    assert!(
        why.starts_with(&format!("{note}error: a write of call")),
        "{why}"
    );
    kept.age(&key, 25 * 60 * MINUTE);
    let output = kept.run(&resolve);
    assert_eq!((output.code, &*output.stderr), (Some(0), note));
}

#[test]
fn the_entry_of_another_call_is_not_taken_for_this_ones() {
    let kept = Kept::new();
    let (other, key) = (kept.done("acme", "1"), kept.unknown("2"));
    let why = kept.refused(
        1,
        &[
            "resolve",
            &key.to_string(),
            "--logged",
            "act-1",
            "--by",
            "ada",
        ],
    );
    assert_eq!(
        why,
        format!("error: entry \"act-1\" is that of call {other}; nothing is changed\n")
    );
}

#[test]
fn what_is_certain_is_not_decided() {
    let kept = Kept::new();
    let table = [
        (
            kept.done("acme", "1"),
            "with entry act-1; nothing is to be decided",
        ),
        (
            kept.settled("acme", "2", AttemptEnd::Failed { retry_at: None }),
            "it is known not to be logged; nothing is to be decided",
        ),
        (
            kept.settled("acme", "3", AttemptEnd::Rejected),
            "it is known not to be logged; nothing is to be decided",
        ),
        (kept.claimed("acme", "4").0, "nothing is to be decided yet"),
        (kept.sending("acme", "5").0, "nothing is to be decided yet"),
    ];
    let before = kept.printed(&["export"]);
    for (key, expected) in table {
        for decision in [&["--logged", "act-9"][..], &["--not-logged"]] {
            let key = key.to_string();
            let arguments = [&["resolve", &key, "--by", "ada"], decision].concat();
            let why = kept.refused(1, &arguments);
            assert!(why.ends_with(&format!("{expected}\n")), "{why}");
        }
    }
    assert_eq!(kept.printed(&["export"]), before);
}

#[test]
fn of_several_people_who_decide_at_once_one_does() {
    let kept = Kept::new();
    let key = kept.unknown("1").to_string();
    let ids: Vec<_> = (0..8).map(|n| format!("act-{n}")).collect();
    let running: Vec<_> = ids
        .iter()
        .map(|id| kept.invocation(&["resolve", &key, "--logged", id, "--by", id]))
        .map(|invocation| invocation.start().unwrap())
        .collect();
    let outputs: Vec<_> = running
        .into_iter()
        .map(|running| running.finish().unwrap())
        .collect();
    let (decided, refused): (Vec<_>, Vec<_>) = outputs
        .iter()
        .zip(&ids)
        .partition(|(output, _)| output.code == Some(0));
    let [(output, id)] = decided[..] else {
        panic!("{outputs:#?}");
    };
    assert_eq!(output.stdout, format!("{key}: DONE, entry {id}\n"));
    assert!(kept.printed(&["list"]).ends_with(&format!("\t{id}\n")));
    for (output, _) in refused {
        assert_eq!((output.code, &*output.stdout), (Some(1), ""), "{output:?}");
        assert!(output.stderr.contains("DONE"), "{output:?}");
    }
}
