//! Requests that a connector asks of the host and that the host does not send.

use mock_crm::{Reply, Rule};
use switchboard_tests::{Stage, library, settings};

use super::siege::{Siege, WORKER, add_hostile, call, stage};

/// Where the metadata of a cloud's machine stands, its credentials with them.
const METADATA: &str = "http://169.254.169.254/latest/meta-data/";

/// Enables a hostile CRM that asks for this URL.
fn asking(stage: &Stage, crm: &str, allowed_hosts: &str, url: &str) {
    let settings = settings(&[("base_url", &stage.crm.url()), ("url", url)]);
    let manifest = format!(
        "manifest_version = 1\n\
         [crm]\nname = {crm:?}\n\
         [connector]\nlibrary = \"faulty_hostile\"\nisolation = {WORKER:?}\n\
         [network]\nallowed_hosts = [{allowed_hosts}]\n\
         {settings}"
    );
    stage.place.write_manifest(crm, &manifest).unwrap();
}

#[test]
fn no_address_is_asked_for_that_the_manifest_does_not_allow() {
    let stage = stage();
    let other = format!("http://127.0.0.2:{}/health", stage.crm.port());
    let private = "http://10.0.0.1/";
    let redirecting = format!("{}/away", stage.crm.url());
    let rule = Rule::get("/away").reply(Reply::redirect(302, private));
    stage.crm.script(rule);
    let cases = [
        ("not-listed", "\"127.0.0.1:*\"", &*other, "127.0.0.2"),
        ("metadata", "\"127.0.0.1:*\"", METADATA, "169.254.169.254"),
        ("listed-metadata", "\"169.254.169.254\"", METADATA, "https"),
        ("redirected", "\"127.0.0.1:*\"", &redirecting, "10.0.0.1"),
    ];
    for (crm, allowed, url, _) in cases {
        asking(&stage, crm, allowed, url);
    }
    let siege = Siege::begin(stage);
    for (crm, _, _, part) in cases {
        let (status, outcome) = siege.deed(crm, "ask");
        assert_eq!(status, 502, "{crm}: {outcome}");
        assert_eq!(outcome["error"]["code"], "forbidden-host", "{outcome}");
        let message = outcome["error"]["message"].as_str().unwrap();
        assert!(message.contains(part), "{crm}: {message}");
    }
    let requests = siege.stage.crm.requests();
    let asked = requests.iter().filter(|it| it.path() != "/activities");
    let asked: Vec<_> = asked.map(|it| &*it.target).collect();
    assert_eq!(asked, ["/away"]);
    siege.end();
}

/// The program takes the word of a name server that is on the attacker's side.
#[test]
fn a_name_that_stands_for_this_machine_is_not_connected_to() {
    let stage = stage();
    let url = format!("https://crm.rebound.example:{}/health", stage.crm.port());
    asking(&stage, "rebound", "\"*.rebound.example:*\"", &url);
    let invocation = stage.place.switchboard(["log", "--crm", "rebound"]);
    let invocation = invocation
        .unwrap()
        .env("LD_PRELOAD", library("pretend-dns").unwrap());
    let input = call(&stage, "deed: ask").to_string();
    let output = invocation.stdin(input).run().unwrap();
    let outcome = output.json().unwrap();
    assert_eq!(outcome["error"]["code"], "forbidden-host", "{output:#?}");
    let message = outcome["error"]["message"].as_str().unwrap();
    let expected = "crm.rebound.example is 127.0.0.1, a private address";
    assert!(message.contains(expected), "{message}");
    assert_eq!(stage.crm.requests(), []);
}

#[test]
fn ten_thousand_requests_at_once_are_served_in_turn() {
    let stage = stage();
    let limits = "[limits]\ntimeout = \"2m\"\n";
    add_hostile(&stage, WORKER, "hostile", limits, &[]);
    let siege = Siege::begin(stage);
    let gain = siege.gain("hostile", "ask 10,000 times");
    assert_eq!(gain, "200: 10000");
    siege.log("hostile");
    siege.end();
}
