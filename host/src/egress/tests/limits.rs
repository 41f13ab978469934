//! Time and size.

use std::{
    io::{ErrorKind, Write},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};

use super::{
    server::{Server, Step, answer, ok},
    *,
};
use crate::egress::exchange::MAX_ANSWER_SIZE;

fn never() -> Step {
    Step::SendAfter(Arc::new(Notify::new()), vec![])
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_read_ends_with_its_own_time() {
    let server = Server::start([never()]).await;
    let wire = wire();
    let head = with_timeout(head("GET", &server.url("/x?key=s3cret")), 50);
    let fault = wire.send(head, vec![]).await.unwrap_err();
    assert_eq!(fault.code(), FaultCode::Timeout);
    assert!(!fault.message().contains("s3cret"), "{fault}");
}

#[tokio::test]
async fn a_read_ends_with_the_call_whatever_time_it_asks_for() {
    let server = Server::start([never()]).await;
    let config = config(&["127.0.0.1:*"]);
    let egress = Egress::new(config, Handle::current()).unwrap();
    let wire = egress.begin(terms(
        Instant::now() + Duration::from_millis(100),
        Writes::Send,
    ));
    let head = with_timeout(head("GET", &server.url("/")), u64::MAX);
    let result = wire.send(head, vec![]).await;
    assert_eq!(status_of(result), Err(FaultCode::Timeout));
    let result = get(&wire, &server.url("/")).await;
    assert_eq!(status_of(result), Err(FaultCode::Timeout));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_write_without_an_answer_in_its_time_is_unclear() {
    let server = Server::start([never()]).await;
    let wire = wire();
    let head = with_timeout(head("POST", &server.url("/")), 1_000);
    let began = Instant::now();
    let result = wire.send(head, b"{}".to_vec()).await;
    assert_eq!(status_of(result), Err(FaultCode::UnknownOutcome));
    assert!(began.elapsed() >= Duration::from_secs(1), "{began:?}");
    assert_unclear(&wire);
}

#[tokio::test]
async fn a_packed_answer_arrives_unpacked() {
    let packed = gzipped(b"{\"id\":7}");
    let bytes = answer(200, "content-encoding: gzip\r\n", &packed);
    let server = Server::start([Step::Send(bytes)]).await;
    let (head, body) = get(&wire(), &server.url("/")).await.unwrap();
    assert_eq!(body, b"{\"id\":7}");
    assert!(
        !head
            .headers
            .iter()
            .any(|(name, _)| name == "content-encoding")
    );
    assert!(server.seen()[0].head.contains("accept-encoding: gzip"));
}

#[tokio::test]
async fn an_answer_of_the_greatest_size_arrives_and_one_byte_more_does_not() {
    let body = vec![b'x'; MAX_ANSWER_SIZE + 1];
    let steps = [&body[1..], &body].map(|body| Step::Send(answer(200, "", body)));
    let server = Server::start(steps).await;
    let wire = wire();
    let (_, whole) = get(&wire, &server.url("/")).await.unwrap();
    assert_eq!(whole.len(), MAX_ANSWER_SIZE);
    let fault = get(&wire, &server.url("/")).await.unwrap_err();
    assert_eq!(fault.code(), FaultCode::Unavailable);
    assert!(fault.message().contains("10 MiB"), "{fault}");
}

#[tokio::test]
async fn a_success_that_unpacks_beyond_the_limit_is_unclear_and_a_refusal_stands() {
    let bomb = gzipped(&vec![0; MAX_ANSWER_SIZE + 1]);
    assert!(bomb.len() < MAX_ANSWER_SIZE / 100);
    let steps = [400, 200].map(|status| {
        let bytes = answer(status, "content-encoding: gzip\r\n", &bomb);
        Step::Send(bytes)
    });
    let server = Server::start(steps).await;
    let (refused, lost) = (wire(), wire());
    let result = post(&refused, &server.url("/")).await;
    assert_eq!(status_of(result), Err(FaultCode::Unavailable));
    assert_eq!(end_of(&refused), End::Answered(400));
    let result = post(&lost, &server.url("/")).await;
    assert_eq!(status_of(result), Err(FaultCode::UnknownOutcome));
    assert_unclear(&lost);
}

#[tokio::test]
async fn a_large_body_arrives_whole_with_its_length() {
    let server = Server::start([ok()]).await;
    let body = vec![b'x'; 3 << 20];
    let head = head("PUT", &server.url("/"));
    let result = wire().send(head, body.clone()).await;
    assert_eq!(status_of(result), Ok(200));
    assert!(server.seen()[0].body == body);
}

#[tokio::test]
async fn what_is_refused_connects_nowhere_and_is_not_recorded() {
    let server = Server::start([ok()]).await;
    let other = wire_of(config(&["crm.test"]), &system_lookup());
    let smuggling = with_header(
        head("POST", &server.url("/")),
        "Transfer-Encoding",
        "chunked",
    );
    let user_info = format!("http://me:pass@127.0.0.1:{}/", server.port);
    let table = [
        (wire(), smuggling, FaultCode::Internal),
        (wire(), head("POST", &user_info), FaultCode::Internal),
        (
            wire(),
            head("CONNECT", &server.url("/")),
            FaultCode::Internal,
        ),
        (wire(), head("POST", "not a url"), FaultCode::Internal),
        (
            other,
            head("POST", &server.url("/")),
            FaultCode::ForbiddenHost,
        ),
    ];
    for (wire, head, code) in table {
        let result = wire.send(head.clone(), b"{}".to_vec()).await;
        assert_eq!(status_of(result), Err(code), "{head:?}");
        assert!(wire.record().requests.is_empty());
    }
    assert_eq!(server.n_connections(), 0);
}

#[tokio::test]
async fn any_url_is_sent_or_refused_in_words() {
    let tails = [
        "a b",
        "|^{}`\"<>",
        "%zz%",
        "\u{202e}\u{0}\u{7f}",
        "..//\\..",
        "?\u{fffd}#x",
    ];
    let long = "x".repeat(70_000);
    let unknown: Lookup = Arc::new(|_| Box::pin(async { Err(ErrorKind::NotFound.into()) }));
    for tail in tails.into_iter().chain([&*long]) {
        for method in ["GET", "DELETE", "POST"] {
            let wire = wire_of(config(&["crm.test"]), &unknown);
            let head = head(method, &format!("https://crm.test/{tail}"));
            let fault = wire.send(head, vec![]).await.unwrap_err();
            assert_eq!(fault.code(), FaultCode::Unavailable, "{method}");
            assert_not_sent(&wire);
        }
    }
}
