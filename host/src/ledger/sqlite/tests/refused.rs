//! Places where a ledger cannot be, and what stays out of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::*;
use crate::egress::{Effect, End, SentRequest};

const TASK: &str = "SWITCHBOARD_TEST_OPEN";

/// Nobody's number on every system; root may write to anything.
const NOBODY: u32 = 65534;

/// Runs as a child without any rights: says why it cannot open a ledger.
#[test]
fn child() {
    let Some(path) = std::env::var_os(TASK) else {
        return;
    };
    match Ledger::sqlite(Path::new(&path)) {
        Ok(_) => println!("\nopened"),
        Err(error) => println!("\nrefused {}", chain(&error)),
    }
}

/// Opens a ledger as somebody who owns nothing.
fn opened_by_nobody(place: &Place, path: &Path) -> String {
    // Nobody may not enter the folder that this program lies in.
    let program = place.folder.path().join("program");
    if !program.exists() {
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(program);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command
        .args([
            "--exact",
            "--nocapture",
            "ledger::sqlite::tests::refused::child",
        ])
        .current_dir("/")
        .env(TASK, path)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said
        .lines()
        .find(|line| line.starts_with("refused") || *line == "opened");
    line.unwrap_or_else(|| panic!("{said}")).to_owned()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_ledger_that_may_not_be_written_is_refused() {
    let place = Place::new();
    set_mode(place.folder.path(), 0o755);
    let path = place.make(|_| {});
    let at = path.display();
    let read_only = format!(
        "refused ledger {at} is read-only; let this user write the file and its folder: \
         attempt to write a readonly database (SQLite error 1544)"
    );
    let closed = format!(
        "refused cannot open ledger {at}; this user needs to read and write the file and its folder: \
         unable to open database file: {at} (SQLite error 14)"
    );
    for (mode, expected) in [(0o444, read_only), (0o000, closed)] {
        set_mode(&path, mode);
        assert_eq!(opened_by_nobody(&place, &path), expected, "{mode:o}");
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_refused() {
    let place = Place::new();
    set_mode(place.folder.path(), 0o755);
    let folder = place.folder.path().join("closed");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o555);
    let path = folder.join("ledger.sqlite");
    let expected = format!(
        "refused cannot open ledger {}; this user needs to read and write the file and its folder: \
         Permission denied (os error 13)",
        path.display()
    );
    let refused = opened_by_nobody(&place, &path);
    // The name of the file that was to be moved there follows.
    assert!(refused.starts_with(&expected), "{refused}");
    let inner = folder.join("inner");
    let expected = format!(
        "refused cannot use folder {} for the ledger; let --ledger name a file in a folder that this user may \
         write to: Permission denied (os error 13)",
        inner.display()
    );
    let refused = opened_by_nobody(&place, &inner.join("ledger.sqlite"));
    assert_eq!(refused, expected);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[tokio::test]
async fn what_a_network_or_a_crm_said_stays_out_of_the_file() {
    let place = Place::new();
    let ledger = place.open();
    let sent = [
        End::NotSent("planted-1".to_owned()),
        End::Unclear("planted-2".to_owned()),
        End::Answered(503),
        End::UnderWay,
    ];
    let sent = sent.map(|end| SentRequest {
        method: "POST".to_owned(),
        host: "acme.example".to_owned(),
        path: "/visible".to_owned(),
        effect: Effect::Write,
        end,
    });
    let token = claimed(&ledger, "s").await;
    let settlement = Settlement {
        sent: sent.iter().map(Sent::from).collect(),
        ..settlement(AttemptEnd::Unknown)
    };
    ledger.settle(&key("s"), token, settlement).await.unwrap();
    let kept = ledger.attempts(&key("s")).await.unwrap().remove(0).sent;
    let ends: Vec<_> = kept.iter().map(|it| (it.end, it.status)).collect();
    assert_eq!(
        ends,
        [
            (SentEnd::NotSent, None),
            (SentEnd::Unclear, None),
            (SentEnd::Answered, Some(503)),
            (SentEnd::UnderWay, None),
        ]
    );
    let mut bytes = Vec::new();
    for file in fs::read_dir(place.folder.path()).unwrap() {
        bytes.extend(fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(holds("/visible"));
    assert!(!holds("planted"));
}
