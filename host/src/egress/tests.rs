//! Egress against real sockets: every end of a request, and what may never happen.

mod capture;
mod ends;
mod limits;
mod pace;
mod redirects;
mod resolving;
mod retries;
mod server;
mod tls;

use std::sync::LazyLock;

use switchboard_connector_sdk::{
    Fault, FaultCode,
    wire::{RequestHead, ResponseHead},
};

use tokio::sync::Notify;

use super::{resolver::system_lookup, *};

/// How long a call of these tests may take: longer than any of them.
const CALL_TIME: Duration = Duration::from_secs(60);

type Ending = fn(&Wire);

/// How a wire ends what may still be given up, and what its caller hears.
const ENDINGS: [(Ending, FaultCode); 2] = [
    (Wire::revoke, FaultCode::Closed),
    (Wire::expire, FaultCode::Timeout),
];

static SYSTEM_ROOTS: LazyLock<TrustRoots> = LazyLock::new(|| TrustRoots::load(&[]).unwrap());

fn config(allowed_hosts: &[&str]) -> EgressConfig {
    let allowed_hosts = allowed_hosts.iter().map(|it| it.parse().unwrap());
    EgressConfig {
        crm: "acme".to_owned(),
        allowed_hosts: allowed_hosts.collect(),
        read_requests: vec!["POST /search".parse().unwrap()],
        rejects_unapplied: vec![503],
        rate: None,
        proxy: None,
        trust: SYSTEM_ROOTS.clone(),
    }
}

/// Opens the wire of a call that may talk to this machine.
fn wire() -> Wire {
    wire_of(config(&["127.0.0.1:*", "localhost:*"]), &system_lookup())
}

fn wire_of(config: EgressConfig, lookup: &Lookup) -> Wire {
    let egress = Egress::with_lookup(config, Handle::current(), lookup).unwrap();
    egress.begin(terms(Instant::now() + CALL_TIME, Writes::Send))
}

fn terms(deadline: Instant, writes: Writes) -> Terms {
    Terms {
        deadline,
        writes,
        guard: Arc::new(Unguarded),
        underway: Weak::<()>::new(),
        show: Show::new(str::to_owned),
    }
}

fn head(method: &str, url: &str) -> RequestHead {
    RequestHead::new(method, url)
}

fn with_header(mut head: RequestHead, name: &str, value: &str) -> RequestHead {
    head.headers.push((name.to_owned(), value.to_owned()));
    head
}

fn with_timeout(mut head: RequestHead, timeout_ms: u64) -> RequestHead {
    head.timeout_ms = Some(timeout_ms);
    head
}

fn as_read(mut head: RequestHead) -> RequestHead {
    head.effect = Some("read".to_owned());
    head
}

async fn get(wire: &Wire, url: &str) -> Result<(ResponseHead, Vec<u8>), Fault> {
    wire.send(head("GET", url), vec![]).await
}

async fn post(wire: &Wire, url: &str) -> Result<(ResponseHead, Vec<u8>), Fault> {
    wire.send(head("POST", url), b"{\"note\":1}".to_vec()).await
}

/// Sends in a task of its own and returns its handle.
fn post_aside(wire: &Wire, url: &str) -> tokio::task::JoinHandle<Result<u16, FaultCode>> {
    let (wire, url) = (wire.clone(), url.to_owned());
    tokio::spawn(async move { status_of(post(&wire, &url).await) })
}

fn status_of(result: Result<(ResponseHead, Vec<u8>), Fault>) -> Result<u16, FaultCode> {
    result
        .map(|(head, _)| head.status)
        .map_err(|fault| fault.code())
}

/// Knows every name as this machine, once it is told to answer.
fn answering_after(release: &Arc<Notify>) -> Lookup {
    let release = Arc::clone(release);
    Arc::new(move |_| {
        let release = Arc::clone(&release);
        Box::pin(async move {
            release.notified().await;
            Ok(vec!["127.0.0.1".parse().unwrap()])
        })
    })
}

/// Waits for what nothing announces.
async fn until(mut condition: impl FnMut() -> bool) {
    let turning = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    let result = tokio::time::timeout(CALL_TIME / 6, turning).await;
    result.expect("this comes about by itself");
}

/// Returns how the only request of the call ended.
fn end_of(wire: &Wire) -> End {
    let [request] = wire.record().requests.try_into().unwrap();
    request.end
}

#[track_caller]
fn assert_unclear(wire: &Wire) {
    assert!(
        matches!(end_of(wire), End::Unclear(_)),
        "{:?}",
        end_of(wire)
    );
    assert_eq!(wire.record().verdict(), WriteVerdict::Unclear);
}

#[track_caller]
fn assert_not_sent(wire: &Wire) {
    let record = wire.record();
    assert!(!record.requests.is_empty());
    assert_eq!(record.verdict(), WriteVerdict::NothingWritten);
    assert_eq!(record.n_sent(), 0, "{record:?}");
}

#[tokio::test]
async fn a_proxy_that_is_none_is_refused_without_its_password() {
    for proxy in [
        "me:s3cret@proxy",
        "socks5://me:s3cret@proxy:1",
        "http://",
        "",
    ] {
        let mut config = config(&[]);
        config.proxy = Some(Secret::new(proxy.to_owned()));
        let error = Egress::new(config, Handle::current()).unwrap_err();
        assert!(matches!(error, EgressError::Proxy { .. }), "{proxy}");
        assert!(
            !format!("{error} {error:?}").contains("s3cret"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn debug_output_of_a_wire_holds_no_password_of_a_proxy() {
    let mut config = config(&[]);
    config.proxy = Some(Secret::new("http://me:s3cret@proxy:1".to_owned()));
    let wire = wire_of(config, &system_lookup());
    assert!(!format!("{wire:?}").contains("s3cret"));
}
