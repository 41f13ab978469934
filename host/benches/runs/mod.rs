//! How long each of many things took.

use std::io::{self, Write};
use std::time::Duration;

/// How long each of many things took, and all together.
pub struct Run {
    times: Vec<Duration>,
    elapsed: Duration,
}

impl Run {
    pub fn new(mut times: Vec<Duration>, elapsed: Duration) -> Self {
        times.sort_unstable();
        Self { times, elapsed }
    }

    pub fn per_second(&self) -> f64 {
        self.times.len() as f64 / self.elapsed.as_secs_f64()
    }

    pub fn percentile(&self, percent: usize) -> Duration {
        let index = self.times.len() * percent / 100;
        self.times.get(index).copied().unwrap_or_default()
    }

    /// Prints a line, with what it compares to at its end.
    pub fn print(&self, name: &str, ratio: &str) {
        let (rate, p50, p99) = (self.per_second(), self.percentile(50), self.percentile(99));
        let line = format!("{name:<24} {rate:>7.0}/s, p50 {p50:.2?}, p99 {p99:.2?}{ratio}");
        // Whoever reads it may have gone away.
        let _ = writeln!(io::stdout(), "{line}");
    }
}
