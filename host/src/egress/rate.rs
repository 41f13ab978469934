//! How many requests may go in which time, as arithmetic on moments.
//!
//! A bucket of `burst` places that fill again one by one, in the form of the generic cell rate algorithm: all of it is
//! one moment, the one at which every place would be free. Unlike a limiter that only says yes or no, a turn is given
//! for a moment to come, in the order in which it was asked for; so whoever cannot wait that long learns it at once.
//! <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>

use std::{ops::RangeInclusive, time::Duration};

use tokio::time::Instant;

/// How many requests may go to one host of a CRM in the long run, and how many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRate {
    interval: Duration,
    burst: u32,
}

/// The turns of one host that were given out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turns {
    /// When the whole burst may go again.
    pub(super) all_free_at: Instant,
}

impl RequestRate {
    /// The requests per second that can be asked for.
    pub const RANGE: RangeInclusive<f64> = 0.001..=10_000.0;

    /// Makes a rate of so many requests per second. Without a `burst` as many go at once as in a second, at least one.
    ///
    /// Returns nothing for a rate outside of [`RequestRate::RANGE`] or a burst of 0.
    pub fn per_second(n_requests: f64, burst: Option<u32>) -> Option<Self> {
        if !Self::RANGE.contains(&n_requests) {
            return None;
        }
        // 10000 at most.
        let burst = burst.unwrap_or(n_requests.ceil() as u32);
        (burst > 0).then(|| Self {
            interval: Duration::from_secs_f64(n_requests.recip()),
            burst,
        })
    }

    /// Returns how much time lies between two requests in the long run.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Returns how many requests may go at once.
    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// How long before every place is free the next one is.
    fn lead(&self) -> Duration {
        self.interval * (self.burst - 1)
    }
}

impl Turns {
    /// Returns when the next request may go, from `now` on.
    pub(super) fn next(&self, rate: RequestRate, now: Instant) -> Instant {
        let next = self.all_free_at.checked_sub(rate.lead());
        next.map_or(now, |next| next.max(now))
    }

    /// Gives out the turn at this moment, which is no earlier than the next one.
    pub(super) fn take(&mut self, rate: RequestRate, at: Instant) {
        self.all_free_at = self.all_free_at.max(at) + rate.interval;
    }

    /// Lets nothing go before this moment, and from then on one request after the other.
    pub(super) fn hold_until(&mut self, rate: RequestRate, until: Instant) {
        self.all_free_at = self.all_free_at.max(until + rate.lead());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(n_requests: f64, burst: u32) -> RequestRate {
        RequestRate::per_second(n_requests, Some(burst)).unwrap()
    }

    /// Takes turns as they come, asked for after these milliseconds; returns them in milliseconds.
    fn turns(rate: RequestRate, asked_at: &[u64], start: Instant) -> Vec<u128> {
        let mut turns = Turns { all_free_at: start };
        let given = asked_at.iter().map(|&ms| {
            let at = turns.next(rate, start + Duration::from_millis(ms));
            turns.take(rate, at);
            at.duration_since(start).as_millis()
        });
        given.collect()
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let given = turns(
            rate(5.0, 3),
            &[0, 0, 0, 0, 0, 1000, 1000, 9000],
            Instant::now(),
        );
        assert_eq!(given, [0, 0, 0, 200, 400, 1000, 1000, 9000]);
    }

    #[test]
    fn a_burst_is_by_default_what_one_second_allows() {
        for (n_requests, burst) in [(0.001, 1), (1.0, 1), (2.5, 3), (10_000.0, 10_000)] {
            let rate = RequestRate::per_second(n_requests, None).unwrap();
            assert_eq!(rate.burst(), burst, "{n_requests}");
        }
        assert_eq!(rate(2.5, 1).interval(), Duration::from_millis(400));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for n_requests in [0.0, -1.0, 0.0009, 10_001.0, f64::NAN, f64::INFINITY] {
            assert_eq!(RequestRate::per_second(n_requests, None), None);
        }
        assert_eq!(RequestRate::per_second(1.0, Some(0)), None);
    }

    #[test]
    fn after_a_hold_requests_go_one_by_one() {
        let (start, rate) = (Instant::now(), rate(10.0, 5));
        let mut turns = Turns { all_free_at: start };
        turns.hold_until(rate, start + Duration::from_secs(1));
        let given = (0..3).map(|_| {
            let at = turns.next(rate, start);
            turns.take(rate, at);
            at.duration_since(start).as_millis()
        });
        assert_eq!(given.collect::<Vec<_>>(), [1000, 1100, 1200]);
    }

    #[test]
    fn the_slowest_rate_and_the_largest_burst_overflow_nothing() {
        let rate = rate(0.001, u32::MAX);
        let now = Instant::now();
        let mut turns = Turns { all_free_at: now };
        for _ in 0..3 {
            assert_eq!(turns.next(rate, now), now);
            turns.take(rate, now);
        }
        turns.hold_until(rate, now + Duration::from_secs(3600));
    }

    proptest! {
        #[test]
        fn no_span_of_time_holds_more_than_the_burst_and_the_rate(
            per_second in 1..100u32, burst in 1..20u32, gaps in prop::collection::vec(0..500u64, 1..80),
        ) {
            let mut now = 0;
            let asked_at: Vec<_> = gaps.iter().map(|gap| { now += gap; now }).collect();
            let given = turns(rate(per_second.into(), burst), &asked_at, Instant::now());
            for (first, from) in given.iter().enumerate() {
                prop_assert!(*from >= asked_at[first].into());
                for (n_later, to) in given[first..].iter().enumerate() {
                    // A millisecond for what the conversion cuts off.
                    let span = (to - from + 1) as f64 / 1000.0;
                    let allowed = f64::from(burst) + span * f64::from(per_second);
                    prop_assert!(n_later as f64 <= allowed, "{given:?}");
                }
            }
        }
    }
}
