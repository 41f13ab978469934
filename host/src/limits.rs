//! How many calls of one CRM run and wait at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use switchboard_connector_sdk::Fault;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// How many calls may wait for each one that may run.
const QUEUE_FACTOR: usize = 4;

/// Lets so many calls run, four times as many wait, and turns the rest away.
#[derive(Debug)]
pub(crate) struct Gate {
    running: Arc<Semaphore>,
    n_waiting: AtomicUsize,
    max_waiting: usize,
}

/// A call's right to run; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _running: OwnedSemaphorePermit,
}

impl Gate {
    pub(crate) fn new(max_in_flight: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(max_in_flight)),
            n_waiting: AtomicUsize::new(0),
            max_waiting: max_in_flight.saturating_mul(QUEUE_FACTOR),
        }
    }

    /// Waits for a place, at most until the call's deadline.
    ///
    /// # Errors
    ///
    /// `overloaded` if the queue is full or no place came free in time. Nothing was sent.
    pub(crate) async fn enter(&self, deadline: Instant) -> Result<Permit, Fault> {
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(Permit { _running: permit });
        }
        let _place = Place::take(self)?;
        let permit = timeout_at(deadline, Arc::clone(&self.running).acquire_owned()).await;
        match permit {
            Ok(Ok(permit)) => Ok(Permit { _running: permit }),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Fault::overloaded(
                "the call waited for its turn until its time was over",
            )),
        }
    }
}

/// A place in the queue, left when it is dropped: a caller may go away while it waits.
struct Place<'g>(&'g Gate);

impl<'g> Place<'g> {
    fn take(gate: &'g Gate) -> Result<Self, Fault> {
        // The place counts from here on, so that it is given back also where it was one too many.
        let place = Place(gate);
        let n_before = gate.n_waiting.fetch_add(1, Ordering::Relaxed);
        if n_before < gate.max_waiting {
            return Ok(place);
        }
        Err(Fault::overloaded(format!(
            "{n_before} calls wait for this CRM already"
        )))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.n_waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use switchboard_connector_sdk::FaultCode;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    #[tokio::test]
    async fn one_runs_four_wait_and_the_sixth_is_turned_away() {
        let gate = Arc::new(Gate::new(1));
        let running = gate.enter(soon()).await.unwrap();
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move { gate.enter(soon()).await.map(drop) })
            })
            .collect();
        while gate.n_waiting.load(Ordering::Relaxed) < 4 {
            tokio::task::yield_now().await;
        }
        let fault = gate.enter(soon()).await.unwrap_err();
        assert_eq!(fault.code(), FaultCode::Overloaded);
        drop(running);
        for call in waiting {
            call.await.unwrap().unwrap();
        }
        assert_eq!(gate.n_waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_call_that_waits_past_its_deadline_is_turned_away() {
        let gate = Gate::new(1);
        let _running = gate.enter(soon()).await.unwrap();
        let fault = gate.enter(Instant::now()).await.unwrap_err();
        assert_eq!(fault.code(), FaultCode::Overloaded);
    }
}
