//! `switchboard log` with a ledger, and `switchboard ledger` over what other programs have left.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

mod kept;
mod logging;
mod looking;
mod missing;
mod pruning;
mod reconciling;
mod resolving;
