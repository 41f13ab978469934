//! The thread of a host that notices when a connector keeps one.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::holds::Holds;

/// How often it looks.
const PERIOD: Duration = Duration::from_millis(250);

/// What began so many looks ago has lasted for more than a second.
pub(super) const TOO_LONG: u64 = 5;

/// Watches the connectors of one host, until the last of them is gone. Clones are the same.
#[derive(Clone)]
pub(crate) struct Watchdog {
    connectors: Sender<Weak<Holds>>,
    clock: Clock,
}

/// A watchdog's time: the number of its looks.
///
/// Reading it costs less than a clock, and on a machine that is too busy to run the watchdog no connector is to blame.
#[derive(Clone)]
pub(super) struct Clock(Arc<AtomicU64>);

impl Watchdog {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system has none.
    pub(crate) fn start() -> io::Result<Self> {
        let (watchdog, connectors) = Self::new();
        let clock = watchdog.clock.clone();
        let thread = thread::Builder::new().name("watchdog".to_owned());
        thread.spawn(move || watch(&connectors, &clock))?;
        Ok(watchdog)
    }

    /// Makes one that does not look yet.
    pub(super) fn new() -> (Self, Receiver<Weak<Holds>>) {
        let (sender, connectors) = mpsc::channel();
        let watchdog = Self {
            connectors: sender,
            // 0 is no time.
            clock: Clock(Arc::new(AtomicU64::new(1))),
        };
        (watchdog, connectors)
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn watch(&self, holds: &Arc<Holds>) {
        // The thread ends after the last sender.
        let _ = self.connectors.send(Arc::downgrade(holds));
    }
}

impl Clock {
    pub(super) fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Lets time go on, and returns it.
    pub(super) fn advance(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

fn watch(connectors: &Receiver<Weak<Holds>>, clock: &Clock) {
    let mut watched = Vec::<Weak<Holds>>::new();
    loop {
        match connectors.recv_timeout(PERIOD) {
            Ok(connector) => watched.push(connector),
            Err(RecvTimeoutError::Timeout) => {
                let now = clock.advance();
                watched.retain(|holds| holds.upgrade().inspect(|holds| holds.look(now)).is_some());
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_ends_with_the_last_connector() {
        let (watchdog, connectors) = Watchdog::new();
        let clock = watchdog.clock.clone();
        let thread = thread::spawn(move || watch(&connectors, &clock));
        let [first, second] = ["a", "b"].map(|crm| Holds::new(crm, "connector", &watchdog));
        drop(watchdog);
        drop(first);
        assert!(!thread.is_finished());
        drop(second);
        thread.join().unwrap();
    }
}
