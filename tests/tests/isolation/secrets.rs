//! What others of the machine see of a worker.

use serde_json::json;

use super::siege::{Siege, WORKER, add_hostile, call, stage};

const API_KEY: &str = "k3y-of-the-settings";

#[test]
fn no_setting_stands_in_the_arguments_or_the_environment_of_a_worker() {
    let mut stage = stage();
    stage.place.guard(&[API_KEY]);
    add_hostile(&stage, WORKER, "hostile", "", &[("api_key", API_KEY)]);
    let siege = Siege::begin(stage);
    assert_eq!(siege.gain("hostile", "tell-environment"), "done");
    let arguments = siege.gain("hostile", "tell-arguments");
    assert!(!arguments.contains(API_KEY), "{arguments}");
    let url = siege.stage.crm.url();
    let workers = siege.host().children().unwrap();
    assert_eq!(workers.len(), 2, "{workers:?}");
    for worker in workers {
        // A worker hides its environment from everyone but root.
        let Ok([arguments, environment]) = worker.arguments_and_environment() else {
            continue;
        };
        assert_eq!(environment, "");
        for secret in [API_KEY, &url] {
            assert!(!arguments.contains(secret), "{arguments}");
        }
    }
    siege.end();
}

#[test]
fn nothing_of_a_call_that_a_worker_tells_gets_into_the_log() {
    let mut stage = stage();
    let mut input = call(&stage, "deed: tell everything");
    input["aiNote"] = json!("what was said at first\nand what was said then");
    let token = input["authHeader"].as_str().unwrap().to_owned();
    let said = ["what was said at first", "and what was said then"];
    stage
        .place
        .guard(&[&token, "deed: tell everything", said[0], said[1]]);
    add_hostile(&stage, WORKER, "hostile", "", &[]);
    let siege = Siege::begin(stage);
    let (status, outcome) = siege.gateway.client.log("hostile", &input).unwrap();
    assert_eq!((status, &outcome["logId"]), (200, &json!("told")));
    // `end` looks for what is guarded. That something was said at all shows that it was the redactor.
    let output = siege.end();
    assert!(output.stderr.contains("1477535004-example"), "{output:#?}");
}
