//! What a session and the tables have to be like.

use super::*;
use crate::ledger::state::Found;
use crate::ledger::{CallKey, OpenError, ResolveError};

async fn shown(ledger: &Ledger, setting: &str) -> String {
    let Store::Postgres(postgres) = &ledger.store else {
        unreachable!()
    };
    let client = postgres.shared.connections.connect();
    let client = client.await.unwrap();
    let sql = format!("SELECT current_setting('{setting}')");
    client.query_one(&sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_answer_follows_the_disk_whatever_the_database_says() {
    let Some(database) = Database::new().await else {
        return;
    };
    for (setting, expected) in [
        ("off", "on"),
        ("local", "on"),
        ("remote_write", "on"),
        ("remote_apply", "remote_apply"),
    ] {
        let name = database.place.database();
        let sql = format!("ALTER DATABASE {name} SET synchronous_commit = {setting}");
        database.sql(&sql).await;
        let ledger = database.open();
        let found = shown(&ledger, "synchronous_commit").await;
        assert_eq!(found, expected, "{setting}");
    }
}

#[tokio::test]
async fn hosts_that_find_no_tables_make_them_once() {
    let Some(database) = Database::new().await else {
        return;
    };
    let mut hosts = tokio::task::JoinSet::new();
    for number in 0..8 {
        let ledger = database.open();
        hosts.spawn(async move { claimed(&ledger, &number.to_string()).await });
    }
    assert_eq!(hosts.join_all().await, [Token::FIRST; 8]);
    let sql = "SELECT number FROM switchboard.version";
    let version: i32 = database.client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(version, 1);
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused_with_both_versions() {
    let Some(database) = Database::new().await else {
        return;
    };
    claimed(&database.open(), "s").await;
    database
        .sql("UPDATE switchboard.version SET number = 7")
        .await;
    let refused = database.open().read(&key("s")).await.unwrap_err();
    let text = format!(
        "the database refuses ledger {}; correct the URL, the rights of its user or the database's settings: \
         its tables have version 7, this program knows up to 1; use the newer program that has made them",
        database.place
    );
    assert_eq!(chain(&refused), text);
}

#[tokio::test]
async fn a_row_that_no_ledger_writes_is_damage() {
    let Some(database) = Database::new().await else {
        return;
    };
    let ledger = database.open();
    claimed(&ledger, "s").await;
    database
        .sql("UPDATE switchboard.calls SET key = 'no key'")
        .await;
    let key: CallKey = "a/b/c".parse().unwrap();
    assert_eq!(ledger.read(&key).await.unwrap(), None);
    let all = crate::ledger::Filter {
        state: None,
        crm: None,
        since: None,
        after: 0,
        limit: 1,
    };
    let damaged = ledger.list(all).await.unwrap_err();
    assert!(
        matches!(damaged, StoreError::Unreadable { .. }),
        "{damaged:?}"
    );
    let text = chain(&damaged);
    assert!(
        text.contains("column key cannot be read: \"no key\" is no key"),
        "{text}"
    );
}

#[tokio::test]
async fn who_may_make_no_tables_can_use_those_that_are_there() {
    let Some(database) = Database::new().await else {
        return;
    };
    let (port, name) = (database.place.port(), database.place.database());
    database
        .sql(&format!("CREATE ROLE of_{name} LOGIN PASSWORD 'other'"))
        .await;
    let url = format!("postgres://of_{name}:other@127.0.0.1:{port}/{name}?sslmode=disable");
    database
        .sql(&format!("GRANT SELECT ON test_clock TO of_{name}"))
        .await;
    let refused = database
        .open_at(&url.parse().unwrap(), 0)
        .read(&key("s"))
        .await;
    let refused = chain(&refused.unwrap_err());
    assert!(refused.contains("the database refuses ledger"), "{refused}");
    assert!(refused.contains("(SQLSTATE 42501)"), "{refused}");

    claimed(&database.open(), "of-the-owner").await;
    let grants = format!(
        "GRANT USAGE ON SCHEMA switchboard TO of_{name};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA switchboard TO of_{name}"
    );
    database.sql(&grants).await;
    let ledger = database.open_at(&url.parse().unwrap(), 0);
    let token = claimed(&ledger, "s").await;
    ledger.fence(&key("s"), token).await.unwrap();
    ledger
        .settle(&key("s"), token, done("entry"))
        .await
        .unwrap();
    assert_eq!(ledger.expire().await.unwrap(), []);
    assert_eq!(ledger.prune(Timestamp::MAX).await.unwrap(), 1);
}

#[tokio::test]
async fn a_moment_is_the_databases() {
    let Some(database) = Database::new().await else {
        return;
    };
    let ledger = Ledger::postgres(&database.place).unwrap();
    let second = std::time::Duration::from_secs(1);
    let before = Timestamp::now() - second;
    claimed(&ledger, "s").await;
    let row = ledger.read(&key("s")).await.unwrap().unwrap();
    // The same machine's, here.
    let after = Timestamp::now() + second;
    assert!(before < row.claimed_at && row.claimed_at < after, "{row:?}");
}

/// A host's clock may be wrong by any time: only how long ago a search began counts.
#[tokio::test]
async fn a_search_that_began_in_the_quarantine_is_too_early_by_any_hosts_clock() {
    const HOUR: i64 = 3_600_000;
    let Some(database) = Database::new().await else {
        return;
    };
    let quarantine_ms = i64::try_from(QUARANTINE.as_millis()).unwrap();
    let moment = |ms| Timestamp::from_millisecond(ms).unwrap();
    for (session, ahead_ms) in [("ahead", HOUR), ("behind", -HOUR)] {
        let ledger = database.open_at(&database.place, ahead_ms);
        let token = in_doubt(&ledger, session).await;
        let end_ms = database.now_ms.load(Ordering::SeqCst) + quarantine_ms;
        // It takes a second, and is reported after the quarantine.
        database.wait(quarantine_ms + 999).await;
        let report = async |begun_ms| {
            let begun = moment(begun_ms + ahead_ms);
            ledger
                .looked_up(&key(session), token, Found::None, begun, QUARANTINE)
                .await
        };
        let early = report(end_ms - 1).await.unwrap_err();
        assert!(
            matches!(early, ResolveError::Quarantined { until, .. } if until == moment(end_ms)),
            "{early}"
        );
        report(end_ms).await.unwrap();
    }
}

#[tokio::test]
async fn the_password_is_shown_nowhere() {
    let Some(database) = Database::new().await else {
        return;
    };
    let password = database.place.password().unwrap();
    let (port, name) = (database.place.port(), database.place.database());
    let url = |user: &str, password: &str, name: &str| {
        let url = format!("postgres://{user}:{password}@127.0.0.1:{port}/{name}?sslmode=disable");
        database.open_at(&url.parse().unwrap(), 0)
    };
    let cases = [
        (url("nobody", password, name), "SQLSTATE 28P01"),
        (url("switchboard", "s3cret", name), "SQLSTATE 28P01"),
        (url("switchboard", password, "none"), "SQLSTATE 3D000"),
    ];
    for (ledger, expected) in cases {
        let refused = ledger.read(&key("s")).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");
        let shown = format!("{}\n{refused:#?}\n{ledger:#?}", chain(&refused));
        assert!(shown.contains(expected), "{shown}");
        for secret in [password, "s3cret"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
    let place = database.place.to_string();
    let debug = format!("{:?}", database.open());
    assert_eq!(debug, format!("Ledger {{ place: {place}, .. }}"));
}

#[tokio::test]
async fn an_unusable_certificate_file_is_told_when_the_ledger_is_opened() {
    let url = "postgres://me:s3cret@db.example/calls?sslrootcert=/nowhere/ca.pem";
    let refused = Ledger::postgres(&url.parse().unwrap()).unwrap_err();
    assert!(matches!(refused, OpenError::Trust { .. }), "{refused:?}");
    let text = chain(&refused);
    let expected = "cannot verify the server of ledger postgres://db.example:5432/calls; \
        correct the file, or sslmode in the URL: cannot read the CA file /nowhere/ca.pem";
    assert!(text.starts_with(expected), "{text}");
    assert!(!format!("{text}{refused:?}").contains("s3cret"));
}
