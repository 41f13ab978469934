//! The tenant: a company's own host of Pipedrive.

use switchboard_connector_sdk::model::InputFault;

use super::quoted;

/// A host, or a host with a port, and nothing else: what follows `https://` in every request.
pub(crate) struct Tenant(String);

impl Tenant {
    /// Returns the tenant of the users with this host.
    pub(crate) fn of(hostname: Option<&str>) -> Result<Self, InputFault> {
        const POINTER: &str = "/user/hostname";
        let Some(hostname) = hostname else {
            return Err(InputFault::new(POINTER, "is required and missing"));
        };
        if is_authority(hostname) {
            return Ok(Self(hostname.to_owned()));
        }
        let message = format!(
            "{} is not a host or host:port (expected one like acme.pipedrive.com)",
            quoted(hostname)
        );
        Err(InputFault::new(POINTER, message))
    }

    /// Returns the URL of a path, which starts with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.0)
    }

    /// Returns what tells tenants apart: host names are the same in any case.
    pub(crate) fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// Whether a text is `host` or `host:port`. Anything that could end the host and begin another part of a URL
/// is refused, and so is what a URL parser would rewrite: escapes, letters beyond ASCII, IPv6 in brackets.
fn is_authority(text: &str) -> bool {
    match text.split_once(':') {
        Some((host, port)) => is_host(host) && is_port(port),
        None => is_host(text),
    }
}

/// Limits of RFC 1035, with the underscore that some private names have.
fn is_host(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_letter);
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_port(text: &str) -> bool {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits && text.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_a_host_or_a_host_with_a_port() {
        for text in [
            "acme.pipedrive.com",
            "ACME.Pipedrive.com",
            "acme-sandbox.pipedrive.com",
            "localhost",
            "localhost:8443",
            "127.0.0.1:1",
            "acme.pipedrive.com:65535",
        ] {
            assert!(is_authority(text), "{text}");
        }
    }

    #[test]
    fn a_tenant_holds_no_other_part_of_a_url() {
        for text in [
            "",
            ".",
            ":443",
            "https://acme.pipedrive.com",
            "acme.pipedrive.com/",
            "acme.pipedrive.com/api",
            "acme.pipedrive.com?x=1",
            "acme.pipedrive.com#x",
            "user@acme.pipedrive.com",
            "user:password@acme.pipedrive.com",
            "acme.pipedrive.com:",
            "acme.pipedrive.com:0",
            "acme.pipedrive.com:+80",
            "acme.pipedrive.com:65536",
            "acme.pipedrive.com:443:443",
            "acme..pipedrive.com",
            ".pipedrive.com",
            "acme.pipedrive.com.",
            " acme.pipedrive.com",
            "acme.pipedrive.com\n",
            "acme\\.pipedrive.com",
            "acme%2epipedrive.com",
            "äcme.pipedrive.com",
            "[::1]",
            "[::1]:8443",
        ] {
            assert!(!is_authority(text), "{text:?}");
        }
        assert!(!is_authority(&"a".repeat(64)));
        assert!(!is_authority(&["a"; 128].join(".")));
    }
}
