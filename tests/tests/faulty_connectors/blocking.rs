//! Connectors that hold the threads they are run on.

use std::time::Instant;

use serde_json::{Value, json};
use switchboard_host::{FaultCode, Host};
use switchboard_tests::{Output, Stage, example_input, input_with_note};

use super::embedded::{PATIENCE, call, code, log_id, reason};

/// Long enough for the report, which comes after 1 to 1.25 s.
const TIMEOUT: &str = "[limits]\ntimeout = \"3s\"\n";

const SHORT: &str = "[limits]\ntimeout = \"1s\"\n";

/// Returns what was logged of connectors that hold threads, of a run with `--log-format json`.
fn reports(output: &Output) -> Vec<Value> {
    let lines = output
        .stderr
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let held = |line: &Value| {
        line["message"]
            .as_str()
            .is_some_and(|it| it.contains("held"))
    };
    lines.filter(held).collect()
}

#[test]
fn a_call_that_blocks_ends_with_its_deadline_and_is_named_once() {
    let stage = Stage::with_faulty("blocks", TIMEOUT).unwrap();
    let arguments = ["log", "--crm", "blocks", "--log-format", "json"];
    let invocation = stage.place.switchboard(arguments).unwrap();
    let input = example_input().unwrap().to_string();
    let output = invocation.stdin(input).run().unwrap();
    let outcome = output.json().unwrap();
    assert_eq!(outcome["error"]["code"], "timeout", "{outcome}");

    let ended = output
        .stderr
        .lines()
        .find(|line| line.contains("call ended"));
    let ended: Value = serde_json::from_str(ended.unwrap()).unwrap();
    let reports = reports(&output);
    let [report] = &reports[..] else {
        panic!("{output:#?}")
    };
    let expected = json!({
        "level": "WARN",
        "crm": "blocks",
        "connector": "faulty-blocks",
        "call_id": ended["call_id"],
        "message": "the connector has held a thread for more than 1 s in a call, and other calls may wait for it: ask \
                    its author for one that does not block, or run it in a process of its own: write \
                    isolation = \"process\" under [connector] in its manifest",
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(report[member], *value, "{report}");
    }
}

#[test]
fn a_connector_that_hangs_while_it_opens_is_named_once() {
    let stage = Stage::with_faulty("hangs-in-open", "").unwrap();
    let arguments = ["list", "--log-format", "json"];
    let output = stage.place.switchboard(arguments).unwrap().run().unwrap();
    let reports = reports(&output);
    let [report] = &reports[..] else {
        panic!("{output:#?}")
    };
    let message = report["message"].as_str().unwrap();
    assert!(
        message.contains("more than 1 s while it opens: ask its author"),
        "{message}"
    );
    assert_eq!(
        (&report["crm"], &report["call_id"]),
        (&json!("hangs-in-open"), &Value::Null)
    );
}

#[test]
fn a_connector_that_waits_without_blocking_is_not_named() {
    let stage = Stage::with_faulty("never-completes", TIMEOUT).unwrap();
    let input = input_with_note("").unwrap();
    let output = stage.log("never-completes", &input).unwrap();
    assert_eq!(output.json().unwrap()["error"]["code"], "timeout");
    assert!(!output.stderr.contains("held a thread"), "{output:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_end_with_their_deadline_while_they_wait_cost_no_thread() {
    let stage = Stage::with_faulty("never-completes", SHORT).unwrap();
    let host = stage.host().unwrap();
    for _ in 0..3 {
        let calls: Vec<_> = (0..10)
            .map(|_| call(&host, "never-completes", ""))
            .collect();
        for call in calls {
            assert_eq!(code(call).await, FaultCode::Timeout);
        }
    }
    assert_eq!(reason(&host, "never-completes"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_blocks_its_thread_holds_up_no_other_crm() {
    let stage = Stage::with_faulty("blocks", SHORT).unwrap();
    let host = stage.host().unwrap();
    let blocked = call(&host, "blocks", "");
    for _ in 0..20 {
        log_id(call(&host, "example", "")).await;
    }
    assert_eq!(code(blocked).await, FaultCode::Timeout);
    assert_eq!(stage.crm.n_entries(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_that_block_leave_threads_for_the_others_of_their_crm() {
    let stage = Stage::with_faulty("blocks", TIMEOUT).unwrap();
    let host = stage.host().unwrap();
    let blocked = [call(&host, "blocks", ""), call(&host, "blocks", "")];
    for _ in 0..20 {
        assert_eq!(log_id(call(&host, "blocks", "pass")).await, "passed");
    }
    for call in blocked {
        assert_eq!(code(call).await, FaultCode::Timeout);
    }
}

/// Calls another CRM until this one is disabled, and returns why.
async fn disabled(host: &Host, crm: &str) -> String {
    let start = Instant::now();
    loop {
        if let Some(reason) = reason(host, crm) {
            return reason;
        }
        assert!(start.elapsed() < PATIENCE, "{crm} is not disabled");
        assert_ne!(log_id(call(host, "example", "")).await, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_lost_thread_disables_the_crm_and_the_first_does_not() {
    let stage = Stage::with_faulty("blocks", SHORT).unwrap();
    let host = stage.host().unwrap();
    assert_eq!(code(call(&host, "blocks", "")).await, FaultCode::Timeout);
    assert_eq!(code(call(&host, "blocks", "")).await, FaultCode::Timeout);

    let reason = disabled(&host, "blocks").await;
    for part in [
        "libfaulty_blocks.so",
        "kept 2 threads for more than 1 s after the time of their calls was over",
        "ask its author",
        "isolation = \"process\"",
        "restart the host",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    let refused = call(&host, "blocks", "pass").await.unwrap();
    let error = refused.error().unwrap();
    assert_eq!((error.code, &error.message), (FaultCode::Disabled, &reason));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_blocks_every_thread_it_gets_is_left_alone_and_alone_suffers() {
    let limits = "[limits]\ntimeout = \"1s\"\nmax_in_flight = 100\n";
    let stage = Stage::with_faulty("blocks", limits).unwrap();
    let host = stage.host().unwrap();
    let blocked: Vec<_> = (0..50).map(|_| call(&host, "blocks", "")).collect();
    for call in blocked {
        assert_eq!(code(call).await, FaultCode::Timeout);
        log_id(self::call(&host, "example", "")).await;
    }
    disabled(&host, "blocks").await;
    assert_eq!(code(call(&host, "blocks", "")).await, FaultCode::Disabled);
    let stopped = tokio::time::timeout(PATIENCE, host.shutdown(PATIENCE)).await;
    assert_eq!(stopped, Ok(()), "stuck calls hold up a shutdown");
}
