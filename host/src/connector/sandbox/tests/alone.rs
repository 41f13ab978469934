//! Runs the body of a test in a process of its own.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::connector::sandbox::exit_at_once;

const VARIABLE: &str = "SWITCHBOARD_TEST_ALONE";

/// How a body ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
    /// What the body returned, or wrote to stderr before.
    pub(super) said: String,
}

/// Runs `body` in this test program, started again for the one test of this name in this folder, which has to call
/// this function first and with nothing before it. Returns only in the first of the two.
pub(super) fn alone(test: &str, body: fn() -> String) -> Ended {
    if std::env::var_os(VARIABLE).is_some_and(|name| name == *test) {
        let said = body();
        let _ = std::io::stderr().write_all(said.as_bytes());
        exit_at_once(0);
    }
    let path = format!("connector::sandbox::tests::{test}");
    let output = Command::new(std::env::current_exe().unwrap())
        // Without threads of the test harness.
        .args([&path, "--exact", "--nocapture", "--test-threads=1"])
        .env_clear()
        .env(VARIABLE, test)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ended {
        code: output.status.code(),
        signal: output.status.signal(),
        said: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A body that came to its end.
pub(super) fn said(text: &str) -> Ended {
    Ended {
        code: Some(0),
        signal: None,
        said: text.to_owned(),
    }
}
