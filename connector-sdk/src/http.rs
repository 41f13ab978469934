//! HTTP through the host's wire.
//!
//! The host owns the network: it checks that the manifest allows the address, follows redirects of reads, keeps the
//! time limit, and notes what was sent. A request looks like one of `reqwest`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use switchboard_abi::HostServicesBox;

mod request;
mod response;

pub use request::RequestBuilder;
pub use response::Response;

/// Encodes a text as one segment of a URL's path. `/`, `?`, `#` and spaces do not get through.
///
/// `.` and `..` have no spelling that is a plain segment: URL parsers take `%2E%2E` for `..`, too. They are encoded
/// twice, so that they name nothing instead of another object. An empty text yields an empty segment.
///
/// ```
/// use switchboard_connector_sdk::http::path_segment;
/// assert_eq!(path_segment("a/b c"), "a%2Fb%20c");
/// assert_eq!(path_segment("v1.0"), "v1.0");
/// ```
pub fn path_segment(text: &str) -> String {
    // The unreserved characters of RFC 3986.
    const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    match text {
        "." | ".." => text.replace('.', "%252E"),
        _ => utf8_percent_encode(text, SEGMENT).to_string(),
    }
}

/// Starts requests of one call.
#[derive(Clone, Copy)]
pub struct Http<'a> {
    host: &'a HostServicesBox,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident => $method:literal;)*) => {
        impl<'a> Http<'a> {
            $($(#[$doc])* pub fn $name(self, url: impl Into<String>) -> RequestBuilder<'a> {
                self.request($method, url)
            })*
        }
    };
}

methods! {
    /// Starts a `GET`.
    get => "GET";
    /// Starts a `HEAD`.
    head => "HEAD";
    /// Starts an `OPTIONS`.
    options => "OPTIONS";
    /// Starts a `POST`.
    post => "POST";
    /// Starts a `PUT`.
    put => "PUT";
    /// Starts a `PATCH`.
    patch => "PATCH";
    /// Starts a `DELETE`.
    delete => "DELETE";
}

impl<'a> Http<'a> {
    pub(crate) fn new(host: &'a HostServicesBox) -> Self {
        Self { host }
    }

    /// Starts a request with a method that has no function of its own, in any case.
    pub fn request(self, method: &str, url: impl Into<String>) -> RequestBuilder<'a> {
        RequestBuilder::new(self.host, method, url.into())
    }
}

/// Returns the first header of a name, in any case.
fn find<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests;
