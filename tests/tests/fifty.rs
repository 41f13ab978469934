//! Fifty programs log the same call at once, on one ledger.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::time::Duration;

use mock_crm::{Gate, Rule};
use serde_json::Value;
use switchboard_tests::{Postgres, Scene, input};

const N_PROGRAMS: usize = 50;
const SOON: Duration = Duration::from_secs(60);

#[test]
fn with_sqlite_fifty_programs_make_one_entry_and_print_its_id() {
    let scene = Scene::example().unwrap();
    let place = format!("sqlite:{}", scene.place.ledger().display());
    check(&scene, &place);
}

#[test]
fn with_postgresql_fifty_programs_make_one_entry_and_print_its_id() {
    if let Some(server) = Postgres::start().unwrap() {
        check(&Scene::example().unwrap(), &server.url());
    }
}

fn check(scene: &Scene, ledger: &str) {
    let gate = Gate::new();
    let write = Rule::post("/activities").hold(&gate);
    scene.crm.script(write);
    let input = input("1").unwrap();
    let start = || {
        let log = scene.log(&input, [] as [&str; 0]).unwrap();
        let log = log.env("SWITCHBOARD_LEDGER", ledger);
        log.timeout(3 * SOON).start().unwrap()
    };
    let programs: Vec<_> = (0..N_PROGRAMS).map(|_| start()).collect();
    scene.crm.wait_for_requests(1, SOON).unwrap();
    gate.open();

    let mut n_duplicates = 0;
    let mut outcomes = Vec::new();
    for program in programs {
        let output = program.finish().unwrap();
        assert_eq!(output.code, Some(0), "{output:#?}");
        let mut outcome = output.json().unwrap();
        let duplicate = outcome.as_object_mut().unwrap().remove("duplicate");
        n_duplicates += usize::from(duplicate == Some(Value::Bool(true)));
        outcomes.push(outcome);
    }
    assert_eq!(outcomes[0]["logId"], "act-1");
    assert_eq!(outcomes, vec![outcomes[0].clone(); N_PROGRAMS]);
    assert_eq!(n_duplicates, N_PROGRAMS - 1);
    let (n_entries, n_requests) = (scene.crm.n_entries(), scene.crm.requests().len());
    assert_eq!((n_entries, n_requests), (1, 1));
}
