//! Reads that are sent again, and writes that are not.

use super::{
    server::{Server, Step, answer, ok, refusing_port, status, truncated},
    *,
};

fn busy(status: u16, retry_after: &str) -> Step {
    let header = format!("retry-after: {retry_after}\r\n");
    Step::Send(answer(status, &header, b"busy"))
}

fn ends(wire: &Wire) -> Vec<End> {
    let requests = wire.record().requests.into_iter();
    requests.map(|it| it.end).collect()
}

#[tokio::test]
async fn a_read_is_sent_again_until_it_is_answered() {
    let passing = [
        status(502),
        status(503),
        status(504),
        Step::Reset,
        truncated(200),
        busy(429, "0"),
        busy(503, "0"),
    ];
    for step in passing {
        let server = Server::start([step, ok()]).await;
        let wire = wire();
        let (head, body) = get(&wire, &server.url("/x?a=1")).await.unwrap();
        assert_eq!((head.status, &*body), (200, &b"{\"id\":7}"[..]));
        let [first, second] = server.seen().try_into().unwrap();
        assert_eq!(first.head, second.head);
        assert_eq!(ends(&wire).len(), 2);
        assert_eq!(ends(&wire)[1], End::Answered(200));
    }
}

#[tokio::test]
async fn the_third_answer_is_the_connectors_whatever_it_is() {
    let server = Server::start([status(502), status(503), status(504), ok()]).await;
    let wire = wire();
    assert_eq!(status_of(get(&wire, &server.url("/")).await), Ok(504));
    assert_eq!(ends(&wire), [502, 503, 504].map(End::Answered));
    assert_eq!(wire.record().verdict(), WriteVerdict::NothingWritten);
}

#[tokio::test]
async fn a_read_that_finds_nobody_three_times_is_a_fault() {
    let url = format!("http://127.0.0.1:{}/", refusing_port().await);
    let wire = wire();
    let fault = get(&wire, &url).await.unwrap_err();
    assert_eq!(fault.code(), FaultCode::Unavailable);
    let ends = ends(&wire);
    assert!(
        matches!(
            ends[..],
            [End::NotSent(_), End::NotSent(_), End::NotSent(_)]
        ),
        "{ends:?}"
    );
}

#[tokio::test]
async fn what_a_second_try_would_not_change_is_handed_over_at_once() {
    for (step, code) in [
        (status(500), 500),
        (status(404), 404),
        (status(429), 429),
        (busy(429, "6"), 429),
        (busy(503, "3600"), 503),
    ] {
        let server = Server::start([step, ok()]).await;
        assert_eq!(status_of(get(&wire(), &server.url("/")).await), Ok(code));
        assert_eq!(server.seen().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_read_by_agreement_is_sent_again_with_its_body_and_a_write_never() {
    let server = Server::start([busy(503, "0"), ok()]).await;
    let wire = wire();
    let search = as_read(head("POST", &server.url("/search")));
    assert_eq!(status_of(wire.send(search, b"{}".to_vec()).await), Ok(200));
    let bodies: Vec<_> = server.seen().into_iter().map(|it| it.body).collect();
    assert_eq!(bodies, [b"{}", b"{}"]);

    // It may have used something up.
    for step in [status(503), Step::Reset] {
        let server = Server::start([step, ok()]).await;
        let search = as_read(head("POST", &server.url("/search")));
        assert_ne!(
            status_of(self::wire().send(search, b"{}".to_vec()).await),
            Ok(200)
        );
        assert_eq!(server.seen().len(), 1);
    }

    for method in ["POST", "PUT", "DELETE"] {
        let server = Server::start([busy(503, "0"), ok()]).await;
        let head = as_read(head(method, &server.url("/x")));
        let result = self::wire().send(head, b"{}".to_vec()).await;
        assert_eq!(status_of(result), Ok(503), "{method}");
        assert_eq!(server.seen().len(), 1, "{method}");
    }
}

#[tokio::test]
async fn a_wait_that_the_reads_own_time_does_not_allow_is_not_begun() {
    let server = Server::start([busy(429, "5"), ok()]).await;
    let head = with_timeout(head("GET", &server.url("/")), 4_500);
    assert_eq!(status_of(wire().send(head, vec![]).await), Ok(429));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_again_once_the_wire_has_ended() {
    for (end, code) in ENDINGS {
        let server = Server::start([busy(503, "5"), ok()]).await;
        let wire = wire();
        let (same, url) = (wire.clone(), server.url("/"));
        let read = tokio::spawn(async move { status_of(get(&same, &url).await) });
        until(|| ends(&wire) == [End::Answered(503)]).await;
        end(&wire);
        assert_eq!(read.await.unwrap(), Err(code));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn redirects_and_tries_of_a_read_are_counted_together() {
    let to = |path: &str| Step::Send(answer(302, &format!("location: {path}\r\n"), b""));
    let steps = [
        status(502),
        to("/b"),
        status(502),
        to("/c"),
        status(502),
        ok(),
    ];
    let server = Server::start(steps).await;
    assert_eq!(status_of(get(&wire(), &server.url("/a")).await), Ok(502));
    let paths: Vec<_> = server
        .seen()
        .into_iter()
        .map(|it| it.head[4..7].to_owned())
        .collect();
    assert_eq!(paths, ["/a ", "/a ", "/b ", "/b ", "/c "]);
}
