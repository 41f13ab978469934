//! What docs/app-connect.md says of every member, and what is made of it.

use std::fs;

use serde_json::{Value, json};
use switchboard_connector_sdk::CreateCallLog;
use switchboard_tests::workspace_root;

use crate::{file, request, user};

#[test]
fn the_example_of_the_page_makes_the_input_that_is_checked_in() {
    assert_eq!(input(&request(), &user()), file("app-connect.input.json"));
}

fn input(request: &Value, user: &Value) -> Value {
    let call = CreateCallLog::from_app_connect(request.to_string(), user.to_string());
    serde_json::from_str(call.unwrap().raw().get()).unwrap()
}

/// Returns the rows of a table on the page: a member, and where it goes.
fn rows(header: &str) -> Vec<(String, String)> {
    let page = fs::read_to_string(workspace_root().join("docs/app-connect.md")).unwrap();
    let (_, table) = page
        .split_once(&format!("| {header} | input | |\n|---|---|---|\n"))
        .unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let rows = rows.filter(|row| !row.starts_with("| any other |"));
    rows.map(|row| {
        let cells: Vec<_> = row
            .split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect();
        (cells[1].clone(), cells[2].clone())
    })
    .collect()
}

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    value.pointer(&format!("/{}", path.replace('.', "/")))
}

#[test]
fn every_member_of_a_request_goes_where_the_page_says() {
    let rows = rows("request");
    for name in request().as_object().unwrap().keys() {
        assert!(
            rows.iter().any(|(member, _)| member == name),
            "{name} has no row"
        );
    }
    for (member, place) in rows {
        let mut sent = request();
        if place == "left out" {
            sent[&member] = json!({ "of": "a browser" });
            assert_eq!(
                input(&sent, &user()),
                file("app-connect.input.json"),
                "{member}"
            );
            continue;
        }
        // A member of the request wins over the record's; the contact is on the other side of the call.
        if member != place {
            sent.as_object_mut().unwrap().remove(&place);
        }
        if member == "logInfo.to.phoneNumber" {
            sent["logInfo"]["direction"] = json!("Outbound");
        }
        if at(&sent, &member).is_none() {
            sent[&member] = json!("of the request");
        }
        let input = input(&sent, &user());
        assert_eq!(at(&input, &place), at(&sent, &member), "{member}");
    }
}

#[test]
fn every_member_of_a_user_goes_where_the_page_says() {
    let rows = rows("`user.json`");
    for name in user().as_object().unwrap().keys() {
        assert!(
            rows.iter().any(|(member, _)| member == name),
            "{name} has no row"
        );
    }
    for (member, place) in rows {
        let mut stored = user();
        if at(&stored, &member).is_none() {
            stored[&member] = json!("of the user");
        }
        let input = input(&request(), &stored);
        assert_eq!(at(&input, &place), at(&stored, &member), "{member}");
    }
}

#[test]
fn every_input_that_app_connects_server_made_is_accepted() {
    let folder = workspace_root().join("tests/vectors/pipedrive");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut n_inputs = 0;
    for path in files {
        let vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let read = CreateCallLog::from_json(vector["input"].to_string());
        assert!(read.is_ok(), "{}: {}", path.display(), read.unwrap_err());
        n_inputs += 1;
    }
    assert_eq!(n_inputs, 12);
}
