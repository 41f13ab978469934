//! A call whose first write is kept instead of sent.

use super::{
    server::{Server, ok},
    *,
};

/// Opens the wire of a dry run.
fn capturing() -> Wire {
    let config = config(&["127.0.0.1:*"]);
    let egress = Egress::with_lookup(config, Handle::current(), &system_lookup()).unwrap();
    let deadline = Instant::now() + CALL_TIME;
    egress.begin(terms(deadline, Writes::Capture))
}

fn captured(wire: &Wire) -> Option<(String, Vec<u8>)> {
    let request = wire.captured()?;
    Some((format!("{request:?}"), request.body.to_vec()))
}

#[tokio::test]
async fn the_first_write_is_kept_unanswered_and_nothing_follows_it() {
    let server = Server::start([ok()]).await;
    let wire = capturing();
    let search = as_read(head("POST", &server.url("/search")));
    assert_eq!(status_of(wire.send(search, vec![]).await), Ok(200));
    assert_eq!(captured(&wire), None);
    let write = post_aside(&wire, &server.url("/activities?a=1"));
    wire.has_captured().await;
    for method in ["GET", "POST"] {
        let result = wire.send(head(method, &server.url("/")), vec![]).await;
        assert_eq!(status_of(result), Err(FaultCode::Closed), "{method}");
    }
    assert!(!write.is_finished());
    wire.revoke();
    assert_eq!(write.await.unwrap(), Err(FaultCode::Closed));
    let name = format!("POST 127.0.0.1:{}/activities", server.port);
    assert_eq!(captured(&wire), Some((name, b"{\"note\":1}".to_vec())));
    let record = wire.record();
    assert_eq!(record.requests.len(), 2);
    assert!(matches!(record.requests[1].end, End::NotSent(_)));
    assert_eq!((server.seen().len(), record.n_sent()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writes_at_once_one_is_kept_and_none_sent() {
    let server = Server::start([ok()]).await;
    let wire = capturing();
    let writes: Vec<_> = (0..50)
        .map(|_| post_aside(&wire, &server.url("/")))
        .collect();
    wire.has_captured().await;
    wire.revoke();
    for write in writes {
        assert_eq!(write.await.unwrap(), Err(FaultCode::Closed));
    }
    assert_eq!((wire.record().n_sent(), server.n_connections()), (0, 0));
}

#[tokio::test]
async fn a_write_that_may_not_be_sent_is_not_kept() {
    let wire = capturing();
    let result = post(&wire, "https://other.test/").await;
    assert_eq!(status_of(result), Err(FaultCode::ForbiddenHost));
    wire.expire();
    let result = post(&wire, "http://127.0.0.1:1/").await;
    assert_eq!(status_of(result), Err(FaultCode::Timeout));
    assert_eq!(captured(&wire), None);
}

#[tokio::test]
async fn a_call_that_may_only_read_sends_no_write() {
    let server = Server::start([ok()]).await;
    let config = config(&["127.0.0.1:*"]);
    let egress = Egress::with_lookup(config, Handle::current(), &system_lookup()).unwrap();
    let wire = egress.begin(terms(Instant::now() + CALL_TIME, Writes::Refuse));
    let write = wire.send(head("POST", &server.url("/x")), b"{}".to_vec());
    let fault = write.await.unwrap_err();
    assert_eq!(fault.code(), FaultCode::Internal);
    assert!(fault.message().contains("may only read"), "{fault}");
    let search = as_read(head("POST", &server.url("/search")));
    assert_eq!(status_of(wire.send(search, b"{}".to_vec()).await), Ok(200));
    assert_eq!(server.seen().len(), 1);
    assert_eq!(wire.record().verdict(), WriteVerdict::NothingWritten);
}
