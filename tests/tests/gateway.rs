//! The example that embeds the host, as a process with real clients.

#![cfg(unix)]
use std::time::Duration;

use mock_crm::{Gate, Rule};
use rustix::process::Signal;
use serde_json::json;
use switchboard_tests::{Gateway, Scene, input};

const N_CLIENTS: usize = 50;
const SOON: Duration = Duration::from_secs(30);

#[test]
fn an_outcome_is_answered_with_its_status() {
    let scene = Scene::example().unwrap();
    let Gateway { running, client } = Gateway::start(&scene.place).unwrap();
    let (status, outcome) = client.log("example", &input("1").unwrap()).unwrap();
    assert_eq!((status, &outcome["logId"]), (200, &json!("act-1")));
    let (status, outcome) = client.log("example", &json!({})).unwrap();
    assert_eq!(
        (status, &outcome["error"]["code"]),
        (400, &json!("invalid-input"))
    );
    let (status, outcome) = client.log("acme", &json!({})).unwrap();
    assert_eq!(
        (status, &outcome["error"]["code"]),
        (404, &json!("unknown-crm"))
    );
    running.signal(Signal::INT).unwrap();
    let output = running.finish().unwrap();
    assert_eq!((output.code, output.signal), (Some(0), None), "{output:?}");
}

#[test]
fn every_write_ends_and_is_reported_though_half_of_the_clients_hang_up() {
    let scene = Scene::example_with("[limits]\nmax_in_flight = 50").unwrap();
    let gate = Gate::new();
    scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let Gateway { running, client } = Gateway::start(&scene.place).unwrap();
    let call = |n: usize| input(&format!("session-{n}")).unwrap();
    let clients: Vec<_> = (0..N_CLIENTS)
        .map(|n| client.send("example", &call(n)).unwrap())
        .collect();
    // All writes have left and none is answered: the middle.
    scene.crm.wait_for_requests(N_CLIENTS, SOON).unwrap();
    let (gone, staying): (Vec<_>, Vec<_>) = clients
        .into_iter()
        .enumerate()
        .partition(|(n, _)| n % 2 == 0);
    drop(gone);
    gate.open();
    for (n, client) in staying {
        let (status, outcome) = client.receive().unwrap();
        assert_eq!(status, 200, "{outcome}");
        let log_id = outcome["logId"].as_str().unwrap();
        let entries = scene.crm.entries();
        let entry = entries.iter().find(|entry| entry.id == log_id).unwrap();
        assert_eq!(entry.body["sessionId"], format!("session-{n}"));
    }
    running.signal(Signal::INT).unwrap();
    let output = running.finish().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    let ended = output
        .stderr
        .lines()
        .filter(|line| line.contains("call ended"));
    let logged = ended.filter(|line| line.contains(r#"outcome="logged""#));
    assert_eq!(
        (logged.count(), scene.crm.n_entries()),
        (N_CLIENTS, N_CLIENTS)
    );
    assert_eq!(scene.crm.requests().len(), N_CLIENTS);
}

#[test]
fn a_shutdown_waits_for_calls_whose_clients_have_gone() {
    let scene = Scene::example().unwrap();
    let gate = Gate::new();
    scene
        .crm
        .script(Rule::post("/activities").hold(&gate).store());
    let Gateway { running, client } = Gateway::start(&scene.place).unwrap();
    let call = client.send("example", &input("1").unwrap()).unwrap();
    scene.crm.wait_for_requests(1, SOON).unwrap();
    drop(call);
    running.signal(Signal::INT).unwrap();
    gate.open();
    let output = running.finish().unwrap();
    assert!(output.stderr.contains(r#"outcome="logged""#), "{output:?}");
    assert_eq!((output.code, scene.crm.n_entries()), (Some(0), 1));
}
