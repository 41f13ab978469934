//! When a read is tried again, and after which wait.
//!
//! A read changes nothing, so a second one harms nobody; a write never comes here. What passes by itself is worth
//! another try: no connection, one that broke, 502, 503, 504, and a CRM that asks to come back in a few seconds. A read
//! that is only slow is not: a second one would make the CRM slower. The connector gets the last answer or fault.
//!
//! A `POST` that the manifest declares a read may still use something up, a refresh token for instance. It is tried
//! again only where nothing of it was taken: it never left, or the CRM asks to come back.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use reqwest::Method;
use tokio::time::Instant;

use super::exchange::{Answer, Failure};

/// How often a read is sent, redirects not counted.
const MAX_TRIES: u32 = 3;

/// The longest wait before the second try. It doubles with each one.
const FIRST_WAIT: Duration = Duration::from_millis(300);

/// A CRM that asks for more gets no second try: somebody waits for this call.
const MAX_ASKED_WAIT: Duration = Duration::from_secs(5);

/// The tries of one read, whatever it is redirected to.
#[derive(Debug)]
pub(super) struct Tries {
    n_made: u32,
    /// When the read ends, all tries together.
    limit: Instant,
}

impl Tries {
    pub(super) fn until(limit: Instant) -> Self {
        Self { n_made: 0, limit }
    }

    pub(super) fn limit(&self) -> Instant {
        self.limit
    }

    /// Notes how a try ended and returns the wait before the next one, if there is one.
    pub(super) fn wait_after(
        &mut self,
        method: &Method,
        end: &Result<Answer, Failure>,
    ) -> Option<Duration> {
        let is_safe = method.is_safe();
        let wait = match end {
            Ok(answer) => match (answer.asked_wait(), answer.status.as_u16()) {
                (Some(wait), _) if wait <= MAX_ASKED_WAIT => wait,
                (None, 502..=504) if is_safe => self.backoff(),
                _ => return None,
            },
            Err(Failure::Unreached(_)) => self.backoff(),
            Err(Failure::BrokenOff(_)) if is_safe => self.backoff(),
            Err(Failure::BrokenOff(_) | Failure::Lasting(_)) => return None,
        };
        self.n_made += 1;
        let left = self.limit.saturating_duration_since(Instant::now());
        (self.n_made < MAX_TRIES && wait < left).then_some(wait)
    }

    /// Returns a random part of the longest wait: callers that failed together do not come back together.
    fn backoff(&self) -> Duration {
        let longest = FIRST_WAIT * 2_u32.pow(self.n_made);
        // The seed of a hash map is random enough for this.
        let part = RandomState::new().hash_one(self.n_made) >> 32;
        longest.mul_f64(part as f64 / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use reqwest::{
        StatusCode,
        header::{HeaderMap, RETRY_AFTER},
    };
    use switchboard_connector_sdk::Fault;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn answered(status: u16, retry_after: Option<&'static str>) -> Result<Answer, Failure> {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().unwrap());
        }
        Ok(Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: Vec::new(),
        })
    }

    fn lost() -> Result<Answer, Failure> {
        Err(Failure::BrokenOff(Fault::unavailable("reset")))
    }

    fn tries() -> Tries {
        Tries::until(Instant::now() + MINUTE)
    }

    #[test]
    fn what_passes_by_itself_is_tried_again_and_nothing_else() {
        for status in 200..600 {
            let again = tries()
                .wait_after(&Method::GET, &answered(status, None))
                .is_some();
            assert_eq!(again, matches!(status, 502..=504), "{status}");
        }
        assert!(tries().wait_after(&Method::GET, &lost()).is_some());
        let lasting = Err(Failure::Lasting(Fault::unavailable("too large")));
        assert_eq!(tries().wait_after(&Method::GET, &lasting), None);
    }

    #[test]
    fn a_short_wait_that_the_crm_asks_for_is_kept_and_a_long_one_not_waited_for() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let table = [
            (429, "0", seconds(0)),
            (429, "5", seconds(5)),
            (429, "6", None),
            (503, "2", seconds(2)),
            (503, "3600", None),
            (429, "Sun, 06 Nov 1994 08:49:37 GMT", seconds(0)),
            (429, "Sun, 06 Nov 2994 08:49:37 GMT", None),
            (500, "1", None),
        ];
        for (status, asked, wait) in table {
            let end = answered(status, Some(asked));
            assert_eq!(
                tries().wait_after(&Method::GET, &end),
                wait,
                "{status} {asked}"
            );
        }
        assert_eq!(
            tries().wait_after(&Method::GET, &answered(429, Some("soon"))),
            None
        );
    }

    #[test]
    fn a_read_is_sent_three_times_and_waits_longer_before_the_last() {
        let longest = |n_made| {
            let waits = (0..200).map(|_| {
                let mut tries = Tries { n_made, ..tries() };
                tries.wait_after(&Method::GET, &lost()).unwrap()
            });
            let (shortest, longest) = (waits.clone().min(), waits.max());
            assert!(shortest < longest, "without jitter: {longest:?}");
            longest.unwrap()
        };
        assert!(longest(0) <= FIRST_WAIT && longest(1) <= 2 * FIRST_WAIT);
        assert!(longest(1) > FIRST_WAIT, "{:?}", longest(1));
        let mut third = Tries {
            n_made: 2,
            ..tries()
        };
        assert_eq!(third.wait_after(&Method::GET, &lost()), None);
    }

    #[test]
    fn no_wait_goes_past_the_limit() {
        let mut tries = Tries::until(Instant::now() + Duration::from_secs(2));
        assert_eq!(
            tries.wait_after(&Method::GET, &answered(429, Some("3"))),
            None
        );
        let mut late = Tries::until(Instant::now());
        assert_eq!(late.wait_after(&Method::GET, &lost()), None);
    }

    #[test]
    fn a_declared_read_is_tried_again_only_where_nothing_of_it_was_taken() {
        let unreached = || Err(Failure::Unreached(Fault::unavailable("refused")));
        for (end, is_tried) in [
            (unreached(), true),
            (answered(503, Some("1")), true),
            (lost(), false),
            (answered(502, None), false),
            (answered(503, None), false),
        ] {
            assert_eq!(tries().wait_after(&Method::POST, &end).is_some(), is_tried);
            assert!(tries().wait_after(&Method::GET, &end).is_some());
        }
    }
}
