//! The program as a person or a script meets it: arguments, settings, outputs, exit codes, signals, log.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

mod compose;
mod endings;
mod inputs;
mod inspect;
mod interrupted;
mod list;
mod log_lines;
mod retries;
mod settings;

/// No further arguments.
const NONE: [&str; 0] = [];
