//! `switchboard ledger`, run as a program over files that other programs have left.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

mod kept;
mod looking;
mod missing;
mod pruning;
mod resolving;
