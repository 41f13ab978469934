//! Requests that are committed together.

use std::sync::mpsc;

use super::*;
use crate::ledger::StoreError;
use crate::ledger::sqlite::writer::Writer;

/// A writer that is held inside a group, so that what is sent now is committed together.
struct Held {
    writer: Writer,
    place: Place,
    go: mpsc::Sender<()>,
}

impl Held {
    async fn new(prepare: impl FnOnce(&rusqlite::Connection)) -> Self {
        let place = Place::new();
        let connection = open::open(&place.path()).unwrap();
        prepare(&connection);
        let writer = Writer::start(place.path().as_path().into(), connection).unwrap();
        let (go, wait) = mpsc::channel();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let holder = writer.clone();
        tokio::spawn(async move {
            let held = holder.submit(move |_| {
                begin.send(()).unwrap();
                wait.recv().unwrap();
                Ok(())
            });
            held.await.unwrap();
        });
        begun.await.unwrap();
        Self { writer, place, go }
    }

    /// Sends all of these, then lets the group go on.
    async fn together<T>(&self, others: impl Future<Output = T>) -> T {
        let mut others = std::pin::pin!(others);
        let sent = futures_util::future::poll_immediate(&mut others).await;
        assert!(sent.is_none());
        self.go.send(()).unwrap();
        others.await
    }
}

fn insert(connection: &rusqlite::Connection, session: &str) -> rusqlite::Result<()> {
    let now = Timestamp::UNIX_EPOCH;
    let operations = Operations { connection, now };
    let claim = operations.claim(&key(session), &new_claim(session))?;
    assert!(claim.is_ok());
    Ok(())
}

#[tokio::test]
async fn a_request_that_fails_undoes_itself_and_no_neighbour() {
    let held = Held::new(|_| {}).await;
    let writer = &held.writer;
    let good = |session: &'static str| writer.submit(move |it| insert(it, session));
    let bad = writer.submit(|it| {
        insert(it, "bad")?;
        it.execute("INSERT INTO nowhere VALUES (1)", []).map(drop)
    });
    let results = async { tokio::join!(good("before"), bad, good("after")) };
    let (before, bad, after) = held.together(results).await;
    before.unwrap();
    after.unwrap();
    let bad = bad.unwrap_err();
    assert!(matches!(bad, StoreError::Other { .. }), "{bad}");
    let ledger = held.place.open();
    assert!(ledger.read(&key("before")).await.unwrap().is_some());
    assert_eq!(ledger.read(&key("bad")).await.unwrap(), None);
    assert!(ledger.read(&key("after")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_group_is_seen_by_others_once_it_is_committed() {
    let held = Held::new(|_| {}).await;
    let writer = &held.writer;
    let path = held.place.path();
    let seen = move |_: &rusqlite::Connection| {
        let other = rusqlite::Connection::open(path)?;
        other.query_row("SELECT count(*) FROM calls", [], |row| row.get::<_, i64>(0))
    };
    let inside = async {
        tokio::join!(
            writer.submit(|it| insert(it, "s")),
            writer.submit(seen.clone())
        )
    };
    let (inserted, n_inside) = held.together(inside).await;
    inserted.unwrap();
    assert_eq!(n_inside.unwrap(), 0);
    assert_eq!(writer.submit(seen).await.unwrap(), 1);
}

#[tokio::test]
async fn on_a_full_disk_exactly_those_are_kept_that_were_answered() {
    const FEW_PAGES: i64 = 30;
    const N_CALLS: usize = 100;
    let set_pages = |connection: &rusqlite::Connection, n_pages: i64| {
        connection.pragma_update(None, "max_page_count", n_pages)
    };
    let held = Held::new(|connection| set_pages(connection, FEW_PAGES).unwrap()).await;
    let writer = &held.writer;
    let session = |index| format!("{index}{}", "-".repeat(500));
    let claims = (0..N_CALLS).map(|index| writer.submit(move |it| insert(it, &session(index))));
    let claims = held.together(futures_util::future::join_all(claims)).await;
    let full = claims
        .iter()
        .find_map(|claim| claim.as_ref().err())
        .unwrap();
    assert!(matches!(full, StoreError::Full { .. }), "{full:?}");
    let text = format!(
        "no space is left for ledger {}; free some, nothing else is needed: \
         database or disk is full (SQLite error 13)",
        held.place.path().display()
    );
    assert_eq!(chain(full), text);
    let ledger = held.place.open();
    for (index, claim) in claims.iter().enumerate() {
        let row = ledger.read(&key(&session(index))).await.unwrap();
        assert_eq!(row.is_some(), claim.is_ok(), "{index}: {claim:?}");
    }
    // Space is found again; the thread goes on.
    writer.submit(move |it| set_pages(it, 1000)).await.unwrap();
    writer.submit(|it| insert(it, "next")).await.unwrap();
}

#[tokio::test]
async fn a_request_whose_sender_went_away_is_carried_out() {
    let held = Held::new(|_| {}).await;
    let forgotten = held.writer.submit(|it| insert(it, "forgotten"));
    {
        let mut forgotten = Box::pin(forgotten);
        let sent = futures_util::future::poll_immediate(&mut forgotten).await;
        assert!(sent.is_none());
    }
    let other = held.writer.submit(|it| insert(it, "other"));
    held.together(other).await.unwrap();
    let ledger = held.place.open();
    assert!(ledger.read(&key("forgotten")).await.unwrap().is_some());
}
