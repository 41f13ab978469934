//! A database that goes away and comes back, at any moment.

use std::net::TcpListener;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::ledger::state::State;
use crate::ledger::{Claim, ClaimError};

/// Claims again and again until the ledger is there: no connection is tried for a while after a failure.
async fn claimed_at_last(ledger: &Ledger, session: &str) -> Claim {
    loop {
        match ledger.claim(&key(session), new_claim(session)).await {
            Ok(claim) => return claim,
            Err(ClaimError::Store(StoreError::Unavailable { .. })) => {
                tokio::task::yield_now().await
            }
            Err(error) => panic!("{}", chain(&error)),
        }
    }
}

/// Waits until somebody's statement waits for a lock in this database.
async fn wait_for_a_lock(database: &Database) {
    let sql = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while database
        .client
        .query_one(sql, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        == 0
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_ledger_is_opened_while_its_database_is_away_and_works_once_it_is_back() {
    let Some(server) = Server::start().unwrap() else {
        return;
    };
    let database = Database::on(&server).await;
    server.stop().unwrap();
    let ledger = database.open();
    let away = ledger.read(&key("s")).await.unwrap_err();
    let port = server.port();
    let text = format!(
        "ledger {} cannot be used now; see whether the database runs, this host reaches it, and the URL is \
         right: error connecting to server: Connection refused (os error 111)",
        database.place
    );
    assert_eq!(chain(&away), text);
    assert!(text.contains(&format!("postgres://127.0.0.1:{port}/test_0")));
    server.start_again().unwrap();
    let claim = claimed_at_last(&ledger, "s").await;
    assert_eq!(claim, Claim::Claimed(Token::FIRST));

    for (number, end) in [(1, Server::stop as fn(&Server) -> _), (2, Server::crash)] {
        end(&server).unwrap();
        let away = ledger.fence(&key("s"), Token::FIRST).await.unwrap_err();
        assert!(
            chain(&away).contains("cannot be used now"),
            "{}",
            chain(&away)
        );
        server.start_again().unwrap();
        let session = number.to_string();
        let claim = claimed_at_last(&ledger, &session).await;
        assert_eq!(claim, Claim::Claimed(Token::FIRST));
        // What was answered before is still there.
        assert!(matches!(state(&ledger, "s").await, State::Claimed { .. }));
    }
    ledger.fence(&key("s"), Token::FIRST).await.unwrap();
}

#[tokio::test]
async fn a_claim_whose_connection_is_cut_before_it_is_carried_out_claims_nothing() {
    let Some(database) = Database::new().await else {
        return;
    };
    let ledger = database.open();
    claimed(&ledger, "other").await;
    database.sql("BEGIN; LOCK TABLE switchboard.calls").await;
    let claim = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.claim(&key("s"), new_claim("s")).await }
    });
    wait_for_a_lock(&database).await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    database.sql(cut).await;
    let cut = claim.await.unwrap().unwrap_err();
    assert!(
        matches!(&cut, ClaimError::Store(StoreError::Unavailable { .. })),
        "{cut:?}"
    );
    assert!(chain(&cut).contains("(SQLSTATE 57P01)"), "{}", chain(&cut));
    database.sql("COMMIT").await;
    assert_eq!(ledger.read(&key("s")).await.unwrap(), None);
    assert_eq!(claimed(&ledger, "s").await, Token::FIRST);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_after_a_few_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("postgres://me@127.0.0.1:{port}/calls");
    let ledger = Ledger::postgres(&url.parse().unwrap()).unwrap();
    let silent = ledger.read(&key("s")).await.unwrap_err();
    assert!(
        matches!(silent, StoreError::Unavailable { .. }),
        "{silent:?}"
    );
    assert!(
        chain(&silent).ends_with("it took longer than 5 s"),
        "{}",
        chain(&silent)
    );
    // Those that follow are told at once, and the same.
    let again = ledger.read(&key("s")).await.unwrap_err();
    assert_eq!(chain(&again), chain(&silent));
}

/// Forwards one connection after the other; each is cut when the database answers a message that holds `until`.
async fn cutting_proxy(server_port: u16, until: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = tokio::net::TcpStream::connect(("127.0.0.1", server_port));
            let server = server.await.unwrap();
            tokio::spawn(forward(client, server, until));
        }
    });
    port
}

async fn forward(
    mut client: tokio::net::TcpStream,
    mut server: tokio::net::TcpStream,
    until: &[u8],
) {
    let (mut asked, mut answer) = ([0; 8192], [0; 8192]);
    let mut is_last = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                is_last |= asked[..length].windows(until.len()).any(|it| it == until);
                server.write_all(&asked[..length]).await.unwrap();
            }
            read = server.read(&mut answer) => {
                let Ok(length @ 1..) = read else { return };
                if is_last {
                    return;
                }
                client.write_all(&answer[..length]).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_is_an_error_and_free_again_after_its_lease() {
    let Some(database) = Database::new().await else {
        return;
    };
    let direct = database.open();
    // Not the statement itself, which is prepared first: only the value.
    let port = cutting_proxy(database.place.port(), b"call-lost").await;
    let url = format!(
        "postgres://{}:{}@127.0.0.1:{port}/{}?sslmode=disable",
        database.place.user(),
        database.place.password().unwrap(),
        database.place.database(),
    );
    let ledger = database.open_at(&url.parse().unwrap(), 0);
    claimed(&ledger, "kept").await;
    let lost = ledger
        .claim(&key("lost"), new_claim("lost"))
        .await
        .unwrap_err();
    assert!(
        matches!(&lost, ClaimError::Store(StoreError::Unavailable { .. })),
        "{lost:?}"
    );
    // Nobody may send anything: nobody knows of the claim that the database has made.
    let claim = direct.claim(&key("lost"), new_claim("lost")).await.unwrap();
    assert!(matches!(claim, Claim::Duplicate(_)), "{claim:?}");
    database
        .wait(i64::try_from(LEASE.as_millis()).unwrap())
        .await;
    assert_eq!(claimed(&direct, "lost").await.number(), 2);
    // The ledger goes on with another connection.
    assert_eq!(claimed(&ledger, "next").await, Token::FIRST);
}
