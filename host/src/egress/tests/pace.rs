//! Requests wait for their turn, and what cannot wait is not sent.

use super::{
    server::{Server, Step, answer, ok, status},
    *,
};

/// Two calls of one CRM whose requests have such a rate.
fn wires(rate: Option<RequestRate>) -> [Wire; 2] {
    let mut config = config(&["127.0.0.1:*", "localhost:*"]);
    config.rate = rate;
    let egress = Egress::with_lookup(config, Handle::current(), &system_lookup()).unwrap();
    [0, 1].map(|_| egress.begin(terms(Instant::now() + CALL_TIME, Writes::Send)))
}

fn slow() -> Option<RequestRate> {
    RequestRate::per_second(0.01, Some(1))
}

fn busy(seconds: &str) -> Step {
    let header = format!("retry-after: {seconds}\r\n");
    Step::Send(answer(429, &header, b"busy"))
}

#[track_caller]
fn assert_refused(result: Result<(ResponseHead, Vec<u8>), Fault>, wait: u64) {
    let fault = result.unwrap_err();
    assert_eq!(fault.code(), FaultCode::RateLimited, "{fault}");
    let left = Duration::from_secs(wait) - fault.retry_after().unwrap();
    assert!(left < CALL_TIME / 6, "{left:?}");
}

#[tokio::test]
async fn calls_share_the_rate_of_a_host_and_what_cannot_wait_is_not_sent() {
    let (server, other) = (Server::start([ok()]).await, Server::start([ok()]).await);
    for method in ["GET", "POST"] {
        let [first, second] = wires(slow());
        let send = async |wire: &Wire, server: &Server| {
            wire.send(head(method, &server.url("/")), b"{}".to_vec())
                .await
        };
        assert_eq!(status_of(send(&first, &server).await), Ok(200));
        let n_seen = server.seen().len();
        assert_refused(send(&second, &server).await, 100);
        assert_not_sent(&second);
        assert_eq!(server.seen().len(), n_seen, "{method}");
        assert_eq!(status_of(send(&first, &other).await), Ok(200));
    }
}

#[tokio::test]
async fn requests_wait_for_their_turn() {
    let server = Server::start([ok()]).await;
    let [first, second] = wires(RequestRate::per_second(10.0, Some(1)));
    let began = Instant::now();
    for wire in [&first, &second, &first] {
        assert_eq!(status_of(post(wire, &server.url("/")).await), Ok(200));
    }
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_pause_that_one_call_is_asked_for_holds_for_all_and_for_that_host() {
    let other = Server::start([ok()]).await;
    for method in ["GET", "POST"] {
        let server = Server::start([busy("600"), ok()]).await;
        let [first, second] = wires(None);
        let answer = first.send(head(method, &server.url("/")), vec![]).await;
        assert_eq!(status_of(answer), Ok(429));
        for wire in [&first, &second] {
            assert_refused(get(wire, &server.url("/")).await, 600);
            assert_refused(post(wire, &server.url("/")).await, 600);
        }
        assert_not_sent(&second);
        assert_eq!(server.seen().len(), 1);
        assert_eq!(status_of(post(&second, &other.url("/")).await), Ok(200));
    }
}

#[tokio::test]
async fn a_short_pause_is_waited_for_by_reads_and_writes() {
    let server = Server::start([busy("1"), ok()]).await;
    let [first, second] = wires(None);
    let began = Instant::now();
    assert_eq!(status_of(post(&first, &server.url("/")).await), Ok(429));
    for result in [
        get(&first, &server.url("/")).await,
        post(&second, &server.url("/")).await,
    ] {
        assert_eq!(status_of(result), Ok(200));
    }
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_answer_without_a_time_pauses_nothing() {
    let server = Server::start([status(429), status(503), ok()]).await;
    let [first, second] = wires(None);
    for (wire, code) in [(&first, 429), (&first, 503), (&second, 200)] {
        assert_eq!(status_of(post(wire, &server.url("/")).await), Ok(code));
    }
}

#[tokio::test]
async fn a_request_that_waits_for_its_turn_is_given_up_with_its_call() {
    for (end, code) in ENDINGS {
        let server = Server::start([ok()]).await;
        let [first, second] = wires(RequestRate::per_second(0.05, Some(1)));
        assert_eq!(status_of(post(&first, &server.url("/")).await), Ok(200));
        let waiting = post_aside(&second, &server.url("/"));
        until(|| !second.record().requests.is_empty()).await;
        end(&second);
        assert_eq!(waiting.await.unwrap(), Err(code));
        assert_not_sent(&second);
        assert_eq!(server.seen().len(), 1);
    }
}
