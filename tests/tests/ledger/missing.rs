//! Ledgers and calls that are not there, and commands that are wrong.

use std::fs;

use switchboard_tests::Workplace;

use crate::kept::Kept;

const KEY: &str = "createCallLog/acme/acme.example/7/1";

const COMMANDS: [&[&str]; 5] = [
    &["list"],
    &["show", KEY],
    &["resolve", KEY, "--not-logged", "--by", "ada"],
    &["prune", "--older-than", "1d"],
    &["export"],
];

#[test]
fn looking_into_a_ledger_makes_none() {
    let place = Workplace::new().unwrap();
    for command in COMMANDS {
        for (ledger, why) in [
            (
                "sqlite:new/ledger.sqlite",
                "there is no ledger at new/ledger.sqlite;",
            ),
            ("none", "there is no ledger: it is set to none;"),
        ] {
            let all = [&["ledger", "--ledger", ledger][..], command].concat();
            let output = place.switchboard(all).unwrap().run().unwrap();
            assert_eq!((output.code, &*output.stdout), (Some(1), ""), "{output:?}");
            assert!(
                output.stderr.starts_with(&format!("error: {why}")),
                "{output:?}"
            );
        }
    }
    assert!(!place.root().join("new").exists());
}

#[test]
fn broken_manifests_and_missing_libraries_keep_nobody_from_deciding() {
    let kept = Kept::new();
    let key = kept.unknown("1").to_string();
    fs::remove_dir(kept.place.connectors()).unwrap();
    kept.place.write_manifest("broken", "[crm").unwrap();
    kept.printed(&["list"]);
    fs::remove_dir_all(kept.place.manifests()).unwrap();
    kept.printed(&["resolve", &key, "--logged", "act-1", "--by", "ada"]);
}

#[test]
fn a_call_that_is_not_there_is_named() {
    let kept = Kept::new();
    for command in [COMMANDS[1], COMMANDS[2]] {
        let expected = format!("error: the ledger has no call {KEY}\n");
        assert_eq!(kept.refused(1, command), expected);
    }
}

#[test]
fn a_file_that_is_no_ledger_is_left_alone() {
    let place = Workplace::new().unwrap();
    fs::write(place.ledger(), "notes of mine").unwrap();
    let output = place
        .switchboard(["ledger", "list"])
        .unwrap()
        .run()
        .unwrap();
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("is not a ledger"), "{output:?}");
    assert_eq!(fs::read(place.ledger()).unwrap(), b"notes of mine");
}

#[test]
fn a_wrong_command_exits_with_2_and_says_what_is_expected() {
    let kept = Kept::new();
    for (arguments, expected) in [
        (
            &["list", "--state", "LOST"][..],
            "expected CLAIMED, SENDING",
        ),
        (&["list", "--since", "soon"], "expected an age (2h, 7d, 1w)"),
        (&["prune"], "--older-than <TIME>"),
        (&["prune", "--older-than", "3000-01-01"], "in the future"),
        (
            &["show", "4503991"],
            "expected OPERATION/CRM/HOSTNAME/USER/SESSION",
        ),
        (
            &["resolve", KEY, "--by", "ada"],
            "<--logged <ID>|--not-logged>",
        ),
        (
            &[
                "resolve",
                KEY,
                "--logged",
                "1",
                "--not-logged",
                "--by",
                "ada",
            ],
            "cannot be used with",
        ),
        (
            &["resolve", KEY, "--logged", "", "--by", "ada"],
            "a value is required",
        ),
        (&["resolve", KEY, "--not-logged"], "--by <WHO>"),
        (
            &["resolve", KEY, "--not-logged", "--by", " "],
            "expected a name",
        ),
        (
            &["resolve", KEY, "--not-logged", "--by", "look-up"],
            "its own look-ups",
        ),
    ] {
        let why = kept.refused(2, arguments);
        assert!(why.contains(expected), "{arguments:?}: {why}");
    }
}
