//! What is shown of calls.

use std::process::Command;

use serde_json::{Value, json};
use switchboard_host::ledger::CallKey;
use switchboard_host::ledger::state::AttemptEnd;
use switchboard_tests::program;

use crate::kept::Kept;

/// 2001-09-09T01:46:40Z.
const THEN: i64 = 1_000_000_000;

const MINUTE: i64 = 60;

/// One call in each state, a minute apart.
fn one_in_each_state() -> (Kept, Vec<CallKey>) {
    let kept = Kept::new();
    let keys = vec![
        kept.done("acme", "1"),
        kept.settled("acme", "2", AttemptEnd::Failed { retry_at: None }),
        kept.settled("acme", "3", AttemptEnd::Rejected),
        kept.unknown("4"),
        kept.done("other", "5"),
        kept.claimed("other", "6").0,
    ];
    for (minute, key) in (0..).zip(&keys) {
        kept.date(key, THEN + minute * MINUTE);
    }
    (kept, keys)
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn a_list_has_a_line_a_call_in_the_order_of_their_claims() {
    let (kept, _) = one_in_each_state();
    let expected = [
        "createCallLog/acme/acme.example/7/1\tDONE\t2001-09-09T01:46:40Z\t1\tact-1",
        "createCallLog/acme/acme.example/7/2\tFAILED\t2001-09-09T01:47:40Z\t1\t-",
        "createCallLog/acme/acme.example/7/3\tREJECTED\t2001-09-09T01:48:40Z\t1\t-",
        "createCallLog/acme/acme.example/7/4\tUNKNOWN\t2001-09-09T01:49:40Z\t1\t-",
        "createCallLog/other/acme.example/7/5\tDONE\t2001-09-09T01:50:40Z\t1\tact-5",
        "createCallLog/other/acme.example/7/6\tCLAIMED\t2001-09-09T01:51:40Z\t1\t-",
    ];
    assert_eq!(lines(&kept.printed(&["list"])), expected);
    for (filter, shown) in [
        (&["--state", "DONE"][..], &[0, 4][..]),
        (&["--state", "unknown"], &[3]),
        (&["--crm", "other"], &[4, 5]),
        (&["--since", "2001-09-09T01:50:40Z"], &[4, 5]),
        (&["--since", "2001-09-09", "--state", "REJECTED"], &[2]),
        (&["--crm", "other", "--state", "DONE"], &[4]),
    ] {
        let arguments = [&["list"], filter].concat();
        let expected: Vec<_> = shown.iter().map(|&idx: &usize| expected[idx]).collect();
        assert_eq!(lines(&kept.printed(&arguments)), expected, "{filter:?}");
    }
}

#[test]
fn a_list_without_calls_says_so() {
    let (kept, _) = one_in_each_state();
    for (arguments, stdout) in [
        (&["list", "--since", "1h"][..], ""),
        (&["list", "--crm", "none", "--json"], "[]\n"),
    ] {
        let output = kept.run(arguments);
        let said = "no such call is in the ledger\n";
        assert_eq!(
            (output.code, &*output.stdout, &*output.stderr),
            (Some(0), stdout, said)
        );
    }
}

#[test]
fn a_call_is_shown_with_its_attempts_and_what_they_sent() {
    let (kept, keys) = one_in_each_state();
    let expected = "\
createCallLog/acme/acme.example/7/4
  state                UNKNOWN since 2001-09-09T01:49:40Z
  hostname             acme.example
  user                 7
  contact              77
  session              4
  first claimed        2001-09-09T01:49:40Z
  outcome              {\"logId\":null}
  sessionId            4
  id                   rec-4
  started              1970-01-01T00:16:40Z
  direction            Inbound
attempt 1
  call_id              call-4
  claimed              2001-09-09T01:49:40Z
  allowed to write     2001-09-09T01:49:41Z
  ended                2001-09-09T01:49:42Z UNKNOWN
  sent                 POST crm.acme.example/activities (write): its end is unclear
";
    assert_eq!(kept.printed(&["show", &keys[3].to_string()]), expected);
}

#[test]
fn what_is_shown_as_json_is_what_is_exported() {
    let (kept, keys) = one_in_each_state();
    let shown: Vec<Value> = keys
        .iter()
        .map(|key| kept.printed(&["show", "--json", &key.to_string()]))
        .map(|json| serde_json::from_str(&json).unwrap())
        .collect();
    assert_eq!(
        shown[0],
        json!({
            "number": 1,
            "key": "createCallLog/acme/acme.example/7/1",
            "state": "DONE",
            "token": 1,
            "since": "2001-09-09T01:46:40Z",
            "leaseUntil": null,
            "retryAt": null,
            "logId": "act-1",
            "hostname": "acme.example",
            "userId": "7",
            "contactId": "77",
            "session": "1",
            "firstClaimedAt": "2001-09-09T01:46:40Z",
            "claimedAt": "2001-09-09T01:46:40Z",
            "outcome": { "logId": null },
            "reference": null,
            "attempts": [{
                "token": 1,
                "callId": "call-1",
                "claimedAt": "2001-09-09T01:46:40Z",
                "fencedAt": "2001-09-09T01:46:41Z",
                "settled": { "at": "2001-09-09T01:46:42Z", "state": "DONE" },
                "resolved": null,
                "sent": [{
                    "method": "POST", "host": "crm.acme.example", "path": "/activities",
                    "write": true, "end": "answered", "status": 201,
                }],
            }],
        })
    );
    let exported = kept.printed(&["export"]);
    let exported = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    assert_eq!(exported.collect::<Vec<Value>>(), shown);
    let listed: Vec<Value> = serde_json::from_str(&kept.printed(&["list", "--json"])).unwrap();
    let without_history = shown.into_iter().map(|mut call| {
        let members = call.as_object_mut().unwrap();
        members.remove("reference");
        members.remove("attempts");
        call
    });
    assert_eq!(listed, without_history.collect::<Vec<_>>());
}

#[test]
fn ids_cannot_steer_a_terminal() {
    let kept = Kept::new();
    let log_id = "a\u{1b}[2J\tb\n".to_owned();
    let key = kept.settled("acme", "1", AttemptEnd::Done { log_id });
    let escaped = "a\\u{1b}[2J\\tb\\n";
    let listed = kept.printed(&["list"]);
    assert!(listed.ends_with(&format!("\t{escaped}\n")), "{listed:?}");
    let shown = kept.printed(&["show", &key.to_string()]);
    assert_eq!(
        shown.lines().nth(2),
        Some(&*format!("  entry                {escaped}"))
    );
}

#[test]
fn a_write_whose_program_is_gone_is_seen_to_be_unknown() {
    let kept = Kept::new();
    let (key, _) = kept.sending("acme", "1");
    assert!(kept.printed(&["list"]).contains("\tSENDING\t"));
    kept.date(&key, THEN);
    let listed = kept.printed(&["list", "--state", "UNKNOWN"]);
    assert_eq!(listed.split('\t').next(), Some(&*key.to_string()));
}

#[test]
fn a_long_list_is_whole_and_may_be_read_in_part() {
    const N_CALLS: usize = 1_100;
    let kept = Kept::new();
    kept.claimed_all("acme", (0..N_CALLS).map(|session| session.to_string()));
    let listed: Vec<Value> = serde_json::from_str(&kept.printed(&["list", "--json"])).unwrap();
    let numbers = listed.iter().map(|call| call["number"].as_u64().unwrap());
    assert!(numbers.eq(1..=N_CALLS as u64), "{listed:#?}");
    let exported = kept.printed(&["export"]);
    let exported = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let exported: Vec<_> = exported.map(|call| call["key"].clone()).collect();
    let text = kept.printed(&["list"]);
    let text = text.lines().map(|line| line.split('\t').next().unwrap());
    for (call, key) in listed.iter().zip(&exported) {
        assert_eq!(&call["key"], key);
    }
    assert!(text.eq(exported.iter().map(|key| key.as_str().unwrap())));

    // More than a pipe holds: the writer meets its end.
    let program = program("switchboard-host", "switchboard").unwrap();
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "(\"$1\" ledger export; echo \"exit $?\" >&2) | head -n 1",
        "sh",
    ]);
    shell.arg(program);
    let output = kept.place.invocation(shell).run().unwrap();
    assert_eq!(output.stderr, "exit 0\n");
    assert_eq!(output.stdout.lines().count(), 1);
}
