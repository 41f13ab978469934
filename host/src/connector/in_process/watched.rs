//! Something of a connector's: whenever its code runs, the watchdog knows.

use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::holds::Working;

/// Something that is watched while it is polled and while it is dropped.
pub(super) struct Watched<T> {
    // Dropped first: that runs the connector's code, and the work ends after it.
    inner: T,
    working: Working,
}

impl<T> Watched<T> {
    pub(super) fn new(inner: T, working: Working) -> Self {
        Self { inner, working }
    }
}

impl<T> Deref for Watched<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<F: Future + Unpin> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { inner, working } = &mut *self;
        let _held = working.hold();
        Pin::new(inner).poll(context)
    }
}

impl<T> Drop for Watched<T> {
    fn drop(&mut self) {
        self.working.enter();
    }
}
