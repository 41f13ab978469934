//! What the two CRMs do when nothing is scripted.

use serde_json::{Value, json};

use crate::{
    Reply,
    journal::{Entry, Journal, Request},
};

/// Answers a request as the CRM would, and stores what it would store.
pub(crate) fn answer(journal: &Journal, request: &Request) -> Reply {
    let segments: Vec<&str> = request.path().split('/').skip(1).collect();
    let Some(route) = route(&segments) else {
        return failure(404, &format!("no such path: {}", request.path()));
    };
    if !matches!(route, Route::Health) && request.header("authorization").is_none_or(str::is_empty)
    {
        return failure(401, "the Authorization header is missing");
    }
    match (request.method.as_str(), route) {
        ("GET", Route::Health) => Reply::json(200, &json!({ "status": "ok" })),
        ("POST", Route::Activities) => example_create(journal, request),
        ("GET", Route::Activities) => example_list(journal, request),
        ("GET", Route::Person(id)) => pipedrive_person(id),
        ("GET", Route::ActivityTypes) => pipedrive_activity_types(),
        ("POST", Route::PipedriveActivities) => pipedrive_create(journal, request),
        (method, _) => failure(405, &format!("{method} is not possible here")),
    }
}

enum Route<'a> {
    Health,
    Activities,
    Person(&'a str),
    ActivityTypes,
    PipedriveActivities,
}

fn route<'a>(segments: &[&'a str]) -> Option<Route<'a>> {
    match segments {
        ["health"] => Some(Route::Health),
        ["activities"] => Some(Route::Activities),
        ["api", "v2", "persons", id] => Some(Route::Person(id)),
        ["v1", "activityTypes"] => Some(Route::ActivityTypes),
        ["api", "v2", "activities"] => Some(Route::PipedriveActivities),
        _ => None,
    }
}

fn example_create(journal: &Journal, request: &Request) -> Reply {
    match object(request) {
        Ok(body) => {
            let entry = journal.store(request.path(), body, |n| format!("act-{n}"));
            Reply::json(201, &json!({ "id": entry.id }))
        }
        Err(refusal) => refusal,
    }
}

fn example_list(journal: &Journal, request: &Request) -> Reply {
    let session = request.query("sessionId");
    let is_wanted = |entry: &Entry| {
        let found = entry.body.get("sessionId").map(id_text);
        entry.path == request.path() && (session.is_none() || found == session)
    };
    let activities: Vec<Value> = journal
        .entries()
        .into_iter()
        .filter(is_wanted)
        .map(|Entry { id, mut body, .. }| {
            body["id"] = Value::from(id);
            body
        })
        .collect();
    Reply::json(200, &json!({ "activities": activities }))
}

fn pipedrive_person(id: &str) -> Reply {
    let Ok(id) = id.parse::<u64>() else {
        return failure(400, &format!("a person's id is a number, found {id:?}"));
    };
    let person = json!({ "id": id, "name": "Jane Roe", "org_id": null });
    Reply::json(200, &json!({ "success": true, "data": person }))
}

fn pipedrive_activity_types() -> Reply {
    let types = json!([
        { "name": "Call", "key_string": "call", "active_flag": true },
        { "name": "Meeting", "key_string": "meeting", "active_flag": true },
    ]);
    Reply::json(200, &json!({ "success": true, "data": types }))
}

fn pipedrive_create(journal: &Journal, request: &Request) -> Reply {
    let body = match object(request) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let entry = journal.store(request.path(), body, |n| (9000 + n).to_string());
    let id: u64 = entry
        .id
        .parse()
        .expect("Pipedrive's ids are made of digits");
    Reply::json(201, &json!({ "success": true, "data": { "id": id } }))
        .header("x-ratelimit-remaining", "79")
        .header("x-ratelimit-limit", "80")
        .header("x-ratelimit-reset", "2")
}

/// Returns the body, which has to be a JSON object.
fn object(request: &Request) -> Result<Value, Reply> {
    match serde_json::from_slice(&request.body) {
        Ok(body @ Value::Object(_)) => Ok(body),
        Ok(_) => Err(failure(400, "the body is JSON, but not an object")),
        Err(error) => Err(failure(400, &format!("the body is not JSON: {error}"))),
    }
}

/// Returns an id, a text or a number, as text.
fn id_text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// Refuses in a shape that clients of either CRM understand.
fn failure(status: u16, error: &str) -> Reply {
    Reply::json(status, &json!({ "success": false, "error": error }))
}
