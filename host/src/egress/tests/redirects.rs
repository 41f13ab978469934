//! Redirects: followed for reads, hop by hop; never for writes.

use super::{
    server::{Server, Step, answer, ok},
    *,
};

fn to(status: u16, location: &str) -> Step {
    Step::Send(answer(status, &format!("location: {location}\r\n"), b""))
}

#[tokio::test]
async fn a_read_follows_within_its_host_and_keeps_its_headers() {
    let server = Server::start([to(302, "/b?x=1"), ok()]).await;
    let wire = wire();
    let head = with_header(head("GET", &server.url("/a")), "authorization", "Bearer 1");
    let (answer, _) = wire.send(head, vec![]).await.unwrap();
    assert_eq!(answer.url, server.url("/b?x=1"));
    let seen = server.seen();
    assert!(seen[1].head.starts_with("get /b?x=1 "));
    assert!(seen[1].head.contains("authorization: bearer 1"));
    let ends: Vec<_> = wire
        .record()
        .requests
        .into_iter()
        .map(|it| it.end)
        .collect();
    assert_eq!(ends, [End::Answered(302), End::Answered(200)]);
}

#[tokio::test]
async fn another_host_gets_no_credentials() {
    let target = Server::start([ok()]).await;
    let source = Server::start([to(307, &target.url("/"))]).await;
    let mut head = with_header(head("GET", &source.url("/")), "authorization", "Bearer 1");
    head = with_header(head, "x-api-key", "1");
    head = with_header(head, "accept", "application/json");
    wire().send(head, vec![]).await.unwrap();
    let [seen] = target.seen().try_into().unwrap();
    assert!(!seen.head.contains("authorization"), "{}", seen.head);
    assert!(!seen.head.contains("x-api-key"), "{}", seen.head);
    assert!(seen.head.contains("accept: application/json"));
    assert!(!seen.head.contains("referer"));
}

#[tokio::test]
async fn every_hop_is_asked_for() {
    let target = Server::start([ok()]).await;
    let locations = [
        format!("http://[::1]:{}/", target.port),
        format!("http://me:pass@127.0.0.1:{}/", target.port),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for location in locations {
        let source = Server::start([to(302, &location)]).await;
        let wire = wire();
        let code = status_of(get(&wire, &source.url("/")).await).unwrap_err();
        let expected = [FaultCode::ForbiddenHost, FaultCode::Internal];
        assert!(expected.contains(&code), "{location}: {code}");
        assert_eq!(wire.record().n_sent(), 1);
    }
    assert_eq!(target.n_connections(), 0);
}

#[tokio::test]
async fn a_loop_ends_after_five_redirects() {
    let server = Server::start([to(302, "/")]).await;
    let fault = get(&wire(), &server.url("/")).await.unwrap_err();
    assert_eq!(fault.code(), FaultCode::Unavailable);
    assert!(fault.message().contains("more than 5 times"), "{fault}");
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn five_redirects_are_followed() {
    let hops = (0..5).map(|_| to(301, "/"));
    let server = Server::start(hops.chain([ok()])).await;
    assert_eq!(status_of(get(&wire(), &server.url("/")).await), Ok(200));
}

#[tokio::test]
async fn a_write_is_not_followed_and_its_end_is_unclear() {
    for status in [301, 303, 307, 308] {
        let server = Server::start([to(status, "/b"), ok()]).await;
        let wire = wire();
        assert_eq!(status_of(post(&wire, &server.url("/")).await), Ok(status));
        assert_eq!(wire.record().verdict(), WriteVerdict::Unclear);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_read_by_agreement_is_followed_with_its_body_where_it_stays_a_read() {
    let server = Server::start([to(307, "/search?page=2"), ok()]).await;
    let wire = wire();
    let search = as_read(head("POST", &server.url("/search")));
    wire.send(search, b"{}".to_vec()).await.unwrap();
    assert_eq!(server.seen()[1].body, b"{}");
    assert_eq!(wire.record().verdict(), WriteVerdict::NothingWritten);

    let server = Server::start([to(308, "/activities"), ok()]).await;
    let search = as_read(head("POST", &server.url("/search")));
    let fault = self::wire().send(search, b"{}".to_vec()).await.unwrap_err();
    assert_eq!(fault.code(), FaultCode::Unavailable);
    assert!(fault.message().contains("read_requests"), "{fault}");
    assert_eq!(server.seen().len(), 1);
}
