//! Connectors with one fault each, through the real program and through the library: none of them ends the host, each
//! is named with what was found, what was expected and what to do, and no other CRM notices.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

mod answers;
mod blocking;
mod embedded;
mod opening;
mod panics;
mod refused;
