//! The Example CRM.

use serde_json::{Value, json};

use crate::{
    Reply,
    journal::{Entry, Journal, Request},
    routes::{object, page::Page},
};

pub(super) fn create(journal: &Journal, request: &Request) -> Reply {
    match object(request) {
        Ok(body) => {
            let entry = journal.store(request.path(), body, |n| format!("act-{n}"));
            Reply::json(201, &json!({ "id": entry.id }))
        }
        Err(refusal) => refusal,
    }
}

/// Lists the entries of a session in pages; `next` is the cursor of the page behind, if there is one.
pub(super) fn list(journal: &Journal, request: &Request) -> Reply {
    let session = request.query("sessionId");
    let is_wanted = |entry: &Entry| {
        let found = entry.body.get("sessionId").map(id_text);
        entry.path == request.path() && (session.is_none() || found == session)
    };
    let entries = journal.entries().into_iter().filter(is_wanted).collect();
    let Page { items, next } = match Page::of(entries, request, 100) {
        Ok(page) => page,
        Err(refusal) => return refusal,
    };
    let activities: Vec<Value> = items.into_iter().map(activity).collect();
    let mut answer = json!({ "activities": activities });
    if let Some(next) = next {
        answer["next"] = next.into();
    }
    Reply::json(200, &answer)
}

fn activity(entry: Entry) -> Value {
    let mut activity = entry.body;
    activity["id"] = entry.id.into();
    activity
}

/// Returns an id, a text or a number, as text.
fn id_text(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
