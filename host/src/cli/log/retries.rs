//! When a call that was not logged is tried again, and after which wait.
//!
//! Each try is a call of its own to the host, with a claim of its own. It follows only outcomes that say for certain
//! that nothing was written, or that somebody else is at it, so it is safe without a ledger, too.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use switchboard_host::{CallOutcome, FaultCode};

/// The longest wait before the second try. It doubles with each one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// It doubles no further than this.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The tries that are left.
#[derive(Debug)]
pub(super) struct Retries {
    n_left: u8,
    longest: Duration,
}

impl Retries {
    pub(super) fn new(n: u8) -> Self {
        Self {
            n_left: n,
            longest: FIRST_WAIT,
        }
    }

    /// Returns how many tries are left.
    pub(super) fn n_left(&self) -> u8 {
        self.n_left
    }

    /// Notes how a try ended and returns the wait before the next one, if there is to be one.
    pub(super) fn wait_after(&mut self, outcome: &CallOutcome) -> Option<Duration> {
        let error = outcome.error()?;
        if !may_pass(error.code) {
            return None;
        }
        self.n_left = self.n_left.checked_sub(1)?;
        let wait = random_part(self.longest);
        self.longest = (self.longest * 2).min(MAX_WAIT);
        // On top of what was asked for: others that were asked the same do not come back together.
        Some(error.retry_after.unwrap_or_default() + wait)
    }
}

/// Whether nothing was written and what stood in the way may pass by itself.
fn may_pass(code: FaultCode) -> bool {
    matches!(
        code,
        FaultCode::RateLimited
            | FaultCode::Unavailable
            | FaultCode::Timeout
            | FaultCode::Overloaded
            // Another request writes; the next try gets its outcome.
            | FaultCode::InProgress
            | FaultCode::Panicked
            | FaultCode::Crashed
    )
}

fn random_part(longest: Duration) -> Duration {
    // The seed of a hash map is random enough for this.
    let part = RandomState::new().hash_one(longest) >> 32;
    longest.mul_f64(part as f64 / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use switchboard_host::Fault;

    use super::*;

    fn wait_after(fault: &Fault) -> Option<Duration> {
        Retries::new(1).wait_after(&CallOutcome::not_logged("Acme", fault))
    }

    #[test]
    fn what_wrote_nothing_and_may_pass_is_tried_again_and_nothing_else() {
        use FaultCode::*;
        let passes = [
            RateLimited,
            Unavailable,
            Timeout,
            Overloaded,
            InProgress,
            Panicked,
            Crashed,
        ];
        for code in FaultCode::all() {
            let is_tried = wait_after(&Fault::new(code, "x")).is_some();
            assert_eq!(is_tried, passes.contains(&code), "{code:?}");
        }
    }

    #[test]
    fn waits_are_random_and_double_up_to_a_minute() {
        let fault = CallOutcome::not_logged("Acme", &Fault::unavailable("x"));
        let histories = (0..50).map(|_| {
            let mut retries = Retries::new(8);
            let waits: Vec<_> = (0..8)
                .map(|_| retries.wait_after(&fault).unwrap())
                .collect();
            assert_eq!(retries.wait_after(&fault), None);
            waits
        });
        let histories: Vec<_> = histories.collect();
        for (idx, seconds) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
            let longest = Duration::from_secs(seconds);
            let waits = histories.iter().map(|waits| waits[idx]);
            let (least, most) = (waits.clone().min().unwrap(), waits.max().unwrap());
            assert!(most <= longest && most > longest / 2, "{idx}: {most:?}");
            assert!(least < longest / 2, "{idx}: {least:?}");
        }
    }

    #[test]
    fn no_try_comes_before_its_time() {
        let asked = Duration::from_secs(100);
        let wait = wait_after(&Fault::rate_limited("x").with_retry_after(asked)).unwrap();
        assert!(asked <= wait && wait <= asked + FIRST_WAIT, "{wait:?}");
    }
}
