//! One CRM's connector, as the pipeline calls it.
//!
//! The connector runs in this process. Its own fence turns its panics into faults; here they are counted: after one,
//! calls under way finish on the instance that they began with, and calls to come get a fresh one. A connector that
//! panics three times in a minute is given up.
//!
//! Threading: a connector's futures are polled on the host's runtime, each call in a task of its own, so that one that
//! blocks delays no other call's deadline. Opening runs on a thread of its own, since it may block.

mod instance;
mod opening;
mod panics;
mod services;

pub(crate) use instance::{Connector, Instance, Running};
pub(crate) use services::{CallLog, CallServices, LogSink};
