//! What the operator allows: where a request may go, and which requests only read.

use std::net::IpAddr;

use switchboard_connector_sdk::Fault;
use url::{Host, Url};

use super::{
    address::Reach,
    pattern::{HostPattern, RequestPattern},
    record::Effect,
};

/// The `[network]` of one CRM, asked before every hop.
#[derive(Debug)]
pub(super) struct Policy {
    allowed_hosts: Vec<HostPattern>,
    read_requests: Vec<RequestPattern>,
}

impl Policy {
    pub(super) fn new(allowed_hosts: Vec<HostPattern>, read_requests: Vec<RequestPattern>) -> Self {
        Self {
            allowed_hosts,
            read_requests,
        }
    }

    /// Says how far a request to this URL may reach.
    ///
    /// A literal address is judged here for good. A name is judged by its patterns; the resolver judges what
    /// it stands for.
    ///
    /// # Errors
    ///
    /// `forbidden-host` with what to change; `internal` for a URL that no request may have.
    pub(super) fn reach(&self, url: &Url) -> Result<Reach, Fault> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Fault::internal(
                "the URL holds user information; send credentials in the authorization header",
            ));
        }
        let (host, port) = match (url.host(), url.port_or_known_default()) {
            (Some(host), Some(port)) => (host, port),
            _ => return Err(only_https(url)),
        };
        match url.scheme() {
            // No `*.` pattern matches a literal address, so such a one is always listed by name.
            "https" => self.listed_as(&host, port, false),
            "http" => self.reach_loopback(url, &host, port),
            _ => Err(only_https(url)),
        }
    }

    /// Says whether a request could change something; the connector's claim counts where the manifest agrees.
    pub(super) fn effect(&self, method: &str, path: &str, claims_read: bool) -> Effect {
        let is_listed = || self.read_requests.iter().any(|it| it.matches(method, path));
        match method {
            "GET" | "HEAD" | "OPTIONS" => Effect::Read,
            _ if claims_read && is_listed() => Effect::Read,
            _ => Effect::Write,
        }
    }

    /// Plain HTTP goes to this machine only, and a loopback address is reached by name only.
    fn reach_loopback(&self, url: &Url, host: &Host<&str>, port: u16) -> Result<Reach, Fault> {
        let is_elsewhere = literal(host).is_some_and(|it| !Reach::Loopback.permits(it));
        match self.listed_as(host, port, true)? {
            Reach::Listed if !is_elsewhere => Ok(Reach::Loopback),
            _ => Err(only_https(url)),
        }
    }

    fn listed_as(&self, host: &Host<&str>, port: u16, is_http: bool) -> Result<Reach, Fault> {
        let name = host.to_string();
        let matching = |it: &&HostPattern| it.matches(&name, port, is_http);
        let patterns: Vec<_> = self.allowed_hosts.iter().filter(matching).collect();
        if patterns.is_empty() {
            let listing = listing(&name, port, is_http);
            return Err(Fault::forbidden_host(format!(
                "{listing} is not among the allowed hosts; if it should be, add {listing:?} to allowed_hosts"
            )));
        }
        let is_by_name = patterns.iter().any(|it| it.is_by_name());
        Ok(if is_by_name {
            Reach::Listed
        } else {
            Reach::Public
        })
    }
}

/// Writes the host with its port where that is not the scheme's own.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Writes the pattern that would allow this host.
fn listing(host: &str, port: u16, is_http: bool) -> String {
    match (port, is_http) {
        (443, false) | (80, true) => host.to_owned(),
        _ => format!("{host}:{port}"),
    }
}

fn literal(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
        Host::Domain(_) => None,
    }
}

fn only_https(url: &Url) -> Fault {
    Fault::forbidden_host(format!(
        "{}://{} is not allowed; use https (plain http goes to loopback addresses only, listed by name)",
        url.scheme(),
        authority(url)
    ))
}

#[cfg(test)]
mod tests {
    use switchboard_connector_sdk::FaultCode;

    use super::*;

    fn policy(hosts: &[&str]) -> Policy {
        let hosts = hosts.iter().map(|text| text.parse().unwrap()).collect();
        Policy::new(hosts, vec!["POST /v1/search".parse().unwrap()])
    }

    fn reach(hosts: &[&str], url: &str) -> Result<Reach, FaultCode> {
        let url = Url::parse(url).unwrap();
        policy(hosts).reach(&url).map_err(|fault| fault.code())
    }

    #[test]
    fn a_host_reaches_as_far_as_it_is_listed() {
        let hosts = ["*.acme.test", "intra.acme.test:8443", "[::1]:*", "10.0.0.5"];
        let table = [
            ("https://api.acme.test/x", Ok(Reach::Public)),
            ("https://intra.acme.test/", Ok(Reach::Public)),
            ("https://intra.acme.test:8443/", Ok(Reach::Listed)),
            ("https://acme.test/", Err(FaultCode::ForbiddenHost)),
            ("https://api.acme.test:8443/", Err(FaultCode::ForbiddenHost)),
            ("https://evil.test/", Err(FaultCode::ForbiddenHost)),
            ("https://10.0.0.5/", Ok(Reach::Listed)),
            ("https://10.0.0.6/", Err(FaultCode::ForbiddenHost)),
            ("https://[::1]:99/", Ok(Reach::Listed)),
        ];
        for (url, expected) in table {
            assert_eq!(reach(&hosts, url), expected, "{url}");
        }
    }

    #[test]
    fn odd_spellings_of_an_address_are_that_address() {
        for host in ["0x7f.1", "2130706433", "0177.0.0.1", "127.1"] {
            let url = format!("https://{host}/");
            assert_eq!(
                reach(&["*.crm.test"], &url),
                Err(FaultCode::ForbiddenHost),
                "{url}"
            );
            assert_eq!(reach(&["127.0.0.1"], &url), Ok(Reach::Listed), "{url}");
        }
        let mapped = "https://[::ffff:169.254.169.254]/";
        assert_eq!(
            reach(&["*.crm.test"], mapped),
            Err(FaultCode::ForbiddenHost)
        );
    }

    #[test]
    fn plain_http_is_for_this_machine_listed_by_name() {
        let hosts = [
            "localhost:*",
            "127.0.0.1:*",
            "crm.test:*",
            "10.0.0.5:*",
            "*.acme.test:80",
        ];
        let table = [
            ("http://localhost:8080/", Ok(Reach::Loopback)),
            ("http://127.0.0.1:8080/", Ok(Reach::Loopback)),
            // Only the resolver can tell.
            ("http://crm.test/", Ok(Reach::Loopback)),
            ("http://10.0.0.5/", Err(FaultCode::ForbiddenHost)),
            ("http://a.acme.test/", Err(FaultCode::ForbiddenHost)),
            ("ftp://localhost/", Err(FaultCode::ForbiddenHost)),
            ("file:///etc/passwd", Err(FaultCode::ForbiddenHost)),
            ("data:text/plain,x", Err(FaultCode::ForbiddenHost)),
        ];
        for (url, expected) in table {
            assert_eq!(reach(&hosts, url), expected, "{url}");
        }
    }

    #[test]
    fn user_information_is_refused_and_not_repeated() {
        let url = Url::parse("https://me:hunter2@api.acme.test/").unwrap();
        let fault = policy(&["*.acme.test"]).reach(&url).unwrap_err();
        assert_eq!(fault.code(), FaultCode::Internal);
        assert!(!fault.message().contains("hunter2"), "{fault}");
    }

    #[test]
    fn a_refusal_says_what_to_add() {
        let url = Url::parse("https://api.acme.test:8443/x?token=1").unwrap();
        assert_eq!(
            policy(&[]).reach(&url).unwrap_err().message(),
            "api.acme.test:8443 is not among the allowed hosts; if it should be, add \
             \"api.acme.test:8443\" to allowed_hosts"
        );
    }

    #[test]
    fn a_read_is_what_method_or_both_sides_say() {
        let table = [
            ("GET", "/x", false, Effect::Read),
            ("HEAD", "/x", false, Effect::Read),
            ("OPTIONS", "/x", false, Effect::Read),
            ("get", "/x", false, Effect::Write),
            ("POST", "/v1/search", true, Effect::Read),
            ("POST", "/v1/search", false, Effect::Write),
            ("POST", "/v1/search/x", true, Effect::Write),
            ("PUT", "/v1/search", true, Effect::Write),
            ("DELETE", "/x", true, Effect::Write),
        ];
        for (method, path, claims_read, effect) in table {
            let found = policy(&[]).effect(method, path, claims_read);
            assert_eq!(found, effect, "{method} {path} {claims_read}");
        }
    }
}
