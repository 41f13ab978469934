//! Connectors that attack their host, in workers: every deed is refused or survived, while another CRM works under load.
//!
//! What a deed comes to is read from the outcome of its call. Where a deed does no harm, a control shows that it is not
//! refused to a connector in the host's own process: the deed is a real one, and the sandbox is what denies it.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

mod asking;
mod denied;
mod dying;
mod floods;
mod load;
mod missing;
mod opening;
mod proof;
mod recovery;
mod secrets;
mod siege;
mod stopping;
mod stuck;
mod surroundings;
mod wire;
