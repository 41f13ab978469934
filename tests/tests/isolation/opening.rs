//! Connectors that are hostile before anybody has called them.

use std::fs;

use switchboard_tests::Stage;

use super::siege::{HOST, Siege, WORKER, add_hostile, call, stage};

const API_KEY: &str = "k3y-of-the-operator";

fn with_deed_at_open(deed: &str) -> Stage {
    let stage = stage();
    add_hostile(&stage, WORKER, "hostile", "", &[("deed_at_open", deed)]);
    stage
}

#[test]
fn a_worker_that_dies_while_its_connector_opens_disables_the_crm() {
    for (deed, reason) in [
        ("segfault", "signal 11"),
        ("abort", "signal 6"),
        ("exit", "exit code 0"),
    ] {
        let stage = with_deed_at_open(deed);
        let parts = ["libfaulty_hostile.so", "did not open for hostile", reason];
        stage.check_disabled("hostile", &parts).unwrap();
    }
}

#[test]
fn a_connector_that_hangs_while_it_opens_is_given_up_after_ten_seconds() {
    let parts = ["did not open for hostile: it took more than 10 s"];
    with_deed_at_open("hang")
        .check_disabled("hostile", &parts)
        .unwrap();
}

#[test]
fn a_secret_by_which_a_connector_says_that_it_does_not_serve_is_taken_out() {
    let mut stage = stage();
    stage.place.guard(&[API_KEY]);
    fs::write(stage.place.root().join("api-key"), API_KEY).unwrap();
    let more = [
        ("deed_at_open", "refuse"),
        ("api_key", "${file:../api-key}"),
    ];
    add_hostile(&stage, WORKER, "hostile", "", &more);
    let parts = ["did not open for hostile: ***"];
    stage.check_disabled("hostile", &parts).unwrap();
}

#[test]
fn the_sandbox_is_in_force_while_a_connector_opens() {
    for deed in ["open-passwd", "make-unix", "start-thread", "find-parent"] {
        let stage = with_deed_at_open(deed);
        let input = call(&stage, "deed: tell of opening");
        let output = stage.log("hostile", &input).unwrap();
        let outcome = output.json().unwrap();
        let gain = outcome["logId"].as_str().unwrap();
        assert!(super::denied::is_denied(gain), "{deed}: {gain}");
    }
}

#[test]
fn the_sandbox_is_in_force_before_the_first_line_of_a_library_runs() {
    let gains = |isolation| {
        let stage = stage();
        let package = "faulty-evil-constructor";
        stage.place.place_connector(package).unwrap();
        let library = "faulty_evil_constructor";
        stage.enable_in(isolation, "evil", library, "").unwrap();
        let siege = Siege::begin(stage);
        let gain = siege.gain("evil", "none");
        siege.end();
        gain
    };
    assert_eq!(
        gains(WORKER),
        "thread denied, connect denied, shell denied, passwd denied"
    );
    assert_eq!(
        gains(HOST),
        "thread done, connect Connection refused (os error 111), shell done, passwd done"
    );
}
