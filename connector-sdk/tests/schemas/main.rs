//! The JSON Schemas of the operations, for those who write an input or read an output in another language.
//!
//! The types here say what the views of the model read and what a host prints. They exist to be derived from, and no
//! connector links them. That schemas and code agree is tested where a validator is at hand, beside the whole-program
//! tests.

#![expect(dead_code, reason = "nothing is ever made of these types but a schema")]

mod input;
mod look_up;
mod output;
mod record;

use switchboard_connector_sdk::testing::assert_schema_is_current;

#[test]
fn the_schema_of_the_input_is_current() {
    assert_schema_is_current::<input::Input>("schemas/create-call-log.input.schema.json");
}

#[test]
fn the_schema_of_the_output_is_current() {
    assert_schema_is_current::<output::Output>("schemas/create-call-log.output.schema.json");
}

#[test]
fn the_schemas_of_the_look_up_are_current() {
    assert_schema_is_current::<look_up::LookUp>("schemas/find-call-log.input.schema.json");
    assert_schema_is_current::<look_up::Found>("schemas/find-call-log.output.schema.json");
}
