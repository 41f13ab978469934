//! What the program prints, and the schema of it.

use std::fs;

use jsonschema::Validator;
use mock_crm::{Reply, Rule};
use serde_json::{Value, json};
use switchboard_tests::{Scene, workspace_root};

use crate::{validator, whole_input};

/// Fails unless the output is one that the schema knows.
fn check_output(schema: &Validator, output: &Value) {
    let checked = schema.validate(output).map_err(|error| error.to_string());
    assert_eq!(checked, Ok(()), "{output:#}");
}

#[test]
fn every_output_of_the_program_is_one_of_the_schema() {
    let schema = validator("output");
    let scene = Scene::example().unwrap();
    let post = || Rule::post("/activities").times(1);
    let refused = json!({ "error": "x" });
    for (rule, code) in [
        (None, Value::Null),
        (
            Some(post().reply(Reply::json(401, &refused))),
            json!("unauthorized"),
        ),
        (
            Some(post().reply(Reply::json(429, &refused).header("retry-after", "2"))),
            json!("rate-limited"),
        ),
        (
            Some(post().reply(Reply::json(422, &refused))),
            json!("rejected"),
        ),
        (Some(post().close()), json!("unknown-outcome")),
    ] {
        if let Some(rule) = rule {
            scene.crm.script(rule);
        }
        scene.place.forget().unwrap();
        // The second is a duplicate of what is logged or unclear, and an attempt of its own otherwise.
        for is_code in [true, false] {
            let output = scene.log(&whole_input(), [] as [&str; 0]).unwrap();
            let output = output.run().unwrap().json().unwrap();
            assert!(!is_code || output["error"]["code"] == code, "{output}");
            check_output(&schema, &output);
        }
    }
    for (input, arguments, code) in [
        (json!({}), [].as_slice(), "invalid-input"),
        (json!([]), &[], "invalid-input"),
        (whole_input(), &["--user", "user.json"], "invalid-input"),
        (whole_input(), &["--config", "missing.toml"], "disabled"),
    ] {
        let output = scene.log(&input, arguments).unwrap().run().unwrap();
        let output = output.json().unwrap();
        assert_eq!(output["error"]["code"], code);
        check_output(&schema, &output);
    }
}

#[test]
fn an_output_with_warnings_and_figures_is_one_of_the_schema() {
    let schema = validator("output");
    let scene = Scene::pipedrive("").unwrap();
    let path = workspace_root().join("tests/vectors/pipedrive-contract/assignee_unknown.json");
    let vector: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let rules = mock_crm::recorded_rules(&vector["crm_responses"]).unwrap();
    scene.crm.script_all(rules);
    let input = vector["input"].to_string();
    let input = input.replace("acme.pipedrive.com", &scene.crm.authority());
    let invocation = scene.log(&json!(null), [] as [&str; 0]).unwrap();
    let output = invocation.stdin(input).run().unwrap().json().unwrap();
    check_output(&schema, &output);
    assert!(output["warnings"][0].is_string(), "{output}");
    assert!(output["extraDataTracking"].is_object(), "{output}");
}

#[test]
fn an_output_that_no_host_prints_is_none_of_the_schema() {
    let schema = validator("output");
    let message = json!({ "message": "m", "messageType": "success", "ttl": 30000 });
    let error = json!({ "code": "rejected", "message": "m" });
    let logged = json!({ "logId": "7", "returnMessage": message });
    let failed = json!({ "logId": null, "returnMessage": message, "error": error });
    check_output(&schema, &logged);
    check_output(&schema, &failed);
    for (valid, pointer, value) in [
        (&logged, "/logId", json!(7)),
        (&logged, "/logId", json!("")),
        (&logged, "/logId", json!(null)),
        (&logged, "/returnMessage", json!(null)),
        (&logged, "/returnMessage/messageType", json!("info")),
        (&logged, "/returnMessage/ttl", json!(-1)),
        (&logged, "/returnMessage/message", json!(null)),
        (&failed, "/logId", json!("7")),
        (&failed, "/error/code", json!("other")),
        (&failed, "/error/message", json!(null)),
    ] {
        let mut output = valid.clone();
        *output.pointer_mut(pointer).unwrap() = value;
        assert!(!schema.is_valid(&output), "{output}");
    }
}
