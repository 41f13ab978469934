//! The example that embeds the host, as a process with real clients.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    path::PathBuf,
    process::Command,
    time::Duration,
};

use mock_crm::{Gate, Rule};
use rustix::process::Signal;
use serde_json::{Value, json};
use switchboard_tests::{Running, Scene, example_program, input};

const N_CLIENTS: usize = 50;
const SOON: Duration = Duration::from_secs(30);

/// Starts the gateway on a free port.
fn start(scene: &Scene) -> (Running, SocketAddr) {
    let gateway: PathBuf = example_program("switchboard-host", "gateway").unwrap();
    let mut command = Command::new(gateway);
    command.arg("127.0.0.1:0");
    command.args([scene.place.manifests(), scene.place.connectors()]);
    let running = scene.place.invocation(command).start().unwrap();
    let line = running.until_stderr("listening on ").unwrap();
    let address = line.rsplit_once(' ').unwrap().1.parse().unwrap();
    (running, address)
}

fn send(gateway: SocketAddr, crm: &str, body: &Value) -> TcpStream {
    let mut stream = TcpStream::connect(gateway).unwrap();
    let body = body.to_string();
    let head = format!(
        "POST /crm/{crm}/calls HTTP/1.1\r\nhost: {gateway}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .unwrap();
    stream
}

/// Returns status and body of the answer.
fn receive(mut stream: TcpStream) -> (u16, Value) {
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[test]
fn an_outcome_is_answered_with_its_status() {
    let scene = Scene::example().unwrap();
    let (running, gateway) = start(&scene);
    let (status, outcome) = receive(send(gateway, "example", &input("1").unwrap()));
    assert_eq!((status, &outcome["logId"]), (200, &json!("act-1")));
    let (status, outcome) = receive(send(gateway, "example", &json!({})));
    assert_eq!(
        (status, &outcome["error"]["code"]),
        (400, &json!("invalid-input"))
    );
    let (status, outcome) = receive(send(gateway, "acme", &json!({})));
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
    let (running, gateway) = start(&scene);
    let call = |n: usize| input(&format!("session-{n}")).unwrap();
    let clients: Vec<_> = (0..N_CLIENTS)
        .map(|n| send(gateway, "example", &call(n)))
        .collect();
    // All writes have left and none is answered: the middle.
    scene.crm.wait_for_requests(N_CLIENTS, SOON).unwrap();
    let (gone, staying): (Vec<_>, Vec<_>) = clients
        .into_iter()
        .enumerate()
        .partition(|(n, _)| n % 2 == 0);
    for (_, client) in &gone {
        client.shutdown(Shutdown::Both).unwrap();
    }
    drop(gone);
    gate.open();
    for (n, client) in staying {
        let (status, outcome) = receive(client);
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
    let (running, gateway) = start(&scene);
    let client = send(gateway, "example", &input("1").unwrap());
    scene.crm.wait_for_requests(1, SOON).unwrap();
    drop(client);
    running.signal(Signal::INT).unwrap();
    gate.open();
    let output = running.finish().unwrap();
    assert!(output.stderr.contains(r#"outcome="logged""#), "{output:?}");
    assert_eq!((output.code, scene.crm.n_entries()), (Some(0), 1));
}
