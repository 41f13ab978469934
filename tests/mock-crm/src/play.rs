//! One request, from its head to the last byte of the answer.

use std::sync::Arc;

use axum::{
    body::{self, Body},
    extract::{ConnectInfo, State},
    http::{HeaderMap, Uri, request::Parts},
    response::Response,
};
use bytes::Bytes;

use crate::{
    Reply,
    journal::{Journal, Request},
    listener::Connection,
    routes,
    script::{End, Rule, Script, Step},
};

/// What all requests share.
pub(crate) struct Crm {
    pub(crate) journal: Journal,
    pub(crate) script: Script,
}

/// Serves one request as the script says, else as the normal route does.
pub(crate) async fn serve(
    State(crm): State<Arc<Crm>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: axum::extract::Request,
) -> Response {
    let (head, body) = request.into_parts();
    let target = target(&head.uri);
    let rule = crm
        .script
        .rule_for(head.method.as_str(), target, authorization(&head))
        .unwrap_or_else(|| Rule::any("*"));
    let body = match read(body, &rule).await {
        Ok(body) => body,
        Err(error) => return Reply::text(400, &error.to_string()).into_response(),
    };
    let request = received(&connection, &head, body);
    // In a task of its own: the server drops this future when the caller hangs up, a CRM goes on.
    let played = tokio::spawn(async move { play(&crm, rule, &request, &connection).await });
    played.await.unwrap_or_else(|error| {
        Reply::text(500, &format!("mock-crm failed: {error}")).into_response()
    })
}

async fn read(body: Body, rule: &Rule) -> Result<Bytes, axum::Error> {
    if rule.reads_body {
        body::to_bytes(body, usize::MAX).await
    } else {
        Ok(Bytes::new())
    }
}

async fn play(crm: &Crm, rule: Rule, request: &Request, connection: &Connection) -> Response {
    crm.journal.receive(request);
    let mut normal = None;
    for step in rule.steps {
        match step {
            Step::Delay(time) => tokio::time::sleep(time).await,
            Step::Hold(gate) => gate.passed().await,
            Step::Store => normal = Some(routes::answer(&crm.journal, request)),
        }
    }
    let reply = || {
        let scripted_or_stored = rule.reply.or(normal);
        scripted_or_stored.unwrap_or_else(|| routes::answer(&crm.journal, request))
    };
    match rule.end {
        End::Whole => reply().into_response(),
        End::Truncated => reply().into_truncated_response(),
        End::Closed => {
            connection.close();
            Response::default()
        }
        End::Reset => {
            connection.reset();
            Response::default()
        }
    }
}

fn received(connection: &Connection, head: &Parts, body: Bytes) -> Request {
    Request {
        connection: connection.number,
        method: head.method.to_string(),
        target: target(&head.uri).to_owned(),
        headers: headers(&head.uri, &head.headers),
        body,
    }
}

fn headers(uri: &Uri, headers: &HeaderMap) -> Vec<(String, String)> {
    let authority = uri.authority().filter(|_| !headers.contains_key("host"));
    let host = authority.map(|authority| ("host".to_owned(), authority.to_string()));
    let sent = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    });
    host.into_iter().chain(sent).collect()
}

fn authorization(head: &Parts) -> Option<&str> {
    head.headers.get("authorization")?.to_str().ok()
}

fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |target| target.as_str())
}
