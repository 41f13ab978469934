//! When a connector has panicked too often.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So many panics within [`WINDOW`] are too many.
const LIMIT: usize = 3;
const WINDOW: Duration = Duration::from_secs(60);

/// The latest panics of one connector.
#[derive(Debug, Default)]
pub(super) struct Panics(VecDeque<Instant>);

impl Panics {
    /// Notes a panic; whether there have been too many.
    pub(super) fn note(&mut self, now: Instant) -> bool {
        self.0.push_back(now);
        if self.0.len() > LIMIT {
            self.0.pop_front();
        }
        let oldest = self.0.front().copied().unwrap_or(now);
        self.0.len() == LIMIT && now.saturating_duration_since(oldest) <= WINDOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_panics_in_a_minute_are_too_many() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut panics = Panics::default();
        assert!(!panics.note(at(0)));
        assert!(!panics.note(at(30)));
        assert!(panics.note(at(60)));
    }

    #[test]
    fn panics_further_apart_are_not() {
        let start = Instant::now();
        let mut panics = Panics::default();
        for minute in 0..10 {
            assert!(
                !panics.note(start + Duration::from_secs(31 * minute)),
                "{minute}"
            );
        }
    }
}
