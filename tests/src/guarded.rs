//! Texts that a program must leave nowhere.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Output;

/// Texts that stand in no output of a program and not in its ledger.
pub(crate) struct Guarded {
    secrets: Vec<String>,
    ledger: PathBuf,
}

impl Guarded {
    pub(crate) fn new(secrets: Vec<String>, ledger: PathBuf) -> Self {
        Self { secrets, ledger }
    }

    /// Searches what a program has left.
    ///
    /// # Panics
    ///
    /// A text is there. The message says which and where, and repeats it not.
    pub(crate) fn assert_nowhere(&self, output: &Output) {
        output.assert_no_secrets(&self.secrets);
        for file in ledger_files(&self.ledger) {
            let kept = content(&file);
            let kept = String::from_utf8_lossy(&kept);
            for (secret_idx, secret) in self.secrets.iter().enumerate() {
                assert!(
                    !kept.contains(secret),
                    "guarded text {secret_idx} stands in {}",
                    file.display()
                );
            }
        }
    }
}

/// Reads a file, if it is there, in a process of its own: closing it here would drop the locks that this process has on
/// it, as POSIX wants it, and SQLite would take a ledger that is open here for one that nobody has open.
fn content(file: &Path) -> Vec<u8> {
    // Most programs keep none.
    if !file.exists() {
        return Vec::new();
    }
    let mut cat = Command::new("cat");
    let output = cat.arg(file).stdin(Stdio::null()).output();
    output.expect("a system has cat").stdout
}

/// Returns the files of which a ledger consists, there or not.
pub(crate) fn ledger_files(ledger: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| {
        let mut file = ledger.as_os_str().to_owned();
        file.push(suffix);
        file.into()
    })
}
