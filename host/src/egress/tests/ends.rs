//! How requests end, and what becomes of a write that nobody waits for any more.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::subscriber::NoSubscriber;

use super::{
    server::{Server, Step, answer, ok, refusing_port, status, truncated},
    *,
};

#[tokio::test]
async fn an_answered_write_is_written_and_arrives_as_it_was_made() {
    let server = Server::start([ok()]).await;
    let wire = wire();
    let url = server.url("/activities?key=s3cret");
    let head = with_header(head("POST", &url), "Authorization", "Bearer 1");
    let (answer, body) = wire.send(head, b"{}".to_vec()).await.unwrap();

    assert_eq!((answer.status, answer.url), (200, url));
    assert_eq!(body, b"{\"id\":7}");
    let [seen] = server.seen().try_into().unwrap();
    assert_eq!(seen.body, b"{}");
    assert!(
        seen.head
            .starts_with("post /activities?key=s3cret http/1.1\r\n")
    );
    assert!(seen.head.contains("\r\nauthorization: bearer 1\r\n"));
    assert!(seen.head.contains("\r\ncontent-length: 2\r\n"));
    assert!(seen.head.contains("\r\nuser-agent: switchboard/"));
    assert!(!seen.head.contains("transfer-encoding"));

    let record = wire.record();
    assert_eq!(record.verdict(), WriteVerdict::Written);
    let expected = SentRequest {
        method: "POST".to_owned(),
        host: format!("127.0.0.1:{}", server.port),
        path: "/activities".to_owned(),
        effect: Effect::Write,
        end: End::Answered(200),
    };
    assert_eq!(record.requests, [expected]);
}

#[tokio::test]
async fn a_write_without_a_body_is_sent_with_its_length() {
    let server = Server::start([ok()]).await;
    let wire = wire();
    let url = server.url("/x");
    wire.send(head("POST", &url), vec![]).await.unwrap();
    assert!(server.seen()[0].head.contains("\r\ncontent-length: 0\r\n"));
    assert_eq!(end_of(&wire), End::Answered(200));
}

#[tokio::test]
async fn a_status_is_handed_over_and_judged() {
    let table = [
        (429, WriteVerdict::NothingWritten),
        (503, WriteVerdict::NothingWritten),
        (422, WriteVerdict::Rejected),
        (500, WriteVerdict::Unclear),
    ];
    for (code, verdict) in table {
        let server = Server::start([status(code)]).await;
        let wire = wire();
        assert_eq!(status_of(post(&wire, &server.url("/")).await), Ok(code));
        assert_eq!(wire.record().verdict(), verdict, "{code}");
    }
}

#[tokio::test]
async fn a_write_that_finds_no_server_was_not_sent() {
    let url = format!("http://127.0.0.1:{}/x?key=s3cret", refusing_port().await);
    for body in [b"{}".to_vec(), vec![]] {
        let wire = wire();
        let fault = wire.send(head("POST", &url), body).await.unwrap_err();
        assert_eq!(fault.code(), FaultCode::Unavailable);
        assert!(fault.message().contains("refused"), "{fault}");
        assert!(!fault.message().contains("s3cret"), "{fault}");
        assert_not_sent(&wire);
    }
}

#[tokio::test]
async fn a_connection_reset_after_the_request_is_an_unclear_end() {
    let server = Server::start([Step::Reset]).await;
    let wire = wire();
    let result = post(&wire, &server.url("/")).await;
    assert_eq!(status_of(result), Err(FaultCode::UnknownOutcome));
    assert_unclear(&wire);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_connection_reset_before_the_request_was_read_never_counts_as_answered() {
    let server = Server::resetting().await;
    let wire = wire();
    let code = status_of(post(&wire, &server.url("/")).await).unwrap_err();
    // Whether the reset comes before or after the body left is the network's choice; both are told as they
    // were.
    match end_of(&wire) {
        End::NotSent(_) => assert_eq!(code, FaultCode::Unavailable),
        end => assert!(matches!(end, End::Unclear(_)) && code == FaultCode::UnknownOutcome),
    }
    assert_eq!(server.n_connections(), 1);
}

#[tokio::test]
async fn a_success_that_breaks_off_is_unclear_and_a_refusal_that_does_stands() {
    let server = Server::start([truncated(201)]).await;
    let wire = wire();
    let result = post(&wire, &server.url("/")).await;
    assert_eq!(status_of(result), Err(FaultCode::UnknownOutcome));
    assert_unclear(&wire);

    let server = Server::start([truncated(422)]).await;
    let wire = self::wire();
    let result = post(&wire, &server.url("/")).await;
    assert_eq!(status_of(result), Err(FaultCode::Unavailable));
    assert_eq!(end_of(&wire), End::Answered(422));
}

#[tokio::test]
async fn a_read_that_breaks_off_is_unavailable_and_writes_nothing() {
    for step in [truncated(200), Step::Reset] {
        let server = Server::start([step]).await;
        let wire = wire();
        let result = get(&wire, &server.url("/")).await;
        assert_eq!(status_of(result), Err(FaultCode::Unavailable));
        assert_eq!(wire.record().verdict(), WriteVerdict::NothingWritten);
        assert_eq!(server.seen().len(), wire.record().n_sent());
    }
}

#[tokio::test]
async fn after_an_unclear_write_only_reads_are_sent() {
    let server = Server::start([Step::Reset, ok()]).await;
    let wire = wire();
    for _ in 0..2 {
        let result = post(&wire, &server.url("/")).await;
        assert_eq!(status_of(result), Err(FaultCode::UnknownOutcome));
    }
    assert_eq!(server.seen().len(), 1);
    assert_eq!(status_of(get(&wire, &server.url("/")).await), Ok(200));
}

#[tokio::test]
async fn a_write_that_still_connects_when_another_ends_unclear_is_not_sent() {
    let server = Server::start([Step::Reset]).await;
    let connect = Arc::new(Notify::new());
    let lookup = answering_after(&connect);
    let wire = wire_of(config(&["127.0.0.1:*", "crm.test:*"]), &lookup);
    let late = post_aside(&wire, &format!("http://crm.test:{}/", server.port));
    until(|| wire.record().requests.len() == 1).await;
    let unclear = post(&wire, &server.url("/")).await;
    assert_eq!(status_of(unclear), Err(FaultCode::UnknownOutcome));
    connect.notify_one();
    assert_eq!(late.await.unwrap(), Err(FaultCode::UnknownOutcome));
    server.closed(2).await;
    assert_eq!(server.seen().len(), 1);
    assert_eq!(wire.record().n_sent(), 1);
}

#[tokio::test]
async fn a_read_is_given_up_when_its_future_is_dropped() {
    let never = Step::SendAfter(Arc::new(Notify::new()), vec![]);
    let server = Server::start([never]).await;
    let wire = wire();
    let (same, url) = (wire.clone(), server.url("/"));
    let read = tokio::spawn(async move { status_of(get(&same, &url).await) });
    server.saw(1).await;
    assert_eq!(end_of(&wire), End::UnderWay);
    read.abort();
    until(|| end_of(&wire) != End::UnderWay).await;
}

#[tokio::test]
async fn an_idle_connection_that_its_server_closed_costs_no_write() {
    let closing = Step::SendAndClose(answer(200, "", b""));
    let server = Server::start([closing]).await;
    for n_closed in 1..50 {
        let wire = wire();
        assert_eq!(status_of(get(&wire, &server.url("/")).await), Ok(200));
        server.closed(2 * n_closed - 1).await;
        assert_eq!(status_of(post(&wire, &server.url("/")).await), Ok(200));
        server.closed(2 * n_closed).await;
    }
    assert_eq!(server.seen().len(), 98);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::start([ok()]).await;
    let wire = wire();
    for _ in 0..3 {
        post(&wire, &server.url("/")).await.unwrap();
    }
    assert_eq!((server.n_connections(), server.seen().len()), (1, 3));
}

/// A server that holds the answer of a write back, the wire, and the write.
async fn held_write() -> (
    Server,
    Arc<Notify>,
    Wire,
    tokio::task::JoinHandle<Result<u16, FaultCode>>,
) {
    let release = Arc::new(Notify::new());
    let step = Step::SendAfter(Arc::clone(&release), answer(201, "", b"{}"));
    let server = Server::start([step]).await;
    let wire = wire();
    let write = post_aside(&wire, &server.url("/"));
    server.saw(1).await;
    assert_eq!((wire.writes_under_way(), end_of(&wire)), (1, End::UnderWay));
    assert_eq!(wire.record().verdict(), WriteVerdict::Unclear);
    (server, release, wire, write)
}

async fn assert_runs_on(server: Server, release: Arc<Notify>, wire: Wire) {
    assert_eq!(wire.writes_under_way(), 1);
    release.notify_one();
    wire.writes_ended().await;
    assert_eq!(end_of(&wire), End::Answered(201));
    assert_eq!(wire.record().verdict(), WriteVerdict::Written);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_write_runs_on_when_its_future_is_dropped() {
    let (server, release, wire, write) = held_write().await;
    write.abort();
    assert!(write.await.unwrap_err().is_cancelled());
    assert_runs_on(server, release, wire).await;
}

#[tokio::test]
async fn a_write_runs_on_when_its_wire_is_revoked_and_its_caller_hears_closed() {
    let (server, release, wire, write) = held_write().await;
    wire.revoke();
    assert_eq!(write.await.unwrap(), Err(FaultCode::Closed));
    assert_runs_on(server, release, wire).await;
}

#[tokio::test]
async fn a_write_runs_on_when_its_call_expires_and_still_answers() {
    let (server, release, wire, write) = held_write().await;
    wire.expire();
    assert_runs_on(server, release, wire).await;
    assert_eq!(write.await.unwrap(), Ok(201));
}

#[tokio::test]
async fn a_write_that_expired_first_hears_closed_when_it_is_revoked() {
    let (server, release, wire, write) = held_write().await;
    wire.expire();
    wire.revoke();
    assert_eq!(write.await.unwrap(), Err(FaultCode::Closed));
    assert_runs_on(server, release, wire).await;
}

#[tokio::test]
async fn a_wire_that_ended_sends_nothing() {
    let server = Server::start([ok()]).await;
    let wire = wire();
    wire.expire();
    let result = get(&wire, &server.url("/")).await;
    assert_eq!(status_of(result), Err(FaultCode::Timeout));
    wire.revoke();
    wire.expire();
    for method in ["GET", "POST"] {
        let result = wire.send(head(method, &server.url("/")), vec![]).await;
        assert_eq!(status_of(result), Err(FaultCode::Closed));
    }
    assert_eq!(server.n_connections(), 0);
    assert!(wire.record().requests.is_empty());
    wire.writes_ended().await;
}

#[tokio::test]
async fn a_read_under_way_ends_when_its_wire_does() {
    for (end, code) in ENDINGS {
        let never = Step::SendAfter(Arc::new(Notify::new()), vec![]);
        let server = Server::start([never]).await;
        let wire = wire();
        let (same, url) = (wire.clone(), server.url("/"));
        let read = tokio::spawn(async move { status_of(get(&same, &url).await) });
        server.saw(1).await;
        end(&wire);
        assert_eq!(read.await.unwrap(), Err(code));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn once_a_wire_is_revoked_no_write_leaves() {
    let server = Server::start([ok()]).await;
    let mut n_sent = 0;
    for n_yields in 0..200 {
        let wire = wire();
        let write = post_aside(&wire, &server.url("/"));
        for _ in 0..n_yields {
            tokio::task::yield_now().await;
        }
        wire.revoke();
        let at_revoke = wire.record().n_sent();
        let _ = write.await.unwrap();
        wire.writes_ended().await;
        let record = wire.record();
        assert_eq!(record.n_sent(), at_revoke);
        let expected = [WriteVerdict::NothingWritten, WriteVerdict::Written][at_revoke];
        assert_eq!(record.verdict(), expected);
        n_sent += at_revoke;
        assert_eq!(server.seen().len(), n_sent);
    }
}

#[tokio::test]
async fn a_request_is_logged_once_without_query_header_or_body() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || sink.clone())
        .finish();
    // With one subscriber only, tracing asks the thread that comes to an event first, once for all; here that may be
    // another test's.
    let _second = tracing::Dispatch::new(NoSubscriber::new());
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start([ok()]).await;
    let head = head("POST", &server.url("/activities?key=s3cret"));
    let head = with_header(head, "authorization", "s3cret");
    wire().send(head, b"s3cret".to_vec()).await.unwrap();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<_> = log
        .lines()
        .filter(|it| it.contains("request ended"))
        .collect();
    let [line] = ours.try_into().unwrap();
    for part in [
        "acme",
        "POST",
        "/activities",
        "write",
        "answered 200",
        "duration_ms",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!log.contains("s3cret"), "{log}");
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_wire_is_used_from_a_runtime_without_network_or_clock() {
    let own = tokio::runtime::Runtime::new().unwrap();
    let (server, wire) = own.block_on(async { (Server::start([ok()]).await, wire()) });
    let bare = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let result = bare.block_on(post(&wire, &server.url("/")));
    assert_eq!(status_of(result), Ok(200));
}

#[test]
fn a_write_whose_runtime_ends_is_unclear_and_nobody_waits_for_ever() {
    let own = tokio::runtime::Runtime::new().unwrap();
    let (_server, _release, wire, _write) = own.block_on(held_write());
    own.shutdown_background();
    let bare = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    bare.block_on(wire.writes_ended());
    assert_unclear(&wire);
}
