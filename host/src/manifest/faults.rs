//! The faults of one file.

use std::sync::Arc;

use super::{
    diagnostic::{Diagnostic, Place, Severity},
    source::Source,
};

/// What is wrong with a file, and beside that what may be.
#[derive(Default)]
pub(super) struct Faults {
    errors: Shown,
    warnings: Shown,
}

/// The first [`MAX_SHOWN`] of a severity, and how many there are beyond.
#[derive(Default)]
struct Shown {
    first: Vec<Diagnostic>,
    n_more: usize,
}

/// More would bury the first, and each costs time to show.
const MAX_SHOWN: usize = 100;

impl Faults {
    pub(super) fn push(&mut self, fault: Diagnostic) {
        match fault.severity() {
            Severity::Error => self.errors.push(fault),
            Severity::Warning => self.warnings.push(fault),
        }
    }

    /// Returns the errors from the top of the file to its end, then so the warnings; if there were too many, the last
    /// one says so.
    pub(super) fn into_vec(self, source: &Arc<Source>) -> Vec<Diagnostic> {
        let mut all = self.errors.into_vec(source, Severity::Error, "faults");
        all.extend(
            self.warnings
                .into_vec(source, Severity::Warning, "warnings"),
        );
        all
    }
}

impl Shown {
    fn push(&mut self, fault: Diagnostic) {
        if self.first.len() < MAX_SHOWN {
            self.first.push(fault);
        } else {
            self.n_more += 1;
        }
    }

    fn into_vec(self, source: &Arc<Source>, severity: Severity, what: &str) -> Vec<Diagnostic> {
        let Self { mut first, n_more } = self;
        first.sort_by_cached_key(Diagnostic::position);
        if n_more > 0 {
            let message = format!("there are {n_more} more {what} in this file");
            let rest = Diagnostic::new(Place::file(source), message).with_severity(severity);
            first.push(
                rest.standing_for(n_more)
                    .help("mend the first ones and check again"),
            );
        }
        first
    }
}
