//! SIGINT, SIGTERM and SIGHUP before and while a call is under way.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mock_crm::{Gate, Rule};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use switchboard_tests::{Running, Scene, input, program};

use crate::NONE;

const SOON: Duration = Duration::from_secs(30);

/// Starts a call whose write is held by the gate, and returns when the CRM has it.
fn writing(scene: &Scene, gate: &Gate) -> Running {
    scene
        .crm
        .script(Rule::post("/activities").store().hold(gate));
    let running = scene
        .log(&input("1").unwrap(), NONE)
        .unwrap()
        .start()
        .unwrap();
    scene.crm.wait_for_requests(1, SOON).unwrap();
    running
}

#[test]
fn a_signal_waits_for_a_write_and_its_outcome_is_told() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (scene, gate) = (Scene::example().unwrap(), Gate::new());
        let running = writing(&scene, &gate);
        running.signal(signal).unwrap();
        running.until_stderr("stopping").unwrap();
        gate.open();
        let output = running.finish().unwrap();
        assert_eq!((output.code, output.signal), (Some(0), None), "{output:?}");
        assert_eq!(output.json().unwrap()["logId"], "act-1");
    }
}

#[test]
fn a_signal_ends_a_read_at_once() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (scene, gate) = (Scene::pipedrive("").unwrap(), Gate::new());
        scene
            .crm
            .script(Rule::get("/api/v2/persons/77").hold(&gate));
        let mut call = input("1").unwrap();
        call["user"]["hostname"] = json!(scene.crm.authority());
        let running = scene.log(&call, NONE).unwrap().start().unwrap();
        scene.crm.wait_for_requests(1, SOON).unwrap();
        running.signal(signal).unwrap();
        // The gate is still closed.
        let output = running.finish().unwrap();
        assert_eq!((output.code, output.signal), (Some(1), None), "{output:?}");
        let outcome = output.json().unwrap();
        assert_eq!(outcome["error"]["code"], "unavailable", "{outcome}");
        assert_eq!(scene.crm.n_entries(), 0);
        assert_eq!(scene.crm.requests().len(), 1);
    }
}

#[test]
fn a_second_signal_ends_the_waiting_for_a_write() {
    let (scene, gate) = (Scene::example().unwrap(), Gate::new());
    let running = writing(&scene, &gate);
    running.signal(Signal::TERM).unwrap();
    running
        .until_stderr("a second signal ends the waiting")
        .unwrap();
    running.signal(Signal::INT).unwrap();
    // The gate is still closed.
    let output = running.finish().unwrap();
    assert_eq!((output.code, output.signal), (Some(3), None), "{output:?}");
    let outcome = output.json().unwrap();
    assert_eq!(outcome["error"]["code"], "unknown-outcome", "{outcome}");
    let sentence = "Nobody knows whether the call was logged: Example CRM did not confirm it. Look it up in Example CRM \
                    before you log it again.";
    assert_eq!(outcome["returnMessage"]["message"], sentence);
    let ended = r#"call ended crm="example" outcome="unknown" code="unknown-outcome""#;
    assert!(output.stderr.contains(ended), "{output:?}");
    assert_eq!(scene.crm.n_entries(), 1);
}

/// Requires that a process leaves no core dump.
#[cfg(target_os = "linux")]
fn check_core_limit(id: u32) {
    let limits = std::fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<_> = core.unwrap().split_whitespace().skip(4).take(2).collect();
    assert_eq!(core, ["0", "0"], "{limits}");
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_that_is_composed_gets_into_a_core_dump() {
    let mut command = Command::new(program("switchboard-host", "switchboard").unwrap());
    command.args(["compose", "--format", "text/plain"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // No pipe holds so much: it is being read.
    stdin.write_all(&vec![b' '; 4 * 1024 * 1024]).unwrap();
    check_core_limit(child.id());
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_of_a_call_gets_into_a_core_dump() {
    let (scene, gate) = (Scene::example().unwrap(), Gate::new());
    let running = writing(&scene, &gate);
    check_core_limit(running.id());
    running.signal(Signal::ABORT).unwrap();
    let output = running.finish().unwrap();
    assert_eq!(output.signal, Some(Signal::ABORT.as_raw()), "{output:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_while_stdin_is_read_ends_with_an_outcome() {
    let mut command = Command::new(program("switchboard-host", "switchboard").unwrap());
    command.args(["log", "--crm", "example"]);
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    until_caught(&child, Signal::INT);
    let id = Pid::from_child(&child);
    kill_process(id, Signal::INT).unwrap();
    // Waiting would close it.
    let _stdin = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut printed = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut printed)
        .unwrap();
    let outcome: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(outcome["error"]["code"], "unavailable", "{outcome}");
}

/// Waits until a process handles a signal itself.
#[cfg(target_os = "linux")]
fn until_caught(child: &Child, signal: Signal) {
    let status = format!("/proc/{}/status", child.id());
    loop {
        let text = std::fs::read_to_string(&status).unwrap();
        let caught = text
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        if caught & (1 << (signal.as_raw() - 1)) != 0 {
            return;
        }
        std::thread::yield_now();
    }
}
