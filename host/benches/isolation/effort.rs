//! How much is measured.

use std::time::Duration;

/// How much is measured: with `--quick` only so much that everything runs.
pub struct Effort {
    /// Calls are made in turns, each of so long on either site.
    pub turn: Duration,
    pub n_turns: usize,
    /// How often each host is started.
    pub n_starts: usize,
    /// How many libraries one host loads.
    pub n_libraries: usize,
}

impl Effort {
    pub fn of_arguments() -> Self {
        let is_quick = std::env::args().any(|argument| argument == "--quick");
        if is_quick {
            Self {
                turn: Duration::from_millis(100),
                n_turns: 2,
                n_starts: 3,
                n_libraries: 10,
            }
        } else {
            Self {
                turn: Duration::from_millis(250),
                n_turns: 20,
                n_starts: 20,
                n_libraries: 100,
            }
        }
    }
}
