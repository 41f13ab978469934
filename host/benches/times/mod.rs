//! The fastest runs of what a bench measures, for ratios.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The time of one run by size and name: the mean of the fastest few in a row. Whatever else a machine does makes some
/// of them slower and none faster.
pub struct Times {
    n_in_a_row: u64,
    fastest: RefCell<BTreeMap<(&'static str, &'static str), Duration>>,
}

impl Times {
    /// Takes the time of so many runs in a row: enough that reading the clock does not count, and few enough that a busy
    /// machine leaves some of them alone.
    pub fn new(n_in_a_row: u64) -> Self {
        Self {
            n_in_a_row,
            fastest: RefCell::default(),
        }
    }

    /// Runs it so often and returns how long that took.
    pub fn take(
        &self,
        size: &'static str,
        name: &'static str,
        n_runs: u64,
        run: &dyn Fn(),
    ) -> Duration {
        self.take_with(size, name, n_runs, || (), |()| run())
    }

    /// Runs it so often, each time with something that is made anew beforehand, and returns how long the runs took.
    pub fn take_with<T>(
        &self,
        size: &'static str,
        name: &'static str,
        n_runs: u64,
        make: impl Fn() -> T,
        run: impl Fn(&T),
    ) -> Duration {
        let mut total = Duration::ZERO;
        let mut n_left = n_runs;
        while n_left > 0 {
            let n_now = n_left.min(self.n_in_a_row);
            let made: Vec<T> = (0..n_now).map(|_| make()).collect();
            let started = Instant::now();
            made.iter().for_each(&run);
            let elapsed = started.elapsed();
            total += elapsed;
            n_left -= n_now;
            if n_now == self.n_in_a_row {
                self.note(size, name, elapsed.div_f64(n_now as f64));
            }
        }
        total
    }

    fn note(&self, size: &'static str, name: &'static str, one: Duration) {
        let mut times = self.fastest.borrow_mut();
        let fastest = times.entry((size, name)).or_insert(one);
        *fastest = one.min(*fastest);
    }

    /// Returns the time of one run; `None` if a filter left it out.
    pub fn micros(&self, size: &'static str, name: &'static str) -> Option<f64> {
        let time = *self.fastest.borrow().get(&(size, name))?;
        Some(time.as_secs_f64() * 1e6)
    }
}
