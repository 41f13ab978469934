//! Where App Connect says that a CRM is.

use url::Url;

use crate::egress::{HostPattern, PatternError};

/// An address: a URL or a pattern such as `*.app.netsuite.com/app*`.
pub(super) struct Address {
    /// What of it may be shown: a path or a query may hold a token, and what stands before the host a password.
    pub(super) shown: String,
    /// The host, or why `allowed_hosts` has no words for it.
    pub(super) host: Result<HostPattern, PatternError>,
}

impl Address {
    pub(super) fn read(text: &str) -> Self {
        let text = text.trim();
        of_url(text).unwrap_or_else(|| of_pattern(text))
    }
}

fn of_url(text: &str) -> Option<Address> {
    let url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let host = format!("{}{port}", url.host_str()?);
    Some(Address {
        shown: format!("{}://{host}", url.scheme()),
        host: host.parse(),
    })
}

fn of_pattern(text: &str) -> Address {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let host = rest.split(['/', '?', '#', ';']).next().unwrap_or_default();
    let shown = if text.contains('@') {
        // Nobody knows where in it a password ends.
        "...".to_owned()
    } else if scheme.is_empty() {
        host.to_owned()
    } else {
        format!("{scheme}://{host}")
    };
    Address {
        shown,
        host: host.parse(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_in_urls_and_in_patterns() {
        for (address, host) in [
            ("*.pipedrive.com", "*.pipedrive.com"),
            ("*.app.netsuite.com/app*", "*.app.netsuite.com"),
            ("https://docs.google.com/spreadsheets", "docs.google.com"),
            ("https://CRM.example.com:8443/", "crm.example.com:8443"),
            ("https://*.example.com/*", "*.example.com"),
            ("*://crm.example.com/*", "crm.example.com"),
            ("crm.example.com:8443/x", "crm.example.com:8443"),
            (" https://me:secret@crm.example.com ", "crm.example.com"),
        ] {
            let found = Address::read(address).host.map(|host| host.to_string());
            assert_eq!(found.as_deref(), Ok(host), "{address}");
        }
        for address in [
            "",
            "*",
            "crm*.example.com",
            "https://",
            "mailto:me@example.com",
            "a b",
            "{tenant}.b.c",
            "https://{tenant}.b.c/x",
            "-x-.y",
            "192.168.1",
            "*.com",
        ] {
            assert!(Address::read(address).host.is_err(), "{address}");
        }
    }

    #[test]
    fn only_scheme_and_host_are_shown() {
        for (address, shown) in [
            (
                "https://bob:PASS@h.example:8443/PASS?token=PASS#PASS",
                "https://h.example:8443",
            ),
            ("*.h.example/app?token=PASS", "*.h.example"),
            ("https://{tenant}.b.c/x?token=PASS", "https://{tenant}.b.c"),
            ("bob:PASS@h.example/x", "..."),
            ("https://bob:PA/SS@{tenant}.b.c", "..."),
            ("{tenant}.b.c?token=a@PASS", "..."),
        ] {
            assert_eq!(Address::read(address).shown, shown, "{address}");
        }
    }
}
