//! What the two CRMs do when nothing is scripted.

use serde_json::{Value, json};

use crate::{
    Reply,
    journal::{Journal, Request},
};

mod example;
mod page;
mod pipedrive;

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
        ("POST", Route::Activities) => example::create(journal, request),
        ("GET", Route::Activities) => example::list(journal, request),
        ("GET", Route::Person(id)) => pipedrive::person(id),
        ("GET", Route::ActivityTypes) => pipedrive::activity_types(),
        ("POST", Route::PipedriveActivities) => pipedrive::create(journal, request),
        ("GET", Route::PipedriveActivities) => pipedrive::list(journal, request),
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

/// Returns the body, which has to be a JSON object.
fn object(request: &Request) -> Result<Value, Reply> {
    match serde_json::from_slice(&request.body) {
        Ok(body @ Value::Object(_)) => Ok(body),
        Ok(_) => Err(failure(400, "the body is JSON, but not an object")),
        Err(error) => Err(failure(400, &format!("the body is not JSON: {error}"))),
    }
}

/// Refuses in a shape that clients of either CRM understand.
fn failure(status: u16, error: &str) -> Reply {
    Reply::json(status, &json!({ "success": false, "error": error }))
}
