//! Files that are not what they were.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};

use super::*;
use crate::ledger::OpenError;

/// Makes a ledger with some calls and no log beside it.
fn written(place: &Place) -> PathBuf {
    place.make(|ledger| {
        for session in 0..200 {
            let session = session.to_string();
            let claim = ledger.claim(&key(&session), &new_claim(&session));
            assert!(claim.unwrap().is_ok());
        }
    })
}

fn refusal(path: &Path) -> String {
    chain(&Ledger::sqlite(path).unwrap_err())
}

#[tokio::test]
async fn a_file_that_was_cut_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let path = written(&place);
    let whole = fs::read(&path).unwrap();
    let at = path.display();
    let damaged = format!(
        "ledger {at} is damaged; stop what uses it, keep the file, and restore a copy: database disk image is malformed (SQLite error 11)"
    );
    for (length, expected) in [
        (
            0,
            format!(
                "{at} is not a ledger: it is an empty file; let --ledger name another file, or restore the ledger from a copy"
            ),
        ),
        (
            10,
            format!(
                "{at} is not a ledger: it is a file of another kind; let --ledger name another file, or restore the ledger from a copy"
            ),
        ),
        (4096, damaged.clone()),
        (whole.len() - 4096, damaged.clone()),
    ] {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(refusal(&path), expected, "{length} bytes");
        assert_eq!(fs::read(&path).unwrap(), &whole[..length]);
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(
        place
            .open()
            .read(&key("199"))
            .await
            .unwrap()
            .unwrap()
            .number,
        200
    );
}

/// Power fails: the end of the log is not on the disk, or is noise.
#[test]
fn a_log_that_was_cut_or_spoilt_anywhere_gives_some_earlier_moment() {
    const N_CALLS: u64 = 10;
    let place = Place::new();
    let connection = open::open(&place.path()).unwrap();
    let ledger = Operations {
        connection: &connection,
        now: place.now(),
    };
    for call in 0..N_CALLS {
        let session = call.to_string();
        let transaction = connection.unchecked_transaction().unwrap();
        assert!(
            ledger
                .claim(&key(&session), &new_claim(&session))
                .unwrap()
                .is_ok()
        );
        transaction.commit().unwrap();
    }
    let file = fs::read(place.path()).unwrap();
    let log = fs::read(place.folder.path().join("ledger.sqlite-wal")).unwrap();
    let mut latest = 0;
    // Neither a divisor nor a multiple of a page: every part of a frame is hit.
    for length in (0..log.len()).step_by(3001).chain([log.len()]) {
        let mut spoilt = log.clone();
        if let Some(byte) = spoilt.get_mut(length) {
            *byte ^= 0x10;
        }
        let of_cut = calls_of(&file, &log[..length]);
        assert_eq!(calls_of(&file, &spoilt), of_cut, "{length} bytes");
        assert!(of_cut >= latest, "{length} bytes");
        latest = of_cut;
    }
    assert_eq!(latest, N_CALLS);
}

/// Returns how many calls a ledger of these files has, which must be the first ones.
fn calls_of(file: &[u8], log: &[u8]) -> u64 {
    let place = Place::new();
    fs::write(place.path(), file).unwrap();
    fs::write(place.folder.path().join("ledger.sqlite-wal"), log).unwrap();
    let connection = open::open(&place.path()).unwrap();
    let filter = crate::ledger::Filter {
        state: None,
        crm: None,
        since: None,
        after: 0,
        limit: 100,
    };
    let calls = rows::list(&connection, &filter).unwrap();
    for (index, call) in calls.iter().enumerate() {
        assert_eq!(call.session, index.to_string());
        let attempts = rows::attempts(&connection, &call.key.to_string()).unwrap();
        assert_eq!(attempts.len(), 1);
    }
    calls.len() as u64
}

#[tokio::test]
async fn pages_that_were_overwritten_are_told_when_they_are_read() {
    let place = Place::new();
    let path = written(&place);
    let mut file = OpenOptions::new().write(true).open(&path).unwrap();
    let length = file.metadata().unwrap().len();
    // All but the first page, which has the header and the schema.
    file.seek(SeekFrom::Start(4096)).unwrap();
    let noise: Vec<u8> = (0..length - 4096)
        .map(|index| (index % 251) as u8)
        .collect();
    file.write_all(&noise).unwrap();
    let ledger = place.open();
    let damaged = ledger.read(&key("3")).await.unwrap_err();
    assert!(matches!(damaged, StoreError::Damaged { .. }), "{damaged:?}");
    let damaged = ledger.claim(&key("3"), new_claim("3")).await.unwrap_err();
    assert!(damaged.to_string().contains("is damaged"), "{damaged}");
}

#[tokio::test]
async fn a_row_that_no_ledger_writes_is_damage() {
    let place = Place::new();
    let path = written(&place);
    let connection = open::connect(&path).unwrap();
    connection
        .execute("UPDATE calls SET key = 'no key' WHERE number = 4", [])
        .unwrap();
    let filter = crate::ledger::Filter {
        state: None,
        crm: None,
        since: None,
        after: 3,
        limit: 1,
    };
    let damaged = place.open().list(filter).await.unwrap_err();
    assert!(matches!(damaged, StoreError::Damaged { .. }), "{damaged:?}");
    assert!(
        chain(&damaged).contains("\"no key\" is no key of a call"),
        "{}",
        chain(&damaged)
    );
}

#[test]
fn what_is_no_ledger_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let path = place.path();
    fs::write(&path, "a letter to somebody").unwrap();
    assert!(refusal(&path).contains("is not a ledger: it is a file of another kind"));
    assert_eq!(fs::read(&path).unwrap(), b"a letter to somebody");
    fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TABLE letters (text TEXT)")
        .unwrap();
    assert!(refusal(&path).contains("is not a ledger: it is another program's database"));
    let refused = refusal(place.folder.path());
    assert!(
        refused.contains("is not a ledger: it is a folder or a device"),
        "{refused}"
    );
}

#[test]
fn a_ledger_of_a_newer_program_is_refused_with_both_versions() {
    let place = Place::new();
    let path = place.make(|_| {});
    let connection = open::connect(&path).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    let newer = Ledger::sqlite(&path).unwrap_err();
    assert!(
        matches!(
            newer,
            OpenError::Newer {
                found: 7,
                known: 1,
                ..
            }
        ),
        "{newer:?}"
    );
    let text = format!(
        "ledger {} has version 7, this program knows up to 1; use the newer program that has written it",
        path.display()
    );
    assert_eq!(newer.to_string(), text);
}
