//! Collects the faults of one input instead of stopping at the first.

use super::input::InputFault;

/// The faults found so far. After [`Faults::LIMIT`] of them only their number is kept.
#[derive(Default)]
pub(super) struct Faults {
    listed: Vec<InputFault>,
    n_unlisted: usize,
}

impl Faults {
    const LIMIT: usize = 100;

    pub(super) fn add(&mut self, pointer: &str, message: impl Into<String>) {
        self.add_with(|| InputFault::new(pointer, message));
    }

    /// Adds a fault that is made only if it is listed: a hostile input has millions of them.
    pub(super) fn add_with(&mut self, make: impl FnOnce() -> InputFault) {
        if self.listed.len() < Self::LIMIT {
            self.listed.push(make());
        } else {
            self.n_unlisted += 1;
        }
    }

    pub(super) fn into_vec(mut self) -> Vec<InputFault> {
        if self.n_unlisted > 0 {
            let more = format!("and {} more faults", self.n_unlisted);
            self.listed.push(InputFault::new("", more));
        }
        self.listed
    }
}
