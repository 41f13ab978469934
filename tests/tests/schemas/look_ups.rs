//! The schemas of the look-up, and what a connector reads and writes.

use std::fs;

use jsonschema::Validator;
use serde_json::{Value, json};
use switchboard_connector_sdk::testing::{PretendHost, reference_to};
use switchboard_connector_sdk::{
    CallContext, CallLogged, CallReference, Connector, CreateCallLog, Fault, Found, NoSettings,
    Opening,
};
use switchboard_tests::{example_input, workspace_root};

/// Finds the session itself, so that it answers whatever it could read.
struct Acme;

impl Connector for Acme {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        _: &CallContext,
        _: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        Err(Fault::unsupported("this one only looks up"))
    }

    async fn find_call_log(&self, _: &CallContext, call: CallReference) -> Result<Found, Fault> {
        let found = Found::entries([call.session(), "other"]);
        Ok(match call.call() {
            Some(_) => found.with_likeliest(call.session()),
            None => found,
        })
    }
}

fn look_up(input: &Value) -> Result<Found, Fault> {
    let acme = PretendHost::new().open::<Acme>(json!({})).unwrap();
    acme.find_call_log(input)
}

fn validator(name: &str) -> Validator {
    let path = format!("connector-sdk/schemas/find-call-log.{name}.schema.json");
    let text = fs::read_to_string(workspace_root().join(path)).unwrap();
    let options = jsonschema::options().offline();
    let options = options.should_validate_formats(true);
    options
        .build(&serde_json::from_str(&text).unwrap())
        .unwrap()
}

/// Returns inputs with each member absent, null and of another kind.
fn inputs() -> Vec<Value> {
    let mut whole = reference_to(&example_input().unwrap());
    whole["call"] = example_input().unwrap();
    let mut inputs = vec![whole.clone(), json!([]), json!({})];
    for object in ["", "/reference"] {
        let members = whole.pointer(object).unwrap().as_object().unwrap();
        for name in members.keys() {
            for other in [Value::Null, json!(7), json!("text"), json!(["x"])] {
                let mut input = whole.clone();
                input.pointer_mut(object).unwrap()[name] = other;
                inputs.push(input);
            }
            let mut input = whole.clone();
            let object = input.pointer_mut(object).unwrap().as_object_mut();
            object.unwrap().remove(name);
            inputs.push(input);
        }
    }
    inputs
}

#[test]
fn a_connector_reads_exactly_the_inputs_that_fit_their_schema() {
    let schema = validator("input");
    let (mut n_read, mut n_refused) = (0, 0);
    for input in inputs() {
        let (by_schema, by_code) = (schema.is_valid(&input), look_up(&input).is_ok());
        assert_eq!(by_schema, by_code, "{input:#}");
        if by_code { n_read += 1 } else { n_refused += 1 }
    }
    assert!(n_read > 15 && n_refused > 30, "{n_read} {n_refused}");
}

#[test]
fn what_a_connector_answers_fits_its_schema() {
    let schema = validator("output");
    let mut input = reference_to(&example_input().unwrap());
    let without = look_up(&input).unwrap();
    input["call"] = example_input().unwrap();
    let with = look_up(&input).unwrap();
    for (found, is_told) in [(Found::none(), false), (without, false), (with, true)] {
        let written = serde_json::to_value(&found).unwrap();
        assert!(schema.is_valid(&written), "{written}");
        assert_eq!(written.get("likeliest").is_some(), is_told);
    }
    for other in [
        json!({}),
        json!({ "logIds": null }),
        json!({ "logIds": [7] }),
    ] {
        assert!(!schema.is_valid(&other), "{other}");
    }
}
