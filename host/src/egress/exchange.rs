//! One request and its answer, over the HTTP client.

use std::{
    error::Error,
    iter,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::{
    Client, Method, Response, StatusCode,
    header::{CONTENT_LENGTH, HeaderMap, HeaderValue, RETRY_AFTER},
};
use switchboard_connector_sdk::{Fault, wire::ResponseHead};

use super::{
    call::{Entry, Ticket},
    policy::authority,
    record::{Effect, End},
    request::Request,
};

/// A whole answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why a request has no whole answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing of it left. Another try may have better luck.
    Unreached(Fault),
    /// It left, and the answer did not come whole. Another try may have better luck.
    BrokenOff(Fault),
    /// Another try would end in the same way.
    Lasting(Fault),
}

/// What an answer may hold, unpacked.
pub(super) const MAX_ANSWER_SIZE: usize = 10 * 1024 * 1024;

/// Why an answer's body cannot be had whole.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("{0}")]
    Broken(String),
    #[error("the answer is above {} MiB; ask for less", MAX_ANSWER_SIZE >> 20)]
    TooLarge,
}

/// A write's body, which lets the first poll pass only if the write may begin.
///
/// It can be sent once: nothing in the client can repeat it.
struct FencedBody {
    bytes: Option<Bytes>,
    ticket: Ticket,
}

impl Answer {
    /// Makes what the connector receives.
    pub(super) fn into_parts(self, url: String) -> (ResponseHead, Vec<u8>) {
        let headers = self.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        });
        let mut head = ResponseHead::new(self.status.as_u16(), url);
        head.headers = headers.collect();
        (head, self.body)
    }

    /// Returns how long the server asks to wait: `Retry-After` of 429 and 503, seconds or a date.
    pub(super) fn asked_wait(&self) -> Option<Duration> {
        if !matches!(self.status.as_u16(), 429 | 503) {
            return None;
        }
        let value = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::Lasting(fault)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreached(fault) | Failure::BrokenOff(fault) | Failure::Lasting(fault) => {
                fault
            }
        }
    }
}

/// Sends the request once and reads its answer; the entry notes what happens.
///
/// # Errors
///
/// The fault that `entry` refused to begin with; `forbidden-host` from the resolver; `unavailable`; for a
/// write whose end is unclear `unknown-outcome`.
pub(super) async fn exchange(
    client: &Client,
    request: Request,
    entry: &Entry,
) -> Result<Answer, Failure> {
    let host = authority(&request.url);
    let outgoing = outgoing(request, entry)?;
    let response = match client.execute(outgoing).await {
        Ok(response) => response,
        Err(error) => return Err(not_answered(entry, &host, &error)),
    };
    entry.answering(response.status().as_u16());
    let (status, headers) = (response.status(), response.headers().clone());
    let body = match read_body(response).await {
        Ok(body) => body,
        Err(BodyError::Broken(reason)) => {
            return Err(Failure::BrokenOff(broken_off(entry, &reason)));
        }
        Err(error) => return Err(Failure::Lasting(broken_off(entry, &error.to_string()))),
    };
    entry.answered(status.as_u16());
    Ok(Answer {
        status,
        headers,
        body,
    })
}

/// Notes that the answer broke off for this reason, and says what that means for the caller.
pub(super) fn broken_off(entry: &Entry, reason: &str) -> Fault {
    let name = entry.name();
    match (entry.effect(), entry.broken_off(reason)) {
        (_, End::Answered(status)) => Fault::unavailable(format!(
            "{name} was answered {status}, but not to the end: {reason}"
        )),
        (Effect::Write, _) => {
            Fault::unknown_outcome(format!("{name} was sent, and its end is unclear: {reason}"))
        }
        (Effect::Read, _) => Fault::unavailable(format!("{name} got no whole answer: {reason}")),
    }
}

/// Makes the client's request. A write with a body begins when the body is polled first; everything else
/// begins here, where it is handed over.
fn outgoing(request: Request, entry: &Entry) -> Result<reqwest::Request, Fault> {
    let mut outgoing = reqwest::Request::new(request.method, request.url);
    *outgoing.headers_mut() = request.headers;
    if !request.body.is_empty() && entry.effect() == Effect::Write {
        *outgoing.body_mut() = Some(reqwest::Body::wrap(FencedBody {
            bytes: Some(request.body),
            ticket: entry.ticket(),
        }));
        return Ok(outgoing);
    }
    if !request.body.is_empty() {
        *outgoing.body_mut() = Some(request.body.into());
    } else if matches!(
        *outgoing.method(),
        Method::POST | Method::PUT | Method::PATCH
    ) {
        // The client leaves it out, and servers then answer 411.
        let headers = outgoing.headers_mut();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    entry.ticket().begin()?;
    Ok(outgoing)
}

/// Judges a request that got no answer at all.
fn not_answered(entry: &Entry, host: &str, error: &reqwest::Error) -> Failure {
    let reason = causes(error);
    let left_nothing = error.is_connect() || error.is_builder();
    if entry.begun_at().is_some() && !left_nothing {
        return Failure::BrokenOff(broken_off(entry, &reason));
    }
    entry.not_sent(&reason);
    // The resolver's refusal comes up through the client. The body's does not with HTTP/2, so it is asked for.
    let refusal = find_fault(error).or_else(|| entry.call().refusal(entry.effect()));
    let unreached = || Fault::unavailable(format!("cannot reach {host}: {reason}"));
    match refusal {
        Some(refusal) => Failure::Lasting(refusal),
        None if error.is_builder() => Failure::Lasting(unreached()),
        None => Failure::Unreached(unreached()),
    }
}

/// Reads the answer's body, unpacked.
async fn read_body(mut response: Response) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > MAX_ANSWER_SIZE {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken(error: reqwest::Error) -> BodyError {
    BodyError::Broken(causes(&error))
}

/// Writes what lies below the client's own words, which would repeat the URL with its query.
fn causes(error: &reqwest::Error) -> String {
    let texts: Vec<_> = below(error).map(ToString::to_string).collect();
    if texts.is_empty() {
        return "the HTTP client refused it".to_owned();
    }
    texts.join(": ")
}

fn find_fault(error: &reqwest::Error) -> Option<Fault> {
    below(error).find_map(|cause| cause.downcast_ref::<Fault>().cloned())
}

fn below(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    iter::successors(error.source(), |&cause| cause.source())
}

impl Body for FencedBody {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let bytes = self.bytes.take();
        Poll::Ready(bytes.map(|bytes| {
            self.ticket.begin()?;
            Ok(Frame::data(bytes))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    /// The exact length, so that it is announced instead of sending chunks.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}
