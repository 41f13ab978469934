//! Forged bytes on the socket between worker and host.

use std::time::Duration;

use mock_crm::{Gate, Rule};
use serde_json::json;

use super::siege::Siege;

const SOON: Duration = Duration::from_secs(30);

/// Deeds that break the protocol, and what the host says of each.
const FORGERIES: [(&str, &str); 11] = [
    ("forge random bytes", "at most 33554432 are read"),
    ("forge an endless frame", "a frame of 4294967295 bytes"),
    ("forge a truncated frame", "a call that is not its own"),
    ("forge an empty frame", "parts do not fit"),
    ("forge an unknown kind", "a frame of unknown kind 99"),
    ("forge a frame of the host", "a frame of unknown kind 1"),
    ("forge a second opening", "has no place there"),
    ("forge a part that is too long", "parts do not fit"),
    (
        "forge answers to the next calls",
        "a call that is not its own",
    ),
    (
        "forge answers to random calls",
        "a call that is not its own",
    ),
    (
        "forge requests of other calls",
        "a call that is not its own",
    ),
];

/// Deeds with the socket that the sandbox does not let through, and what they come to.
const DENIED: [(&str, &str); 2] = [("send descriptors", "sent 0"), ("shut-socket", "survived")];

#[test]
fn a_forged_frame_ends_the_worker_and_nothing_else() {
    let crm = |deed: &str| deed.replace(' ', "-");
    let crms = FORGERIES.map(|(deed, _)| crm(deed));
    let siege = Siege::of(&crms.iter().map(|it| &**it).collect::<Vec<_>>());
    for (deed, reason) in FORGERIES {
        let (status, outcome) = siege.deed(&crm(deed), deed);
        let code = &outcome["error"]["code"];
        assert_eq!((status, code), (502, &json!("crashed")), "{deed}");
        let message = outcome["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{deed}: {message}");
        siege.log(&crm(deed));
    }
    let requests = siege.stage.crm.requests();
    assert!(requests.iter().all(|it| it.path() == "/activities"));
    siege.end();
}

#[test]
fn the_socket_can_be_neither_shut_nor_used_to_send_descriptors() {
    let siege = Siege::of(&["hostile"]);
    for (deed, gain) in DENIED {
        assert_eq!(siege.gain("hostile", deed), gain, "{deed}");
    }
    siege.end();
}

#[test]
fn no_call_is_answered_by_another() {
    for deed in [
        "forge answers to the next calls",
        "forge answers to random calls",
        "forge requests of other calls",
    ] {
        let siege = Siege::of(&["hostile"]);
        let gate = Gate::new();
        siege.stage.crm.script(Rule::get("/health").hold(&gate));
        let n_before = siege.stage.crm.requests().len();
        let honest = siege.begin_deed("hostile", "log after a read");
        siege
            .stage
            .crm
            .wait_for_requests(n_before + 1, SOON)
            .unwrap();
        siege.deed("hostile", deed);
        gate.open();
        let (_, outcome) = honest.receive().unwrap();
        assert_ne!(outcome["logId"], "forged", "{deed}");
        assert_eq!(outcome["error"]["code"], "crashed", "{deed}: {outcome}");
        siege.end();
    }
}
