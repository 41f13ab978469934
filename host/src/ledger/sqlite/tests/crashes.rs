//! Programs that are killed, and disks that are full: what was answered stays.
//!
//! The test program runs itself again: a child is the same program, asked for one test, with its task in a variable.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use super::*;

const TASK: &str = "SWITCHBOARD_TEST_LEDGER";

/// How many callers a child has at a time.
const CALLERS: usize = 8;

/// Runs as a child: logs calls for ever, and says each step once it is answered.
#[test]
fn child() {
    let Some(path) = std::env::var_os(TASK) else {
        return;
    };
    let ledger = Ledger::sqlite(Path::new(&path)).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let failed = runtime.block_on(async {
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..CALLERS {
            callers.spawn(log_calls(ledger.clone(), caller));
        }
        callers.join_next().await.unwrap().unwrap()
    });
    println!("\nfailed {failed}");
}

/// Returns why it cannot go on.
async fn log_calls(ledger: Ledger, caller: usize) -> String {
    for call in 0.. {
        let session = format!("{}-{caller}-{call}", std::process::id());
        let key = key(&session);
        let token = match ledger.claim(&key, new_claim(&session)).await {
            Ok(Claim::Claimed(token)) => token,
            Ok(Claim::Duplicate(row)) => return format!("duplicate {row:?}"),
            Err(error) => return chain(&error),
        };
        println!("\nanswered {session} CLAIMED");
        if let Err(error) = ledger.fence(&key, token).await {
            return chain(&error);
        }
        println!("\nanswered {session} SENDING");
        if let Err(error) = ledger.settle(&key, token, done(&session)).await {
            return chain(&error);
        }
        println!("\nanswered {session} DONE");
    }
    String::new()
}

fn start(mut command: Command, place: &Place) -> Child {
    command
        .args([
            "--exact",
            "--nocapture",
            "ledger::sqlite::tests::crashes::child",
        ])
        .env(TASK, place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Checks that a ledger knows every step that was answered.
async fn check(ledger: &Ledger, said: &str) -> usize {
    // The last line may be cut.
    let answers = said
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let mut n_answers = 0;
    for line in answers {
        let Some(answer) = line.trim_end().strip_prefix("answered ") else {
            continue;
        };
        let (session, answered) = answer.split_once(' ').unwrap();
        let row = ledger.read(&key(session)).await.unwrap();
        let row = row.unwrap_or_else(|| panic!("{session} is lost"));
        let found = row.standing.state.name();
        let order = |name| StateName::ALL.iter().position(|it| *it == name).unwrap();
        let answered = answered.parse().unwrap();
        assert!(
            order(found) >= order(answered),
            "{session}: {answered} was answered, {found} is there"
        );
        n_answers += 1;
    }
    n_answers
}

#[tokio::test]
async fn what_was_answered_survives_a_kill_at_any_moment() {
    let place = Place::new();
    // Another program on the same file, which goes on meanwhile.
    let mut bystander = start(Command::new(std::env::current_exe().unwrap()), &place);
    let mut unharmed = bystander.stdout.take().unwrap();
    let unharmed = std::thread::spawn(move || {
        let mut said = String::new();
        unharmed.read_to_string(&mut said).unwrap();
        said
    });
    let mut said = String::new();
    for n_lines in [1, 20, 111, 400, 1000] {
        let program = Command::new(std::env::current_exe().unwrap());
        let mut child = start(program, &place);
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut n_answers = 0;
        while n_answers < n_lines {
            let mut line = String::new();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "{said}");
            n_answers += usize::from(line.starts_with("answered"));
            said.push_str(&line);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        lines.read_to_string(&mut said).unwrap();
        said.push('\n');
        assert!(!said.contains("failed"), "{said}");
        let ledger = place.open();
        assert!(check(&ledger, &said).await >= n_lines);
    }
    bystander.kill().unwrap();
    bystander.wait().unwrap();
    let unharmed = unharmed.join().unwrap();
    assert!(!unharmed.contains("failed"), "{unharmed}");
    assert!(check(&place.open(), &unharmed).await > 0);
}

/// The system ends a file at a size, as a full disk does.
#[tokio::test]
async fn a_disk_without_space_is_told_and_loses_nothing() {
    let place = Place::new();
    let mut limited = Command::new("sh");
    // In blocks of 512 bytes. Without the trap the signal ends the program.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\""]);
    limited.arg(std::env::current_exe().unwrap());
    let output = start(limited, &place).wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (_, failed) = said
        .split_once("failed ")
        .unwrap_or_else(|| panic!("{said}"));
    let at = place.path().display().to_string();
    let expected = format!(
        "cannot read or write ledger {at}; see whether its disk is full, over quota or failing: \
         disk I/O error (SQLite error 778)"
    );
    assert_eq!(failed.lines().next().unwrap(), expected);
    let ledger = place.open();
    assert!(check(&ledger, &said).await > 0, "{said}");
    claimed(&ledger, "after").await;
}
