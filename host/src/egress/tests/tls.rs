//! TLS: whom egress believes, and HTTP/2.

use std::{
    fs, net,
    sync::atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Version},
    routing::post as route_post,
};
use axum_server::tls_rustls::RustlsConfig;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};

use super::{
    server::{Server, Step},
    *,
};

/// A server for `localhost` whose certificate a CA of its own has issued.
struct SecureServer {
    url: String,
    ca_pem: String,
    n_requests: Arc<AtomicUsize>,
}

impl SecureServer {
    fn start(protocols: &[&str]) -> Self {
        let (ca_pem, mut tls) = certified("localhost");
        tls.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let n_requests = Arc::<AtomicUsize>::default();
        let app = Router::new()
            .route("/", route_post(tell_version))
            .with_state(Arc::clone(&n_requests));
        let tls = RustlsConfig::from_config(Arc::new(tls));
        let server = axum_server::from_tcp_rustls(listener, tls).unwrap();
        tokio::spawn(server.serve(app.into_make_service()));
        Self {
            url: format!("https://localhost:{port}/"),
            ca_pem,
            n_requests,
        }
    }

    fn n_requests(&self) -> usize {
        self.n_requests.load(Ordering::Relaxed)
    }

    fn trust(&self) -> TrustRoots {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        fs::write(&path, &self.ca_pem).unwrap();
        TrustRoots::load(&[path]).unwrap()
    }
}

async fn tell_version(
    State(n_requests): State<Arc<AtomicUsize>>,
    version: Version,
    body: String,
) -> (StatusCode, String) {
    n_requests.fetch_add(1, Ordering::Relaxed);
    (StatusCode::CREATED, format!("{version:?} {body}"))
}

fn certified(name: &str) -> (String, ServerConfig) {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &ca).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (ca.pem(), tls)
}

fn trusting(trust: TrustRoots) -> Wire {
    let mut config = config(&["localhost:*"]);
    config.trust = trust;
    wire_of(config, &system_lookup())
}

#[tokio::test]
async fn the_protocol_is_the_best_that_the_server_offers() {
    let table = [
        (&["h2", "http/1.1"][..], "HTTP/2.0 hi"),
        (&["http/1.1"], "HTTP/1.1 hi"),
        (&[], "HTTP/1.1 hi"),
    ];
    for (protocols, expected) in table {
        let server = SecureServer::start(protocols);
        let wire = trusting(server.trust());
        let sent = wire.send(head("POST", &server.url), b"hi".to_vec()).await;
        assert_eq!(String::from_utf8(sent.unwrap().1).unwrap(), expected);
        assert_eq!(wire.record().verdict(), WriteVerdict::Written);
        assert_eq!(server.n_requests(), 1);
    }
}

#[tokio::test]
async fn many_writes_share_a_connection_and_each_is_sent_once() {
    let server = SecureServer::start(&["h2"]);
    let wire = trusting(server.trust());
    let writes: Vec<_> = (0..100).map(|_| post_aside(&wire, &server.url)).collect();
    for write in writes {
        assert_eq!(write.await.unwrap(), Ok(201));
    }
    assert_eq!(server.n_requests(), 100);
    assert_eq!(wire.record().n_sent(), 100);
}

#[tokio::test]
async fn a_refused_write_carries_no_body_and_says_why() {
    let (secure, resetting) = (
        SecureServer::start(&["h2"]),
        Server::start([Step::Reset]).await,
    );
    let mut config = config(&["127.0.0.1:*", "localhost:*"]);
    config.trust = secure.trust();
    let connect = Arc::new(Notify::new());
    let wire = wire_of(config, &answering_after(&connect));
    let late = post_aside(&wire, &secure.url);
    until(|| wire.record().requests.len() == 1).await;
    let unclear = post(&wire, &resetting.url("/")).await;
    assert_eq!(status_of(unclear), Err(FaultCode::UnknownOutcome));
    connect.notify_one();
    assert_eq!(late.await.unwrap(), Err(FaultCode::UnknownOutcome));
    assert_eq!((wire.record().n_sent(), secure.n_requests()), (1, 0));
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    let server = SecureServer::start(&["h2"]);
    let wire = trusting(SYSTEM_ROOTS.clone());
    let fault = post(&wire, &server.url).await.unwrap_err();
    assert_eq!(fault.code(), FaultCode::Unavailable);
    assert!(fault.message().contains("certificate"), "{fault}");
    assert_not_sent(&wire);
    assert_eq!(server.n_requests(), 0);
}

#[tokio::test]
async fn a_certificate_for_another_name_gets_nothing() {
    let server = SecureServer::start(&["h2"]);
    let mut config = config(&["127.0.0.1:*"]);
    config.trust = server.trust();
    let wire = wire_of(config, &system_lookup());
    let url = server.url.replace("localhost", "127.0.0.1");
    let fault = post(&wire, &url).await.unwrap_err();
    assert!(fault.message().contains("certificate"), "{fault}");
    assert_not_sent(&wire);
}
