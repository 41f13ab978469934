//! The resolver of egress: answers with those addresses of a host that a request may be connected to.
//!
//! The check stands here, between look-up and connection, and nowhere earlier: a name that is looked up twice
//! may answer differently the second time. Literal addresses never come here; the policy checks them.

use std::{future::Future, io, net::IpAddr, pin::Pin, sync::Arc};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use switchboard_connector_sdk::Fault;

use super::address::Reach;

/// Looks a host name up.
pub(super) type Lookup = Arc<dyn Fn(String) -> LookupFuture + Send + Sync>;

/// What a [`Lookup`] returns.
pub(super) type LookupFuture = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looks names up and leaves out the addresses beyond its reach.
pub(super) struct GuardedResolver {
    reach: Reach,
    lookup: Lookup,
}

impl GuardedResolver {
    pub(super) fn new(reach: Reach, lookup: Lookup) -> Self {
        Self { reach, lookup }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, lookup) = (self.reach, Arc::clone(&self.lookup));
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = lookup(host.clone()).await?;
            Ok(within(reach, &host, found)?)
        })
    }
}

/// Returns the operating system's own look-up.
pub(super) fn system_lookup() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

fn within(reach: Reach, host: &str, found: Vec<IpAddr>) -> Result<Addrs, Fault> {
    let first = found.first().copied();
    let permitted: Vec<_> = found.into_iter().filter(|ip| reach.permits(*ip)).collect();
    match first {
        Some(address) if permitted.is_empty() => Err(beyond(reach, host, address)),
        // The port 0 stands for the request's own.
        _ => Ok(Box::new(permitted.into_iter().map(|ip| (ip, 0).into()))),
    }
}

/// Writes the refusal of an address that a host name stands for.
fn beyond(reach: Reach, host: &str, address: IpAddr) -> Fault {
    Fault::forbidden_host(match reach {
        Reach::Loopback => format!(
            "{host} is {address}, and plain http goes to loopback addresses only; use https"
        ),
        Reach::Public | Reach::Listed => format!(
            "{host} is {address}, a private address, which no pattern with `*.` reaches; if that is meant, add \
             \"{host}\" itself to allowed_hosts"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(reach: Reach, found: &[&str]) -> Result<Vec<String>, String> {
        let found = found.iter().map(|text| text.parse().unwrap()).collect();
        let kept = within(reach, "crm.example", found).map_err(|fault| fault.to_string())?;
        Ok(kept.map(|address| address.ip().to_string()).collect())
    }

    #[test]
    fn private_addresses_among_public_ones_are_left_out() {
        let kept = filtered(Reach::Public, &["10.0.0.1", "1.1.1.1", "::1"]);
        assert_eq!(kept, Ok(vec!["1.1.1.1".to_owned()]));
    }

    #[test]
    fn a_name_with_private_addresses_only_is_refused_with_what_to_do() {
        let refused = filtered(Reach::Public, &["169.254.169.254"]).unwrap_err();
        assert_eq!(
            refused,
            "forbidden-host: crm.example is 169.254.169.254, a private address, which no pattern with `*.` \
             reaches; if that is meant, add \"crm.example\" itself to allowed_hosts"
        );
        assert!(filtered(Reach::Listed, &["10.0.0.1"]).is_ok());
    }

    #[test]
    fn a_name_of_plain_http_must_be_this_machine() {
        let refused = filtered(Reach::Loopback, &["1.1.1.1"]).unwrap_err();
        assert!(refused.contains("use https"), "{refused}");
        assert_eq!(
            filtered(Reach::Loopback, &["1.1.1.1", "127.0.0.1"]),
            Ok(vec!["127.0.0.1".to_owned()])
        );
    }

    #[test]
    fn a_name_without_addresses_is_no_refusal() {
        assert_eq!(filtered(Reach::Public, &[]), Ok(vec![]));
    }
}
