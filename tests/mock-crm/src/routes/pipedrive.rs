//! Pipedrive, as far as its connector asks.

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    Reply,
    journal::{Entry, Journal, Request},
    routes::{failure, object, page::Page},
};

pub(super) fn person(id: &str) -> Reply {
    let Ok(id) = id.parse::<u64>() else {
        return failure(400, &format!("a person's id is a number, found {id:?}"));
    };
    let person = json!({ "id": id, "name": "Jane Roe", "org_id": null });
    Reply::json(200, &json!({ "success": true, "data": person }))
}

pub(super) fn activity_types() -> Reply {
    let types = json!([
        { "name": "Call", "key_string": "call", "active_flag": true },
        { "name": "Meeting", "key_string": "meeting", "active_flag": true },
    ]);
    Reply::json(200, &json!({ "success": true, "data": types }))
}

pub(super) fn create(journal: &Journal, request: &Request) -> Reply {
    let body = match object(request) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let entry = journal.store(request.path(), body, |n| (9000 + n).to_string());
    Reply::json(
        201,
        &json!({ "success": true, "data": { "id": number_of(&entry) } }),
    )
    .header("x-ratelimit-remaining", "79")
    .header("x-ratelimit-limit", "80")
    .header("x-ratelimit-reset", "2")
}

/// Lists activities by `person_id`, the primary participant, and `updated_since`, in pages:
/// <https://developers.pipedrive.com/docs/api/v1/Activities#getActivities>.
pub(super) fn list(journal: &Journal, request: &Request) -> Reply {
    match listed(journal, request) {
        Ok(Page { items, next }) => {
            let data: Vec<Value> = items.iter().map(activity).collect();
            let additional = json!({ "next_cursor": next });
            let answer = json!({ "success": true, "data": data, "additional_data": additional });
            Reply::json(200, &answer)
        }
        Err(refusal) => refusal,
    }
}

fn listed(journal: &Journal, request: &Request) -> Result<Page<Entry>, Reply> {
    let person: Option<u64> = parameter(request, "person_id")?;
    let since: Option<Timestamp> = parameter(request, "updated_since")?;
    let is_wanted = |entry: &Entry| {
        entry.path == request.path()
            && person.is_none_or(|id| *primary_participant(&entry.body) == id)
            && since.is_none_or(|since| entry.created_at >= since)
    };
    let entries = journal.entries().into_iter().filter(is_wanted).collect();
    Page::of(entries, request, 500)
}

fn parameter<T: FromStr>(request: &Request, name: &str) -> Result<Option<T>, Reply> {
    let value = request.query(name).map(|text| text.parse()).transpose();
    value.map_err(|_| failure(400, &format!("{name} cannot be read")))
}

/// Returns an activity with what Pipedrive adds to it; times of the day get seconds.
fn activity(entry: &Entry) -> Value {
    let mut activity = entry.body.clone();
    for name in ["due_time", "duration"] {
        if let Some(time) = activity[name].as_str() {
            activity[name] = format!("{time}:00").into();
        }
    }
    let created_at = entry.created_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    activity["id"] = number_of(entry).into();
    activity["person_id"] = primary_participant(&entry.body).clone();
    activity["is_deleted"] = false.into();
    activity["add_time"] = created_at.clone().into();
    activity["update_time"] = created_at.into();
    activity
}

fn primary_participant(body: &Value) -> &Value {
    let participants = body["participants"].as_array();
    let mut participants = participants.into_iter().flatten();
    let primary = participants.find(|participant| participant["primary"] == true);
    primary.map_or(&Value::Null, |participant| &participant["person_id"])
}

fn number_of(entry: &Entry) -> u64 {
    let number = entry.id.parse();
    number.expect("Pipedrive's ids are made of digits")
}
