//! Where App Connect says that a CRM is.

use url::Url;

use crate::egress::HostPattern;

/// Takes the host out of an address, which may be a URL or a pattern such as `*.app.netsuite.com/app*`. `None` if
/// `allowed_hosts` has no words for it.
pub(super) fn host_of(address: &str) -> Option<HostPattern> {
    let address = address.trim();
    of_url(address).or_else(|| of_pattern(address))
}

fn of_url(address: &str) -> Option<HostPattern> {
    let url = Url::parse(address).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?;
    match url.port() {
        Some(port) => format!("{host}:{port}").parse().ok(),
        None => host.parse().ok(),
    }
}

fn of_pattern(address: &str) -> Option<HostPattern> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next()?.parse().ok()
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
            let found = host_of(address).map(|host| host.to_string());
            assert_eq!(found.as_deref(), Some(host), "{address}");
        }
        for address in [
            "",
            "*",
            "crm*.example.com",
            "https://",
            "mailto:me@example.com",
            "a b",
        ] {
            assert_eq!(host_of(address), None, "{address}");
        }
    }
}
