//! A connector that runs in this process, which the operator trusts.
//!
//! Its own fence turns its panics into faults; here they are counted: after one, calls under way finish on the instance
//! that they began with, and calls to come get a fresh one. A connector that panics three times in a minute is given
//! up.
//!
//! Threading: a connector's futures are polled on threads of its own, each call in a task of its own, while everything
//! that keeps time or speaks to the network runs elsewhere. So a connector that blocks holds up no deadline, no write
//! and no other connector. Opening runs on a thread of its own. A watchdog reports every thread that is held for more than
//! a second; when two are still held long after their calls were given up, the connector is left alone.

mod holds;
mod instance;
mod opening;
mod panics;
mod threads;
mod watchdog;
mod watched;

pub(super) use instance::{Connector, Instance, Running};
pub(crate) use watchdog::Watchdog;
