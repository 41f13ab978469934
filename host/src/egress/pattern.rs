//! Patterns by which an operator says where a connector may talk and which of its requests only read.
//!
//! Both are compared with what the URL parser made of a request, never with the connector's own spelling: hosts in
//! lower case and punycode, addresses in their one normal form, paths percent-encoded and without dot segments.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use url::Host;

/// Hosts that a connector may reach: `host`, `*.host`, `host:port`, `host:*` or `*.host:port`.
///
/// `*.host` stands for one or more labels before `host`, not for `host` itself, which has two labels or more. Without a port the scheme's own one is
/// meant: 443, or 80 for the plain HTTP that loopback addresses may speak. A host may be an IPv4 address or an IPv6
/// address in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPattern {
    name: Name,
    port: Port,
}

/// Requests that only read although their method could write: `METHOD /path`.
///
/// The path is compared whole and without its query; a `*` at its end stands for any rest, the empty one included, that
/// every server reads alike: not for one with an encoded slash or backslash, or with a dot segment, which some servers
/// resolve to a path outside of what the pattern names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestPattern {
    method: String,
    path: String,
    is_prefix: bool,
}

/// Why a text is not a pattern.
///
/// The message never quotes the text: a mistaken pattern may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; write {allowed}")]
pub struct PatternError {
    problem: &'static str,
    allowed: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Domain(String),
    Address(IpAddr),
    /// Every name that ends in a dot and this one.
    Below(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Port {
    OfScheme,
    Any,
    Only(u16),
}

const HTTPS_PORT: u16 = 443;
const HTTP_PORT: u16 = 80;
const MAX_HOST_LEN: usize = 253;
const MAX_LABEL_LEN: usize = 63;

impl HostPattern {
    /// Whether a request to `host` and `port` is allowed by this pattern.
    ///
    /// `host` is what the URL parser yields; an IPv6 address may stand in brackets or without.
    pub fn matches(&self, host: &str, port: u16, scheme_is_http: bool) -> bool {
        self.port.matches(port, scheme_is_http) && self.name.matches(host)
    }

    /// Whether the operator wrote the host itself, so that a private address behind it is meant.
    pub fn is_by_name(&self) -> bool {
        !matches!(self.name, Name::Below(_))
    }
}

impl FromStr for HostPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        refuse_url_parts(text)?;
        let (name, port) = split_port(text)?;
        Ok(Self {
            name: name.parse()?,
            port: port.map_or(Ok(Port::OfScheme), str::parse)?,
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Name::Domain(name) => write!(formatter, "{name}")?,
            Name::Address(IpAddr::V4(address)) => write!(formatter, "{address}")?,
            Name::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]")?,
            Name::Below(name) => write!(formatter, "*.{name}")?,
        }
        match self.port {
            Port::OfScheme => Ok(()),
            Port::Any => formatter.write_str(":*"),
            Port::Only(port) => write!(formatter, ":{port}"),
        }
    }
}

impl RequestPattern {
    /// Whether a request with this method and percent-encoded path is meant.
    pub fn matches(&self, method: &str, path: &str) -> bool {
        let path_matches = if self.is_prefix {
            path.starts_with(&self.path) && is_unambiguous(path)
        } else {
            path == self.path
        };
        path_matches && method == self.method
    }
}

impl FromStr for RequestPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let Some((method, path)) = text.split_once(' ') else {
            return Err(PatternError::request(
                "there is no space between method and path",
            ));
        };
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(PatternError::request(
                "the method is not in capital letters",
            ));
        }
        if !path.starts_with('/') {
            return Err(PatternError::request("the path does not start with `/`"));
        }
        if path.contains(['?', '#']) {
            return Err(PatternError::request(
                "a path holds no query and no fragment",
            ));
        }
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(PatternError::request("the path is not percent-encoded"));
        }
        let (path, is_prefix) = match path.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (path, false),
        };
        if path.contains('*') {
            return Err(PatternError::request("a `*` stands only at the end"));
        }
        Ok(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            is_prefix,
        })
    }
}

impl fmt::Display for RequestPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.is_prefix { "*" } else { "" };
        write!(formatter, "{} {}{star}", self.method, self.path)
    }
}

impl PatternError {
    /// Returns what is wrong.
    pub fn problem(&self) -> &'static str {
        self.problem
    }

    /// Returns what may be written instead.
    pub fn allowed(&self) -> &'static str {
        self.allowed
    }

    fn host(problem: &'static str) -> Self {
        Self {
            problem,
            allowed: "`host`, `*.host`, `host:port`, `host:*` or `*.host:port`",
        }
    }

    fn request(problem: &'static str) -> Self {
        Self {
            problem,
            allowed: "`METHOD /path` or `METHOD /path*`, for example `POST /v1/search`",
        }
    }
}

impl Name {
    fn matches(&self, host: &str) -> bool {
        let unbracketed = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = unbracketed.unwrap_or(host).parse::<IpAddr>() {
            return *self == Name::Address(address);
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        match self {
            Name::Domain(name) => host.eq_ignore_ascii_case(name),
            Name::Below(name) => ends_below(host, name),
            Name::Address(_) => false,
        }
    }
}

impl FromStr for Name {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Err(PatternError::host("a bare `*` would allow every host"));
        }
        let below = text.strip_prefix("*.");
        let host = below.unwrap_or(text);
        if host.contains('*') {
            return Err(PatternError::host(
                "a `*` stands only for whole labels at the start",
            ));
        }
        let not_a_host = PatternError::host("this is not a host name or address");
        match Host::parse(host).map_err(|_| not_a_host)? {
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
                if !is_host_name(&name) {
                    return Err(not_a_host);
                }
                match below {
                    None => Ok(Name::Domain(name)),
                    Some(_) if name.contains('.') => Ok(Name::Below(name)),
                    Some(_) => Err(PatternError::host(
                        "this would allow every host below a top-level domain",
                    )),
                }
            }
            _ if below.is_some() => Err(PatternError::host("an address has no labels below it")),
            // A URL may hold other forms, such as 192.168.1; who writes one here has forgotten a number.
            Host::Ipv4(address) if host != address.to_string() => Err(PatternError::host(
                "an IPv4 address has four decimal numbers, like `192.0.2.7`",
            )),
            Host::Ipv4(address) => Ok(Name::Address(address.into())),
            Host::Ipv6(address) => Ok(Name::Address(address.into())),
        }
    }
}

/// Whether a text in lower case and punycode can be the name of a host. Underscores are against the rules, but there
/// are hosts whose names have them.
fn is_host_name(text: &str) -> bool {
    text.len() <= MAX_HOST_LEN && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    (1..=MAX_LABEL_LEN).contains(&text.len())
        && text.bytes().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl Port {
    fn matches(self, port: u16, scheme_is_http: bool) -> bool {
        match self {
            Port::Any => true,
            Port::Only(only) => port == only,
            Port::OfScheme if scheme_is_http => port == HTTP_PORT,
            Port::OfScheme => port == HTTPS_PORT,
        }
    }
}

impl FromStr for Port {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text == "*" {
            return Ok(Port::Any);
        }
        // `u16::from_str` would accept a leading `+`.
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(port) if is_digits && port > 0 => Ok(Port::Only(port)),
            _ => Err(PatternError::host("a port is 1 to 65535, or `*`")),
        }
    }
}

fn refuse_url_parts(text: &str) -> Result<(), PatternError> {
    let problem = if text.is_empty() {
        "the pattern is empty"
    } else if text.contains("://") {
        "a host pattern has no scheme"
    } else if text.contains(['/', '\\', '?', '#']) {
        "a host pattern has no path"
    } else if text.contains('@') {
        "a host pattern has no user information"
    } else {
        return Ok(());
    };
    Err(PatternError::host(problem))
}

/// Splits `host:port`; the colons of an IPv6 address stand in brackets and do not count.
fn split_port(text: &str) -> Result<(&str, Option<&str>), PatternError> {
    let end_of_address = text.rfind(']').map_or(0, |bracket| bracket + 1);
    let (address, rest) = text.split_at(end_of_address);
    if text.parse::<Ipv6Addr>().is_ok() || rest.matches(':').count() > 1 {
        return Err(PatternError::host(
            "an IPv6 address stands in brackets, like `[::1]`",
        ));
    }
    match rest.find(':') {
        Some(colon) => {
            let end_of_host = address.len() + colon;
            Ok((&text[..end_of_host], Some(&text[end_of_host + 1..])))
        }
        None => Ok((text, None)),
    }
}

/// Whether a path has the same segments for every server.
fn is_unambiguous(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace("%2e", ".");
    let is_dots = |segment| matches!(segment, "." | "..");
    !path.contains('\\')
        && !path.contains("%2f")
        && !path.contains("%5c")
        && !path.split('/').any(is_dots)
}

fn ends_below(host: &str, parent: &str) -> bool {
    let Some(n_before) = host.len().checked_sub(parent.len() + 1) else {
        return false;
    };
    // A host that is not ASCII may have no character boundary there; it is no normalised host, either.
    let tail = host.get(n_before + 1..);
    n_before > 0
        && host.as_bytes()[n_before] == b'.'
        && tail.is_some_and(|tail| tail.eq_ignore_ascii_case(parent))
}

#[cfg(test)]
mod tests;
