//! The host's side of the wire: sends what connectors ask for, where the operator allows it, and records it.
//!
//! Nothing here knows what a connector or a CRM's interface is. A connector never sees a socket; so the
//! record of a call says for certain whether a write left the machine and how it ended. Three promises hold
//! throughout:
//!
//! - no request goes to an address that the manifest does not allow, on any hop;
//! - a write is sent at most once, and never to the place that an answer redirects it to;
//! - a write that has left is waited for, whatever becomes of its call.
//!
//! Reads are tried again where that helps, and every request waits for its turn where a rate or the CRM says so. Whose turn
//! has come still asks the call's guard before it leaves.

mod address;
mod call;
mod deadline;
mod exchange;
mod guard;
mod pace;
mod pattern;
mod policy;
mod rate;
mod record;
mod request;
mod resolver;
mod tries;
mod trust;
mod wire;

pub use pattern::{HostPattern, PatternError, RequestPattern};
pub use rate::RequestRate;
pub use record::{Effect, End, Record, SentRequest, WriteVerdict};
pub use trust::{TrustError, TrustRoots};
pub use wire::{Wire, Writes};

pub(crate) use call::Show;
pub(crate) use guard::{Guard, Permission, Unguarded};
pub(crate) use request::Request;

use std::{
    any::Any,
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use reqwest::{Client, Proxy, redirect, retry};
use tokio::{runtime::Handle, time::Instant};
use url::Url;

use crate::secret::Secret;
use address::Reach;
use call::Call;
use deadline::Deadline;
use pace::Pace;
use policy::Policy;
use resolver::{GuardedResolver, Lookup, system_lookup};

/// What egress has to know of one CRM.
#[derive(Clone)]
pub struct EgressConfig {
    /// The CRM's name, for logs.
    pub crm: String,
    /// Where requests may go.
    pub allowed_hosts: Vec<HostPattern>,
    /// Requests that a connector may mark as reads though their method could write.
    pub read_requests: Vec<RequestPattern>,
    /// Statuses by which this CRM says that it applied nothing, beside 429. A 2xx is a success all the same.
    pub rejects_unapplied: Vec<u16>,
    /// How many requests may go to one of its hosts.
    pub rate: Option<RequestRate>,
    /// The URL of an HTTP proxy for everything but plain HTTP to this machine. It looks the names up, so what
    /// a name stands for is its to check.
    pub proxy: Option<Secret>,
    /// Whom TLS believes.
    pub trust: TrustRoots,
}

/// The way from one CRM's connector to the network.
#[derive(Debug, Clone)]
pub struct Egress {
    shared: Arc<Shared>,
}

/// What holds for the requests of one call.
pub(crate) struct Terms {
    /// When nothing begins any more.
    pub(crate) deadline: Instant,
    pub(crate) writes: Writes,
    pub(crate) guard: Arc<dyn Guard>,
    /// What a request under way keeps, whatever becomes of its call; the wire alone does not.
    pub(crate) underway: Weak<dyn Any + Send + Sync>,
    /// How paths are logged: a connector may have put a token into one.
    pub(crate) show: Show,
}

/// Why egress cannot be set up for a CRM.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// The proxy is not usable. The message does not repeat it: it may hold a password.
    #[error("the proxy of {crm} is not usable; write it as http://host:port or https://host:port")]
    Proxy {
        /// The CRM.
        crm: String,
    },
    /// The HTTP client refuses its settings.
    #[error("cannot set up the HTTP client of {crm}")]
    Client {
        /// The CRM.
        crm: String,
        /// Why.
        source: reqwest::Error,
    },
}

/// What all calls of a CRM share.
#[derive(Debug)]
struct Shared {
    crm: Arc<str>,
    policy: Policy,
    pace: Pace,
    rejects_unapplied: Arc<[u16]>,
    clients: Clients,
    runtime: Handle,
}

/// One HTTP client a reach, all of one CRM.
///
/// A resolver is told a host's name only, while patterns speak of ports, too; so the client that a request
/// goes through says what its resolver may answer. A host and port belongs to one of them, and so do its
/// connections.
struct Clients {
    public: Client,
    listed: Client,
    loopback: Client,
}

/// How long an idle connection is kept: less than any server does, so that its closing does not meet a write.
const POOL_IDLE_TIME: Duration = Duration::from_secs(4);

const USER_AGENT: &str = concat!("switchboard/", env!("CARGO_PKG_VERSION"));

impl Egress {
    /// Sets up the HTTP client of a CRM; its work runs on `runtime`, which must have I/O and time enabled.
    ///
    /// # Errors
    ///
    /// [`EgressError`]: the proxy or the client's settings are not usable.
    pub fn new(config: EgressConfig, runtime: Handle) -> Result<Self, EgressError> {
        Self::with_lookup(config, runtime, &system_lookup())
    }

    /// Opens the wire of a call. What it logs belongs to the current span.
    pub(crate) fn begin(&self, terms: Terms) -> Wire {
        let shared = Arc::clone(&self.shared);
        let rejects_unapplied = Arc::clone(&shared.rejects_unapplied);
        let (crm, deadline) = (Arc::clone(&shared.crm), Deadline::at(terms.deadline));
        let call = Call::new(crm, deadline, rejects_unapplied, terms.show);
        Wire::new(shared, call, terms.writes, terms.guard, terms.underway)
    }

    fn with_lookup(
        config: EgressConfig,
        runtime: Handle,
        lookup: &Lookup,
    ) -> Result<Self, EgressError> {
        let clients = Clients::build(&config, lookup)?;
        Ok(Self {
            shared: Arc::new(Shared {
                crm: config.crm.into(),
                policy: Policy::new(config.allowed_hosts, config.read_requests),
                pace: Pace::new(config.rate),
                rejects_unapplied: config.rejects_unapplied.into(),
                clients,
                runtime,
            }),
        })
    }
}

impl Shared {
    fn effect(&self, request: &Request) -> Effect {
        let (method, path) = (request.method.as_str(), request.url.path());
        self.policy.effect(method, path, request.claims_read)
    }
}

impl Clients {
    fn build(config: &EgressConfig, lookup: &Lookup) -> Result<Self, EgressError> {
        Ok(Self {
            public: client(config, lookup, Reach::Public)?,
            listed: client(config, lookup, Reach::Listed)?,
            loopback: client(config, lookup, Reach::Loopback)?,
        })
    }

    fn reaching(&self, reach: Reach) -> &Client {
        match reach {
            Reach::Public => &self.public,
            Reach::Listed => &self.listed,
            Reach::Loopback => &self.loopback,
        }
    }
}

impl fmt::Debug for Clients {
    /// The clients' own output holds the proxy and its password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clients").finish_non_exhaustive()
    }
}

/// Builds a client that sends what it is given, once, and nothing else.
fn client(config: &EgressConfig, lookup: &Lookup, reach: Reach) -> Result<Client, EgressError> {
    let crm = &config.crm;
    let proxy = config.proxy.as_ref().filter(|_| reach != Reach::Loopback);
    // The only name that a client with a proxy looks up is the proxy's, and the operator chose that.
    let resolved = proxy.map_or(reach, |_| Reach::Listed);
    let mut builder = Client::builder()
        .tls_backend_preconfigured(config.trust.tls())
        .https_only(reach != Reach::Loopback)
        .dns_resolver(GuardedResolver::new(resolved, Arc::clone(lookup)))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .user_agent(USER_AGENT)
        .pool_idle_timeout(POOL_IDLE_TIME);
    if let Some(proxy) = proxy {
        let proxy =
            usable_proxy(proxy.expose()).ok_or_else(|| EgressError::Proxy { crm: crm.clone() })?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|source| EgressError::Client {
        crm: crm.clone(),
        source: source.without_url(),
    })
}

fn usable_proxy(text: &str) -> Option<Proxy> {
    let url = Url::parse(text).ok()?;
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    Proxy::all(url).ok().filter(|_| is_http)
}

#[cfg(test)]
mod tests;
