//! The end of a call's time, on a clock that goes on while the machine sleeps.

use std::time::Duration;

use tokio::time::Instant;

/// The end of a call's time.
///
/// A timer stands still while the machine is suspended, and a claim does not: a request that would leave after the
/// machine woke up, for a call that another host has taken over meanwhile, must not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    timer: Instant,
    clock: Duration,
}

impl Deadline {
    pub(super) fn at(timer: Instant) -> Self {
        let left = timer.saturating_duration_since(Instant::now());
        Self {
            timer,
            clock: since_boot().saturating_add(left),
        }
    }

    /// Returns it for timers.
    pub(super) fn timer(self) -> Instant {
        self.timer
    }

    pub(super) fn has_passed(self) -> bool {
        Instant::now() >= self.timer || since_boot() >= self.clock
    }
}

#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

/// Elsewhere the clock of the day tells how long the machine slept.
#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn time_that_the_machine_slept_counts() {
        let deadline = Deadline::at(Instant::now() + MINUTE);
        assert!(!deadline.has_passed());
        let slept = Deadline {
            clock: since_boot() - MINUTE,
            ..deadline
        };
        assert!(slept.has_passed());
        assert!(Deadline::at(Instant::now()).has_passed());
    }
}
