//! Who is asked before anything of a call leaves.

use std::future::Future;
use std::pin::Pin;

use switchboard_connector_sdk::Fault;

/// A permission in the making.
pub(crate) type Permission<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// Is asked before anything of a call leaves. A refusal is final for its request: nothing of it leaves.
///
/// Its futures may be dropped: a connector may give a request up.
pub(crate) trait Guard: Send + Sync {
    /// Lets a request leave whose turn has come. Every request asks, a write as well.
    fn before_request(&self) -> Permission<'_>;

    /// Lets a write leave.
    fn before_write(&self) -> Permission<'_>;
}

/// Lets everything leave.
#[derive(Debug)]
pub(crate) struct Unguarded;

impl Guard for Unguarded {
    fn before_request(&self) -> Permission<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn before_write(&self) -> Permission<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}
