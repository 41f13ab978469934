use super::*;
use crate::ledger::LedgerPlace;

fn parsed(text: &str) -> PostgresPlace {
    text.parse().unwrap()
}

#[test]
fn every_part_of_a_url_is_read() {
    let place = parsed("postgres://me%40home:s%3A3%3Fcret@db.example:6543/my%20calls");
    assert_eq!(place.host(), "db.example");
    assert_eq!(place.port(), 6543);
    assert_eq!(place.database(), "my calls");
    assert_eq!(place.user(), "me@home");
    assert_eq!(place.password(), Some("s:3?cret"));
    let place = parsed("postgresql://me@[::1]/calls");
    assert_eq!((place.host().as_str(), place.port()), ("::1", 5432));
    assert_eq!(place.password(), None);
    assert_eq!(place.to_string(), "postgres://[::1]:5432/calls");
}

#[test]
fn a_server_elsewhere_has_to_prove_its_name_unless_it_is_said_otherwise() {
    let pem = || Some(PathBuf::from("/etc/ca.pem"));
    let cases = [
        ("db.example/c", Encryption::VerifyFull(None)),
        ("10.0.0.1/c", Encryption::VerifyFull(None)),
        ("localhost/c", Encryption::Prefer),
        ("127.0.0.2/c", Encryption::Prefer),
        ("[::1]/c", Encryption::Prefer),
        (
            "localhost/c?sslrootcert=/etc/ca.pem",
            Encryption::VerifyFull(pem()),
        ),
        (
            "db.example/c?sslmode=verify-full&sslrootcert=%2Fetc/ca.pem",
            Encryption::VerifyFull(pem()),
        ),
        ("db.example/c?sslmode=require", Encryption::Require),
        ("db.example/c?sslmode=prefer", Encryption::Prefer),
        ("db.example/c?sslmode=disable", Encryption::Disable),
    ];
    for (rest, expected) in cases {
        let place = parsed(&format!("postgres://me@{rest}"));
        assert_eq!(place.encryption(), &expected, "{rest}");
    }
}

#[test]
fn what_cannot_work_is_refused_without_quoting_it() {
    let cases = [
        ("postgres:", "one host"),
        ("postgres://s3cret@/c", "no URL"),
        ("postgres://db.example/s3cret", "no user"),
        ("postgres://me:s3cret@db.example", "no database"),
        ("postgres://me:s3cret@db.example/", "no database"),
        ("postgres://me:s3cret@db.example/a/b", "no database"),
        ("postgres://me:s3cret@a.example,b.example:1/c", "one host"),
        ("postgres://me:%ff@db.example/c", "no UTF-8"),
        ("postgres://me:5432?s3cret@db.example/c", "no user"),
        (
            "postgres://me@db.example/c?password=s3cret",
            "option is unknown",
        ),
        ("postgres://me@db.example/c?s3cret", "option is unknown"),
        (
            "postgres://me@db.example/c?sslmode=verify-ca",
            "sslmode is one of",
        ),
        (
            "postgres://me@db.example/c?sslmode=require&sslrootcert=f",
            "needs sslmode=verify-full",
        ),
        (
            "postgres://me@db.example/c?sslmode=require&sslmode=disable",
            "twice",
        ),
    ];
    for (text, expected) in cases {
        let refused = text.parse::<LedgerPlace>().unwrap_err().to_string();
        assert!(refused.contains(expected), "{text}: {refused}");
        assert!(!refused.contains("s3cret"), "{refused}");
    }
}

#[test]
fn neither_user_nor_password_is_shown() {
    let place = LedgerPlace::Postgres(parsed("postgres://name:s3cret@db.example/calls"));
    assert_eq!(place.to_string(), "postgres://db.example:5432/calls");
    let debug = format!("{place:#?}");
    assert!(
        !debug.contains("s3cret") && !debug.contains("name"),
        "{debug}"
    );
}
