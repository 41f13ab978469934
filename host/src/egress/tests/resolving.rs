//! Names and what they stand for. Only the look-up is scripted here; connections are real.

use std::{
    env, future,
    io::{Error, ErrorKind},
    net::IpAddr,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    server::{Server, Step, answer, ok},
    *,
};

/// Answers the n-th look-up with the n-th of these addresses, the last one from then on.
fn scripted(addresses: &'static [&'static str]) -> Lookup {
    let n_asked = AtomicUsize::new(0);
    Arc::new(move |_| {
        let idx = n_asked.fetch_add(1, Ordering::Relaxed);
        let address = addresses[idx.min(addresses.len() - 1)];
        let address: IpAddr = address.parse().unwrap();
        Box::pin(future::ready(Ok(vec![address])))
    })
}

fn unanswered() -> Lookup {
    Arc::new(|_| Box::pin(future::pending()))
}

#[tokio::test]
async fn a_name_listed_with_a_star_reaches_no_private_address() {
    let server = Server::start([ok()]).await;
    for address in [
        "127.0.0.1",
        "::ffff:127.0.0.1",
        "169.254.169.254",
        "fd00:ec2::254",
    ] {
        let lookup: Lookup =
            Arc::new(move |_| Box::pin(future::ready(Ok(vec![address.parse().unwrap()]))));
        let pattern = format!("*.acme.test:{}", server.port);
        let wire = wire_of(config(&[&pattern]), &lookup);
        let url = format!("https://api.acme.test:{}/", server.port);
        let fault = post(&wire, &url).await.unwrap_err();
        assert_eq!(fault.code(), FaultCode::ForbiddenHost, "{fault}");
        assert!(fault.message().contains("add \"api.acme.test\""), "{fault}");
        assert_not_sent(&wire);
    }
    assert_eq!(server.n_connections(), 0);
}

#[tokio::test]
async fn a_name_on_another_port_than_the_listed_one_stays_public() {
    let server = Server::start([ok()]).await;
    let wildcard = format!("*.acme.test:{}", server.port);
    let allowed = ["api.acme.test:8443", &wildcard];
    let wire = wire_of(config(&allowed), &scripted(&["127.0.0.1"]));
    let url = format!("https://api.acme.test:{}/", server.port);
    let result = get(&wire, &url).await;
    assert_eq!(status_of(result), Err(FaultCode::ForbiddenHost));
    assert_eq!(server.n_connections(), 0);
}

#[tokio::test]
async fn a_name_that_moves_to_a_private_address_is_refused_when_it_is_connected_to() {
    let closing = Step::SendAndClose(answer(200, "", b""));
    let server = Server::start([closing]).await;
    let wire = wire_of(
        config(&["crm.test:*"]),
        &scripted(&["127.0.0.1", "10.0.0.1"]),
    );
    let url = format!("http://crm.test:{}/", server.port);
    assert_eq!(status_of(get(&wire, &url).await), Ok(200));
    server.closed(1).await;
    let result = get(&wire, &url).await;
    assert_eq!(status_of(result), Err(FaultCode::ForbiddenHost));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_name_that_nobody_knows_means_not_sent() {
    let lookup: Lookup = Arc::new(|_| {
        let error = Error::new(ErrorKind::NotFound, "no such host");
        Box::pin(future::ready(Err(error)))
    });
    for body in [b"{}".to_vec(), vec![]] {
        let wire = wire_of(config(&["crm.test"]), &lookup);
        let head = head("POST", "https://crm.test/x?key=s3cret");
        let fault = wire.send(head, body).await.unwrap_err();
        assert_eq!(fault.code(), FaultCode::Unavailable);
        assert!(fault.message().contains("crm.test"), "{fault}");
        assert!(fault.message().contains("no such host"), "{fault}");
        assert!(!fault.message().contains("s3cret"), "{fault}");
        assert_not_sent(&wire);
    }
}

#[tokio::test]
async fn a_write_that_has_no_connection_yet_is_given_up_and_not_sent() {
    for (end, code) in ENDINGS {
        let wire = wire_of(config(&["crm.test"]), &unanswered());
        let write = post_aside(&wire, "https://crm.test/");
        until(|| !wire.record().requests.is_empty()).await;
        end(&wire);
        assert_eq!(write.await.unwrap(), Err(code));
        assert_not_sent(&wire);
        wire.writes_ended().await;
    }
}

#[tokio::test]
async fn a_write_that_has_no_connection_yet_is_given_up_when_its_future_is_dropped() {
    let wire = wire_of(config(&["crm.test"]), &unanswered());
    let write = post_aside(&wire, "https://crm.test/");
    until(|| !wire.record().requests.is_empty()).await;
    let waiting = end_of(&wire);
    write.abort();
    until(|| end_of(&wire) != waiting).await;
    assert_not_sent(&wire);
}

#[tokio::test]
async fn a_write_that_gets_no_connection_in_its_time_is_not_sent() {
    let wire = wire_of(config(&["crm.test"]), &unanswered());
    let head = with_timeout(head("POST", "https://crm.test/"), 20);
    let result = wire.send(head, b"{}".to_vec()).await;
    assert_eq!(status_of(result), Err(FaultCode::Timeout));
    assert_not_sent(&wire);
}

#[tokio::test]
async fn a_proxy_is_reached_wherever_it_is_and_looks_names_up_itself() {
    let proxy = Server::start([server::status(502)]).await;
    let mut config = config(&["*.acme.test"]);
    config.proxy = Some(format!("http://me:pass@proxy.test:{}", proxy.port).into());
    let wire = wire_of(config, &scripted(&["127.0.0.1"]));
    let fault = post(&wire, "https://api.acme.test/x").await.unwrap_err();
    assert_eq!(fault.code(), FaultCode::Unavailable);
    assert_not_sent(&wire);
    let [seen] = proxy.seen().try_into().unwrap();
    assert!(
        seen.head.starts_with("connect api.acme.test:443 "),
        "{}",
        seen.head
    );
    assert!(seen.head.contains("proxy-authorization: basic"));
}

#[test]
fn the_proxy_of_the_environment_is_not_used() {
    const CHILD: &str = "SWITCHBOARD_TEST_CHILD";
    if env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(async {
            let server = Server::start([ok()]).await;
            assert_eq!(status_of(post(&wire(), &server.url("/")).await), Ok(200));
            assert!(server.seen()[0].head.starts_with("post / "));
        });
    }
    // The environment of a process with threads must not be changed, so the test runs itself with another one.
    let test = format!(
        "{}::the_proxy_of_the_environment_is_not_used",
        module_path!()
    );
    let (_, test) = test.split_once("::").unwrap();
    let nowhere = "http://127.0.0.1:1";
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", test]).env(CHILD, "1");
    for variable in [
        "http_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        child.env(variable, nowhere);
    }
    child.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = child.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "{stdout}"
    );
}
