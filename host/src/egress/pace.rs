//! When the next request may go to a tenant of a CRM.
//!
//! A tenant is a host, with its port where that is not the scheme's own. The operator's rate and the CRM's own
//! `Retry-After` hold for all calls of the CRM together. Whoever would have to wait longer than there is time learns it
//! at once, and nothing is sent.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use switchboard_connector_sdk::Fault;
use tokio::time::{Instant, sleep_until};

use super::rate::{RequestRate, Turns};

/// The longest pause that a CRM can ask for.
const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);

/// So many tenants are kept before those that are idle are looked for.
const MIN_SWEPT: usize = 1024;

/// Lets the requests of one CRM go in their turn.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Option<RequestRate>,
    tenants: Mutex<Tenants>,
}

#[derive(Debug)]
struct Tenants {
    by_host: HashMap<String, Tenant>,
    /// How many there are when idle ones are dropped next.
    n_swept: usize,
}

#[derive(Debug)]
struct Tenant {
    turns: Turns,
    paused_until: Instant,
}

impl Pace {
    pub(super) fn new(rate: Option<RequestRate>) -> Self {
        Self {
            rate,
            tenants: Mutex::new(Tenants {
                by_host: HashMap::new(),
                n_swept: MIN_SWEPT,
            }),
        }
    }

    /// Waits for the turn of one request to this host. Who goes away while waiting leaves the turn unused.
    ///
    /// # Errors
    ///
    /// `rate-limited`, at once and with the wait, if its turn comes after `limit`. A connector passes that code on as
    /// it is, while `overloaded` is for the host's own queue.
    pub(super) async fn turn(&self, host: &str, limit: Instant) -> Result<(), Fault> {
        loop {
            let turn = self.reserve(host, limit)?;
            if turn <= Instant::now() {
                // The timer would round up to its next tick, and most requests have nothing to wait for.
                return Ok(());
            }
            sleep_until(turn).await;
            // The CRM may have asked for a pause meanwhile; then the turn is void.
            if !self.is_paused(host) {
                return Ok(());
            }
        }
    }

    /// Lets no request go to this host for that time, or an hour if that is less.
    pub(super) fn pause(&self, host: &str, time: Duration) {
        if time.is_zero() {
            return;
        }
        let now = Instant::now();
        let until = now + time.min(MAX_PAUSE);
        let mut tenants = self.tenants();
        let tenant = tenants.get(host, now);
        tenant.paused_until = tenant.paused_until.max(until);
        if let Some(rate) = self.rate {
            tenant.turns.hold_until(rate, until);
        }
    }

    fn reserve(&self, host: &str, limit: Instant) -> Result<Instant, Fault> {
        let now = Instant::now();
        let mut tenants = self.tenants();
        if self.rate.is_none() && !tenants.by_host.contains_key(host) {
            return Ok(now);
        }
        let tenant = tenants.get(host, now);
        let by_rate = self.rate.map(|rate| tenant.turns.next(rate, now));
        let turn = tenant.paused_until.max(by_rate.unwrap_or(now));
        if turn > limit {
            return Err(tenant.refusal(host, now).with_retry_after(turn - now));
        }
        if let Some(rate) = self.rate {
            tenant.turns.take(rate, turn);
        }
        Ok(turn)
    }

    fn is_paused(&self, host: &str) -> bool {
        let tenants = self.tenants();
        let tenant = tenants.by_host.get(host);
        tenant.is_some_and(|it| it.paused_until > Instant::now())
    }

    fn tenants(&self) -> MutexGuard<'_, Tenants> {
        // Nothing panics while it holds the lock, and a map of whole entries would be sound if it did.
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tenants {
    /// Returns a tenant, a fresh one if it is not known or has been idle for long.
    fn get(&mut self, host: &str, now: Instant) -> &mut Tenant {
        if !self.by_host.contains_key(host) {
            self.sweep(now);
        }
        self.by_host
            .entry(host.to_owned())
            .or_insert_with(|| Tenant {
                turns: Turns { all_free_at: now },
                paused_until: now,
            })
    }

    /// Drops the tenants that are as good as new, once there are twice as many as were left the last time.
    fn sweep(&mut self, now: Instant) {
        if self.by_host.len() < self.n_swept {
            return;
        }
        self.by_host.retain(|_, tenant| !tenant.is_idle(now));
        self.n_swept = MIN_SWEPT.max(2 * self.by_host.len());
        self.by_host.shrink_to(self.n_swept);
    }
}

impl Tenant {
    fn is_idle(&self, now: Instant) -> bool {
        self.turns.all_free_at <= now && self.paused_until <= now
    }

    fn refusal(&self, host: &str, now: Instant) -> Fault {
        let left = self.paused_until.saturating_duration_since(now);
        Fault::rate_limited(if left.is_zero() {
            format!(
                "requests_per_second of the manifest leaves no place for a request to {host} in the time of this call"
            )
        } else {
            let seconds = left.as_secs() + 1;
            format!("{host} wants no requests for another {seconds} s")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use switchboard_connector_sdk::FaultCode;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn pace(n_requests: f64, burst: u32) -> Pace {
        Pace::new(RequestRate::per_second(n_requests, Some(burst)))
    }

    fn soon() -> Instant {
        Instant::now() + MINUTE
    }

    fn refused(pace: &Pace, host: &str, limit: Instant) -> Fault {
        pace.reserve(host, limit).unwrap_err()
    }

    fn n_tenants(pace: &Pace) -> usize {
        pace.tenants().by_host.len()
    }

    #[tokio::test]
    async fn requests_wait_for_the_rate_of_their_own_host() {
        let pace = pace(20.0, 2);
        let began = Instant::now();
        for _ in 0..4 {
            pace.turn("a", soon()).await.unwrap();
        }
        assert!(began.elapsed() >= Duration::from_millis(100));
        // Another host is not slower for it.
        let turn = pace.reserve("b", soon()).unwrap();
        assert!(turn <= Instant::now());
    }

    #[test]
    fn a_turn_after_the_limit_is_refused_at_once_and_costs_no_turn() {
        let pace = pace(0.1, 1);
        let limit = soon() + Duration::from_secs(5);
        for _ in 0..7 {
            pace.reserve("a", limit).unwrap();
        }
        for _ in 0..3 {
            let fault = refused(&pace, "a", limit);
            assert_eq!(fault.code(), FaultCode::RateLimited);
            assert!(fault.message().contains("requests_per_second"), "{fault}");
            let wait = fault.retry_after().unwrap();
            assert!(MINUTE < wait && wait <= Duration::from_secs(70), "{wait:?}");
        }
    }

    #[test]
    fn a_pause_holds_with_and_without_a_rate_for_its_host_only() {
        for pace in [pace(100.0, 10), Pace::new(None)] {
            pace.pause("a", Duration::from_secs(90));
            pace.pause("a", Duration::from_secs(5));
            let fault = refused(&pace, "a", soon());
            assert_eq!(fault.code(), FaultCode::RateLimited);
            assert!(fault.message().contains("another 90 s"), "{fault}");
            let wait = fault.retry_after().unwrap();
            assert!(wait > Duration::from_secs(85) && wait <= Duration::from_secs(90));
            let turn = pace.reserve("b", soon()).unwrap();
            assert!(turn <= Instant::now());
        }
    }

    #[test]
    fn no_pause_is_longer_than_an_hour() {
        let pace = Pace::new(None);
        pace.pause("a", Duration::MAX);
        let wait = refused(&pace, "a", soon()).retry_after().unwrap();
        assert!(wait <= MAX_PAUSE, "{wait:?}");
    }

    #[tokio::test]
    async fn a_pause_that_comes_while_a_request_waits_holds_for_it_too() {
        let pace = Arc::new(pace(10.0, 1));
        let began = Instant::now();
        pace.turn("a", soon()).await.unwrap();
        let waiting = tokio::spawn({
            let pace = Arc::clone(&pace);
            async move { pace.turn("a", soon()).await }
        });
        let reserved = || pace.tenants().by_host["a"].turns.all_free_at;
        let first = reserved();
        while reserved() == first {
            tokio::task::yield_now().await;
        }
        pace.pause("a", Duration::from_millis(300));
        waiting.await.unwrap().unwrap();
        assert!(began.elapsed() >= Duration::from_millis(300));
    }

    #[test]
    fn idle_tenants_are_forgotten_and_busy_ones_kept() {
        let pace = pace(10_000.0, 1);
        pace.pause("paused", MINUTE);
        for n in 0..10 * MIN_SWEPT {
            pace.reserve(&n.to_string(), soon()).unwrap();
        }
        assert!(n_tenants(&pace) <= 2 * MIN_SWEPT, "{}", n_tenants(&pace));
        refused(&pace, "paused", Instant::now());
        let without = Pace::new(None);
        without.reserve("a", soon()).unwrap();
        without.pause("a", Duration::ZERO);
        assert_eq!(n_tenants(&without), 0);
    }
}
