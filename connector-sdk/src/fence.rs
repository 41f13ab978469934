//! The panic fence: no panic of a connector reaches the boundary.
//!
//! A panic that does ends the host: `abi_stable` exits and `async-ffi` aborts. Only the connector's side can catch
//! it, so every entry goes through here: opening, making a future, each poll, every drop. The drop of a panic's
//! payload may panic, too.
//!
//! No fence catches a panic during a panic, one in a destructor of a thread local, or a stack overflow.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

use abi_stable::std_types::{RErr, RResult};
use switchboard_abi::RawFault;

use crate::fault::Fault;

thread_local! {
    /// Where the last panic of this thread started.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Has panics note where they happen instead of printing what they say: the text may hold a secret.
///
/// A library has a standard library of its own, so this touches the hook of this library and not the host's. The hook
/// holds nothing of any instance.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info
                .location()
                .map(|at| format!("{}:{}", at.file(), at.line()));
            // A thread that is ending has lost the cell; the fault then names no place.
            let _ = PLACE.try_with(|last| last.replace(place));
        }));
    });
}

/// Runs connector code; a panic becomes a fault that names its place, never its text.
pub(crate) fn fenced<T>(code: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_fresh(code).unwrap_or_else(|payload| Err(panicked(payload)))
}

/// Drops a connector's value; a panic in it ends here.
pub(crate) fn fenced_drop<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        discard(payload);
    }
}

/// Runs code without the place of an earlier panic, one that the connector caught itself for instance: a payload that
/// is thrown again passes no hook and would be given that place.
fn catch_fresh<T>(code: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let _ = PLACE.try_with(RefCell::take);
    catch_unwind(AssertUnwindSafe(code))
}

fn panicked(payload: Box<dyn Any + Send>) -> Fault {
    let place = PLACE.try_with(RefCell::take).ok().flatten();
    discard(payload);
    match place {
        Some(place) => Fault::panicked(format!("the connector panicked at {place}")),
        None => Fault::panicked("the connector panicked"),
    }
}

/// Drops a panic's payload. If that panics as well, the second payload is leaked: dropping it could go on for ever.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(second);
    }
}

/// A future of a connector behind the fence, ready for the boundary: nothing may stand around it that could panic.
pub(crate) struct Fenced<F>(Option<Pin<Box<F>>>);

impl<F> Fenced<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<F, T> Future for Fenced<F>
where
    F: Future<Output = Result<T, Fault>>,
{
    type Output = RResult<T, RawFault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = self.0.as_mut() else {
            let fault = Fault::internal("a call was polled after its end");
            return Poll::Ready(RErr(fault.into()));
        };
        let polled = catch_fresh(|| future.as_mut().poll(context));
        let ended = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => output,
            Err(payload) => Err(panicked(payload)),
        };
        // What the future still holds goes now, while a panic in it can be caught.
        fenced_drop(self.0.take());
        Poll::Ready(ended.map_err(RawFault::from).into())
    }
}

impl<F> Drop for Fenced<F> {
    fn drop(&mut self) {
        fenced_drop(self.0.take());
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::FaultCode;

    /// Installs the hook and has it print as well: a test that fails by a panic must say why.
    pub(crate) fn install_printing_hook() {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            install_hook();
            let noting = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                noting(info);
                eprintln!("{info}");
            }));
        });
    }

    struct PanicsOnDrop;

    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }

    #[test]
    fn a_panic_becomes_a_fault_that_names_its_place_and_not_its_text() {
        install_printing_hook();
        let fault = fenced::<()>(|| panic!("token-4711")).unwrap_err();
        assert_eq!(fault.code(), FaultCode::Panicked);
        assert!(fault.message().contains("fence.rs:"), "{fault}");
        assert!(!fault.message().contains("4711"), "{fault}");
    }

    #[test]
    fn a_payload_that_is_thrown_again_is_not_given_an_earlier_place() {
        install_printing_hook();
        let caught = catch_unwind(|| panic!("caught by the connector itself")).unwrap_err();
        let fault = fenced::<()>(|| std::panic::resume_unwind(caught)).unwrap_err();
        assert_eq!(fault, Fault::panicked("the connector panicked"));
    }

    #[test]
    fn a_payload_whose_payloads_panic_for_ever_is_survived() {
        struct ForEver;
        impl Drop for ForEver {
            fn drop(&mut self) {
                std::panic::panic_any(ForEver);
            }
        }
        let fault = fenced::<()>(|| std::panic::panic_any(ForEver)).unwrap_err();
        assert_eq!(fault.code(), FaultCode::Panicked);
    }

    #[test]
    fn a_call_polled_after_its_end_yields_a_fault() {
        let mut future = Fenced::new(std::future::ready(Ok::<_, Fault>(1)));
        assert_eq!(pollster::block_on(&mut future).into_result().unwrap(), 1);
        let fault = pollster::block_on(&mut future).unwrap_err();
        assert_eq!(fault.code, FaultCode::Internal.number());
    }

    #[test]
    fn a_payload_whose_drop_panics_is_survived() {
        let fault = fenced::<()>(|| std::panic::panic_any(PanicsOnDrop)).unwrap_err();
        assert_eq!(fault.code(), FaultCode::Panicked);
    }

    #[test]
    fn a_future_that_panics_in_its_second_poll_yields_a_fault_and_can_be_dropped() {
        let held = PanicsOnDrop;
        let mut polls = 0;
        let future = Fenced::new(std::future::poll_fn(move |context| {
            let _ = &held;
            polls += 1;
            assert!(polls < 2, "second poll");
            context.waker().wake_by_ref();
            Poll::<Result<(), Fault>>::Pending
        }));
        let fault = pollster::block_on(future).unwrap_err();
        assert_eq!(fault.code, FaultCode::Panicked.number());
    }

    #[test]
    fn a_future_dropped_half_way_may_panic_in_drop() {
        let held = PanicsOnDrop;
        let future = Fenced::new(async move {
            let _held = held;
            std::future::pending::<Result<(), Fault>>().await
        });
        drop(future);
    }
}
