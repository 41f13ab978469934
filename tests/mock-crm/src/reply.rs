//! Answers, and how they are put on the wire.

use std::{convert::Infallible, io};

use anyhow::{Result, ensure};
use axum::{body::Body, http::header, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::Value;

/// An answer to one request.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Bytes(Bytes),
    Filler(usize),
}

impl Reply {
    /// Answers with a status and no body.
    pub fn empty(status: u16) -> Self {
        Self::bytes(status, Bytes::new())
    }

    /// Answers with JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, body.to_string()).header("content-type", "application/json")
    }

    /// Answers with plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self::bytes(status, body.to_owned()).header("content-type", "text/plain; charset=utf-8")
    }

    /// Answers with bytes and no content type.
    pub fn bytes(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content: Content::Bytes(body.into()),
        }
    }

    /// Answers with a body of `n_bytes` times `x`, made as it is sent.
    ///
    /// The length is not announced, unless a `content-length` header is set.
    pub fn filler(status: u16, n_bytes: usize) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content: Content::Filler(n_bytes),
        }
    }

    /// Sends the caller elsewhere; `status` is one of 301, 302, 303, 307, 308.
    pub fn redirect(status: u16, url: &str) -> Self {
        Self::empty(status).header("location", url)
    }

    /// Adds a header; `name` may occur several times.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Makes the response that carries all of this answer.
    pub(crate) fn into_response(self) -> Response {
        let body = match &self.content {
            Content::Bytes(bytes) => Body::from(bytes.clone()),
            Content::Filler(n_bytes) => filler(*n_bytes),
        };
        self.into_response_with(body)
    }

    /// Makes a response that announces all of this answer (one byte at least) and breaks off in the middle.
    pub(crate) fn into_truncated_response(mut self) -> Response {
        let whole = match &self.content {
            Content::Bytes(bytes) => bytes.clone(),
            Content::Filler(n_bytes) => Bytes::from(vec![b'x'; *n_bytes]),
        };
        if !self.names_header(header::CONTENT_LENGTH.as_str()) {
            self = self.header("content-length", &whole.len().max(1).to_string());
        }
        let sent = whole.slice(..whole.len() / 2);
        // The pause lets the server flush what it was given before the error makes it hang up.
        let broken = stream::once(async { Ok(sent) }).chain(stream::once(async {
            tokio::task::yield_now().await;
            Err(io::Error::other("scripted to break off here"))
        }));
        self.into_response_with(Body::from_stream(broken))
    }

    fn names_header(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case(name))
    }

    /// Makes the response; a script that HTTP cannot express is answered with 500 and the reason.
    fn into_response_with(self, body: Body) -> Response {
        self.try_into_response(body).unwrap_or_else(|error| {
            let reason = format!("mock-crm cannot send the scripted answer: {error:#}");
            let mut response = Response::new(Body::from(reason));
            *response.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    }

    fn try_into_response(self, body: Body) -> Result<Response> {
        let Self {
            status, headers, ..
        } = self;
        ensure!(
            status >= 200,
            "{status} is no final status, expected 200 to 999"
        );
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        Ok(response.body(body)?)
    }
}

fn filler(n_bytes: usize) -> Body {
    static CHUNK: [u8; 64 * 1024] = [b'x'; 64 * 1024];
    let chunks = stream::iter((0..n_bytes).step_by(CHUNK.len()))
        .map(move |start| Bytes::from_static(&CHUNK[..CHUNK.len().min(n_bytes - start)]));
    Body::from_stream(chunks.map(Ok::<_, Infallible>))
}
