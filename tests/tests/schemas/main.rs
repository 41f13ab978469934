//! The JSON Schemas say what the code does.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

mod look_ups;
mod outputs;

use std::{collections::BTreeSet, fs};

use jsonschema::Validator;
use serde_json::{Value, json};
use switchboard_connector_sdk::CreateCallLog;
use switchboard_tests::{example_input, workspace_root};

fn schema(name: &str) -> Value {
    let path = format!("connector-sdk/schemas/create-call-log.{name}.schema.json");
    let text = fs::read_to_string(workspace_root().join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn validator(name: &str) -> Validator {
    let options = jsonschema::options().offline();
    options.build(&schema(name)).unwrap()
}

/// Returns an input with every member that the contract knows.
fn whole_input() -> Value {
    let text = fs::read(workspace_root().join("tests/requests/whole.input.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Fails unless schema and code both take the input, or both refuse it. Returns whether they take it.
fn agree(schema: &Validator, input: &Value, what: &str) -> bool {
    let by_schema = schema.validate(input).map_err(|error| error.to_string());
    let by_code = CreateCallLog::from_json(input.to_string()).map_err(|error| error.to_string());
    assert_eq!(
        by_schema.is_ok(),
        by_code.is_ok(),
        "{what}: {by_schema:?}, {:?}",
        by_code.map(|_| ())
    );
    by_schema.is_ok()
}

/// Collects a JSON pointer to every member that a schema names; items of arrays have the index 0.
fn members(schema: &Value, at: &Value, pointer: &str, found: &mut BTreeSet<String>) {
    if let Some(target) = at["$ref"].as_str() {
        let target = schema.pointer(target.strip_prefix('#').unwrap()).unwrap();
        members(schema, target, pointer, found);
    }
    for choice in at["anyOf"].as_array().into_iter().flatten() {
        members(schema, choice, pointer, found);
    }
    if at["items"].is_object() {
        members(schema, &at["items"], &format!("{pointer}/0"), found);
    }
    for (name, member) in at["properties"].as_object().into_iter().flatten() {
        let pointer = format!("{pointer}/{name}");
        members(schema, member, &pointer, found);
        found.insert(pointer);
    }
}

fn members_of_the_input() -> BTreeSet<String> {
    let schema = schema("input");
    let mut found = BTreeSet::new();
    members(&schema, &schema, "", &mut found);
    found
}

#[test]
fn the_whole_input_has_every_member_of_the_schema() {
    let whole = whole_input();
    let members = members_of_the_input();
    let missing: Vec<_> = members
        .iter()
        .filter(|pointer| whole.pointer(pointer).is_none())
        .collect();
    assert_eq!(missing, [] as [&str; 0]);
    assert!(members.len() > 80, "{members:#?}");
    assert!(agree(&validator("input"), &whole, "the whole input"));
}

/// Collects the names of the members that the code reads, from its text.
fn members_of_the_reader() -> BTreeSet<String> {
    let model = workspace_root().join("connector-sdk/src/model");
    let files = ["input.rs", "parties.rs", "record.rs", "record/parts.rs"];
    let texts = files.map(|file| fs::read_to_string(model.join(file)).unwrap());
    let code = texts.iter().flat_map(|text| {
        let code = text.split("#[cfg(test)]").next().unwrap();
        code.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
    });
    code.flat_map(names_read).collect()
}

/// Returns the quoted words of a line that name a member.
fn names_read(line: &str) -> Vec<String> {
    let readers = ["get(", "as_sent(", "_text(", "_id(", "cost("];
    let parts: Vec<_> = line.split('"').collect();
    let quoted = parts.windows(3).step_by(2);
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let named = quoted.filter(|around| is_name(around[1]));
    let read = named.filter(|around| {
        let is_alone = around[2].starts_with(')');
        around[2].starts_with(", faults")
            || is_alone && readers.iter().any(|reader| around[0].ends_with(reader))
    });
    read.map(|around| around[1].to_owned()).collect()
}

#[test]
fn every_member_that_the_code_reads_stands_in_the_schema() {
    let members = members_of_the_input();
    let in_schema: BTreeSet<_> = members
        .iter()
        .filter_map(|pointer| pointer.rsplit('/').next())
        .collect();
    let read = members_of_the_reader();
    let missing: Vec<_> = read
        .iter()
        .filter(|name| !in_schema.contains(name.as_str()))
        .collect();
    assert_eq!(missing, [] as [&str; 0]);
    assert!(read.len() > 45, "{read:#?}");
}

#[test]
fn each_member_of_each_kind_is_taken_by_both_or_by_neither() {
    let schema = validator("input");
    let kinds = [
        json!(null),
        json!(true),
        json!(7),
        json!(1.5),
        json!(""),
        json!(" "),
        json!("+14155551234"),
        json!([]),
        json!([7]),
        json!({}),
    ];
    let (mut n_taken, mut n_refused) = (0, 0);
    for pointer in members_of_the_input() {
        for kind in &kinds {
            // Whether a number of the contact is right depends on the call's; a schema can only describe it.
            if pointer == "/contactInfo/phoneNumber" && kind == " " {
                continue;
            }
            let mut input = whole_input();
            *input.pointer_mut(&pointer).unwrap() = kind.clone();
            match agree(&schema, &input, &format!("{pointer} = {kind}")) {
                true => n_taken += 1,
                false => n_refused += 1,
            }
        }
    }
    assert!(
        n_taken > 200 && n_refused > 200,
        "{n_taken} taken, {n_refused} refused"
    );
}

#[test]
fn each_member_may_be_missing_for_both_or_for_neither() {
    let schema = validator("input");
    let mut required = Vec::new();
    for pointer in members_of_the_input() {
        let mut input = whole_input();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = input.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().remove(name).unwrap();
        if !agree(&schema, &input, &pointer) {
            required.push(pointer);
        }
    }
    assert_eq!(
        required,
        [
            "/authHeader",
            "/callLog",
            "/callLog/startTime",
            "/contactInfo",
            "/contactInfo/id",
            "/user",
            "/user/id",
        ]
    );
}

#[test]
fn one_of_three_ids_is_enough_and_one_is_needed() {
    let schema = validator("input");
    let mut input = whole_input();
    for name in ["id", "sessionId", "telephonySessionId"] {
        for (id, is_enough) in [
            (json!("7"), true),
            (json!(7), true),
            (json!(""), false),
            (json!(" "), false),
            (json!(null), false),
            (json!([]), false),
        ] {
            for other in ["id", "sessionId", "telephonySessionId"] {
                input["callLog"][other] = json!(null);
            }
            input["callLog"][name] = id.clone();
            let is_taken = agree(&schema, &input, &format!("{name} = {id}"));
            assert_eq!(is_taken, is_enough, "{name} = {id}");
        }
    }
}

#[test]
fn a_moment_is_one_for_both() {
    let schema = validator("input");
    let mut input = whole_input();
    for (moment, is_taken) in [
        (json!("2026-03-05T12:00:00Z"), true),
        (json!("2026-03-05T12:00:00.000+05:30"), true),
        (json!("2026-03-05T12:00:00+0530"), true),
        (json!("2026-03-05T12Z"), true),
        (json!("2026-03-05 12:00:00"), true),
        (json!("2026-03-05t12:00:00z"), true),
        (json!(" 20260305T120000Z "), true),
        (json!("+002026-03-05T12:00:00Z"), true),
        (json!("1772712000000"), true),
        (json!(1_772_712_000_000_i64), true),
        (json!(1.772712e12), true),
        (json!(-7), true),
        (json!(253_402_207_200_000_i64), true),
        (json!(253_402_207_200_001_i64), false),
        (json!(-377_705_023_201_000_i64), true),
        (json!(-377_705_023_201_001_i64), false),
        (json!(1_772_712_000_000.5), false),
        (json!("2026-03-05"), false),
        (json!("2026-03-05Z"), false),
        (json!("12:00:00"), false),
        (json!("soon"), false),
    ] {
        input["callLog"]["startTime"] = moment.clone();
        assert_eq!(
            agree(&schema, &input, &moment.to_string()),
            is_taken,
            "{moment}"
        );
    }
}

#[test]
fn a_header_that_no_request_can_carry_is_one_for_neither() {
    let schema = validator("input");
    let mut input = whole_input();
    for (header, is_taken) in [
        ("", true),
        ("Bearer a\tb \u{e9}", true),
        ("Bearer a\n", false),
        ("Bearer \0", false),
        ("Bearer \u{7f}", false),
    ] {
        input["authHeader"] = json!(header);
        assert_eq!(agree(&schema, &input, header), is_taken, "{header:?}");
    }
}

#[test]
fn every_input_of_a_vector_and_the_examples_are_taken_by_both() {
    let schema = validator("input");
    let mut inputs = vec![
        ("the example".to_owned(), example_input().unwrap()),
        ("App Connect".to_owned(), {
            let text = fs::read(workspace_root().join("tests/requests/app-connect.input.json"));
            serde_json::from_slice(&text.unwrap()).unwrap()
        }),
    ];
    for folder in ["pipedrive", "pipedrive-contract"] {
        for file in fs::read_dir(workspace_root().join("tests/vectors").join(folder)).unwrap() {
            let path = file.unwrap().path();
            let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            inputs.push((path.display().to_string(), vector["input"].clone()));
        }
    }
    assert!(inputs.len() > 40);
    for (name, input) in inputs {
        assert!(agree(&schema, &input, &name), "{name}");
    }
}
