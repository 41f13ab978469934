//! The faults of one file.

use std::sync::Arc;

use super::{
    diagnostic::{Diagnostic, Place, Severity},
    source::Source,
};

/// The first [`MAX_FAULTS`] faults, and how many there are beyond.
#[derive(Default)]
pub(super) struct Faults {
    shown: Vec<Diagnostic>,
    n_more: usize,
    /// The worst of those beyond.
    worst_more: Option<Severity>,
}

/// More would bury the first, and each costs time to show.
const MAX_FAULTS: usize = 100;

impl Faults {
    pub(super) fn push(&mut self, fault: Diagnostic) {
        if self.shown.len() < MAX_FAULTS {
            self.shown.push(fault);
        } else {
            self.n_more += 1;
            self.worst_more = self.worst_more.max(Some(fault.severity()));
        }
    }

    /// Returns the faults from the top of the file to its end; if there were too many, the last one says so.
    pub(super) fn into_vec(mut self, source: &Arc<Source>) -> Vec<Diagnostic> {
        self.shown.sort_by_cached_key(Diagnostic::position);
        if let Some(worst) = self.worst_more {
            let kind = match worst {
                Severity::Warning => "warnings",
                Severity::Error => "faults",
            };
            let message = format!("there are {} more {kind} in this file", self.n_more);
            let rest = Diagnostic::new(Place::file(source), message).with_severity(worst);
            self.shown
                .push(rest.help("mend the first ones and check again"));
        }
        self.shown
    }
}
