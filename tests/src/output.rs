//! What a program that has ended left behind.

use anyhow::{Context, Result};
use serde_json::Value;

/// The output of a program and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// All of its stdout; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// All of its stderr, likewise.
    pub stderr: String,
    /// Its exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
}

impl Output {
    /// Returns stdout as the one JSON value that it has to be.
    ///
    /// # Errors
    ///
    /// It is something else; the message shows all output.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("stdout is not JSON: {self:#?}"))
    }

    /// Searches stdout and stderr for texts that must not be there, as they are and as JSON writes them.
    ///
    /// # Panics
    ///
    /// One is there. The message says which and where, and repeats neither.
    pub fn assert_no_secrets<S: AsRef<str>>(&self, secrets: &[S]) {
        for (secret_idx, secret) in secrets.iter().enumerate() {
            let secret = secret.as_ref();
            assert!(
                !secret.is_empty(),
                "guarded text {secret_idx} is empty: it would be everywhere"
            );
            let quoted = Value::from(secret).to_string();
            let in_json = &quoted[1..quoted.len() - 1];
            for (stream, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
                let found = text.find(secret).or_else(|| text.find(in_json));
                if let Some(start) = found {
                    let line = text[..start].matches('\n').count() + 1;
                    panic!("guarded text {secret_idx} stands in line {line} of {stream}");
                }
            }
        }
    }
}
