//! A connector's request, read and checked; and the request that a redirect makes of it.

use std::{fmt, time::Duration};

use bytes::Bytes;
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use switchboard_connector_sdk::{Fault, wire::RequestHead};
use url::Url;

use super::policy::authority;

/// One request as it goes out.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the connector says that it changes nothing.
    pub(super) claims_read: bool,
    /// The connector's own time limit.
    pub(super) timeout: Option<Duration>,
}

/// Headers that frame a message or steer a connection, beside `proxy-*`. They are the host's own: with them a
/// connector could smuggle a second request past the record.
const HOST_HEADERS: [&str; 9] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
];

/// Headers with which a server takes a request for one of another method: a write could pass as a read.
const METHOD_HEADERS: [&str; 3] = [
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// More than any server accepts. Beyond it the head could leave before the body's first poll.
const MAX_HEADERS_SIZE: usize = 64 * 1024;

impl Request {
    /// Reads what the connector sent.
    ///
    /// # Errors
    ///
    /// `internal`, naming what is malformed or reserved; never with a header's value, a query or a body.
    pub(crate) fn read(head: RequestHead, body: Vec<u8>) -> Result<Self, Fault> {
        let url = Url::parse(&head.url)
            .map_err(|error| Fault::internal(format!("the request's URL is malformed: {error}")))?;
        Ok(Self {
            method: read_method(&head.method)?,
            url,
            headers: read_headers(&head.headers)?,
            body: body.into(),
            claims_read: head.effect.as_deref() == Some("read"),
            timeout: head.timeout_ms.map(Duration::from_millis),
        })
    }

    /// Names the request for a person, without its query.
    pub(super) fn name(&self) -> String {
        format!(
            "{} {}{}",
            self.method,
            authority(&self.url),
            self.url.path()
        )
    }

    /// Returns the request that an answer redirects this one to, or nothing if it is no redirect.
    ///
    /// 303 asks with `GET`; so do 301 and 302 for a method that has a body, as every browser does. Another
    /// scheme, host or port gets none of the connector's headers but `accept` and `content-type`: a key may
    /// stand in any.
    ///
    /// # Errors
    ///
    /// `unavailable` if the redirect leads to no URL.
    pub(super) fn redirected(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Option<Self>, Fault> {
        let location = match (status.as_u16(), headers.get("location")) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => location,
            _ => return Ok(None),
        };
        let target = str::from_utf8(location.as_bytes()).ok();
        let Some(url) = target.and_then(|target| self.url.join(target).ok()) else {
            return Err(Fault::unavailable(format!(
                "{} was redirected to something that is no URL",
                self.name()
            )));
        };
        let mut next = self.clone();
        if url.origin() != self.url.origin() {
            next.headers = portable(&self.headers);
        }
        next.url = url;
        if status == StatusCode::SEE_OTHER || status.as_u16() < 303 {
            next.ask_with_get();
        }
        Ok(Some(next))
    }

    fn ask_with_get(&mut self) {
        if self.method != Method::GET && self.method != Method::HEAD {
            self.method = Method::GET;
            self.headers.remove(CONTENT_TYPE);
            self.body = Bytes::new();
        }
    }
}

impl fmt::Debug for Request {
    /// The query, the headers and the body may hold secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())
    }
}

/// `CONNECT` and `TRACE` steer the connection and have no place here.
fn read_method(method: &str) -> Result<Method, Fault> {
    match Method::from_bytes(method.as_bytes()) {
        Ok(Method::CONNECT | Method::TRACE) => Err(Fault::internal(format!(
            "the method {method} is not for connectors"
        ))),
        Ok(method) => Ok(method),
        Err(_) => Err(Fault::internal(
            "the request's method is malformed; expected a word in capital letters, such as POST",
        )),
    }
}

fn read_headers(pairs: &[(String, String)]) -> Result<HeaderMap, Fault> {
    let size: usize = pairs
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > MAX_HEADERS_SIZE {
        return Err(Fault::internal(format!(
            "the request's headers take {size} bytes; at most {MAX_HEADERS_SIZE} are sent"
        )));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let (name, value) = read_header(name, value)?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn read_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Fault> {
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(Fault::internal(format!(
            "a header's name is malformed: {:?}",
            name.chars().take(40).collect::<String>()
        )));
    };
    // Many servers read `content_length` as `content-length`: CGI knows no difference.
    let known_as = parsed.as_str().replace('_', "-");
    if HOST_HEADERS.contains(&known_as.as_str()) || known_as.starts_with("proxy-") {
        return Err(Fault::internal(format!(
            "the header {parsed} is the host's to set; leave it out"
        )));
    }
    if METHOD_HEADERS.contains(&known_as.as_str()) {
        return Err(Fault::internal(format!(
            "the header {parsed} hides the request's method; send the request with that method"
        )));
    }
    let Ok(mut value) = HeaderValue::from_bytes(value.as_bytes()) else {
        return Err(Fault::internal(format!(
            "the value of the header {parsed} holds a control character"
        )));
    };
    value.set_sensitive(!is_portable(&parsed));
    Ok((parsed, value))
}

fn portable(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| is_portable(name));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Whether a header holds no secret.
fn is_portable(name: &HeaderName) -> bool {
    *name == ACCEPT || *name == CONTENT_TYPE
}

#[cfg(test)]
mod tests {
    use switchboard_connector_sdk::FaultCode;

    use super::*;

    fn head(method: &str, url: &str, headers: &[(&str, &str)]) -> RequestHead {
        let mut head = RequestHead::new(method, url);
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        head.headers = headers.collect();
        head
    }

    fn post(headers: &[(&str, &str)]) -> Request {
        let head = head("POST", "https://crm.test/v1/search?key=1", headers);
        Request::read(head, b"{}".to_vec()).unwrap()
    }

    fn redirect(request: &Request, status: u16, location: &str) -> Option<Request> {
        let mut headers = HeaderMap::new();
        headers.insert("location", location.parse().unwrap());
        request
            .redirected(StatusCode::from_u16(status).unwrap(), &headers)
            .unwrap()
    }

    #[test]
    fn headers_of_the_host_are_refused_by_name_in_any_case() {
        let names = HOST_HEADERS.iter().copied().chain([
            "Host",
            "CONTENT-length",
            "Proxy-Authorization",
            "proxy-connection",
            "transfer_encoding",
            "Content_Length",
            "proxy_authorization",
        ]);
        for name in names {
            let head = head("GET", "https://crm.test/", &[(name, "s3cret")]);
            let fault = Request::read(head, vec![]).unwrap_err();
            assert_eq!(fault.code(), FaultCode::Internal, "{name}");
            assert!(fault.message().contains(&name.to_lowercase()), "{fault}");
            assert!(!fault.message().contains("s3cret"), "{fault}");
        }
    }

    #[test]
    fn a_write_cannot_pass_as_a_read_by_a_header() {
        for name in METHOD_HEADERS
            .into_iter()
            .chain(["X_HTTP_Method_Override", "x-http_method"])
        {
            for method in ["GET", "POST"] {
                let head = head(method, "https://crm.test/", &[(name, "DELETE")]);
                let fault = Request::read(head, vec![]).unwrap_err();
                assert_eq!(fault.code(), FaultCode::Internal, "{name}");
                assert!(fault.message().contains(&name.to_lowercase()), "{fault}");
            }
        }
    }

    #[test]
    fn whatever_is_malformed_is_a_fault_that_repeats_no_value() {
        let long = "x".repeat(MAX_HEADERS_SIZE);
        let heads = [
            head("", "https://crm.test/", &[]),
            head("PO ST", "https://crm.test/", &[]),
            head("CONNECT", "https://crm.test/", &[]),
            head("TRACE", "https://crm.test/", &[]),
            head("GET", "/v1/x?s3cret", &[]),
            head("GET", "https://", &[]),
            head("GET", "https://cr m.test/?s3cret", &[]),
            head("GET", "https://crm.test:99999/?s3cret", &[]),
            head("GET", "https://crm.test/", &[("", "s3cret")]),
            head("GET", "https://crm.test/", &[(":authority", "s3cret")]),
            head("GET", "https://crm.test/", &[("x\r\ny", "s3cret")]),
            head("GET", "https://crm.test/", &[("x", "s3cret\r\nhost: y")]),
            head("GET", "https://crm.test/", &[("x", "s3cret\0")]),
            head("GET", "https://crm.test/", &[("x", &long)]),
        ];
        for head in heads {
            let fault = Request::read(head.clone(), vec![]).unwrap_err();
            assert_eq!(fault.code(), FaultCode::Internal, "{head:?}");
            assert!(!fault.message().contains("s3cret"), "{fault}");
        }
    }

    #[test]
    fn debug_output_holds_no_value_of_a_secret_header_and_no_query() {
        let request = post(&[("authorization", "Bearer s3cret"), ("x-key", "s3cret")]);
        assert!(!format!("{:?}", request.headers).contains("s3cret"));
        assert_eq!(format!("{request:?}"), "POST crm.test/v1/search");
    }

    #[test]
    fn a_redirect_keeps_method_and_body_where_its_status_says_so() {
        let request = post(&[("content-type", "application/json")]);
        for status in [301, 302, 303] {
            let next = redirect(&request, status, "/other").unwrap();
            assert_eq!((next.method, next.body.len()), (Method::GET, 0), "{status}");
            assert!(next.headers.is_empty(), "{status}");
        }
        for status in [307, 308] {
            let next = redirect(&request, status, "/other").unwrap();
            assert_eq!(
                (next.method, next.body.len()),
                (Method::POST, 2),
                "{status}"
            );
        }
        for status in [300, 304, 305, 200] {
            assert!(redirect(&request, status, "/other").is_none(), "{status}");
        }
    }

    #[test]
    fn another_origin_gets_no_header_that_could_hold_a_key() {
        let request = post(&[
            ("authorization", "Bearer 1"),
            ("cookie", "a=1"),
            ("x-api-key", "1"),
            ("accept", "application/json"),
            ("content-type", "application/json"),
        ]);
        assert_eq!(redirect(&request, 307, "/other").unwrap().headers.len(), 5);
        for location in [
            "https://crm.test:8443/other",
            "http://crm.test/other",
            "//other.test/",
        ] {
            let next = redirect(&request, 307, location).unwrap();
            let names: Vec<_> = next.headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(names, ["accept", "content-type"], "{location}");
        }
    }

    #[test]
    fn a_redirect_to_no_url_is_a_fault_without_the_query() {
        let mut headers = HeaderMap::new();
        headers.insert("location", "https://:0:/".parse().unwrap());
        let fault = post(&[]).redirected(StatusCode::FOUND, &headers);
        let fault = fault.unwrap_err();
        assert_eq!(fault.code(), FaultCode::Unavailable);
        assert!(!fault.message().contains("key"), "{fault}");
    }
}
