//! Equal calls of one host: the first one goes on, the others wait for its outcome.
//!
//! Between hosts the ledger orders them. Within one host no place to run, no turn at the CRM and no reading of the ledger
//! is spent on them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::subject::Subject;
use crate::ledger::CallKey;
use crate::outcome::CallOutcome;

/// The calls that are under way in one host.
#[derive(Default)]
pub(crate) struct Firsts(Mutex<HashMap<CallKey, Followed>>);

/// A call that others can wait for.
#[derive(Clone)]
pub(super) struct Followed {
    pub(super) session: String,
    pub(super) contact_id: String,
    outcome: watch::Receiver<Option<Arc<CallOutcome>>>,
}

/// The right to be the one that goes on. Given up when it is dropped.
pub(super) struct First {
    firsts: Arc<Firsts>,
    key: CallKey,
    outcome: watch::Sender<Option<Arc<CallOutcome>>>,
}

impl Firsts {
    /// Makes a call the first of its key, or says which one is.
    pub(super) fn enter(self: &Arc<Self>, subject: &Subject) -> Result<First, Followed> {
        match self.followed().entry(subject.key.clone()) {
            Entry::Occupied(followed) => Err(followed.get().clone()),
            Entry::Vacant(place) => {
                let (sender, outcome) = watch::channel(None);
                place.insert(Followed {
                    session: subject.reference.session.clone(),
                    contact_id: subject.reference.contact_id.clone(),
                    outcome,
                });
                Ok(First {
                    firsts: Arc::clone(self),
                    key: subject.key.clone(),
                    outcome: sender,
                })
            }
        }
    }

    fn followed(&self) -> MutexGuard<'_, HashMap<CallKey, Followed>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Followed {
    /// Waits for the outcome; `None` if the call ended without one.
    pub(super) async fn outcome(&mut self) -> Option<Arc<CallOutcome>> {
        let outcome = self.outcome.wait_for(Option::is_some).await;
        outcome.ok()?.clone()
    }
}

impl First {
    /// Tells the outcome to those who wait for it.
    pub(super) fn tell(&self, outcome: &CallOutcome) {
        // Before it can be missed: who comes now finds it here or in the ledger.
        if self.outcome.receiver_count() > 1 {
            self.outcome.send_replace(Some(Arc::new(outcome.clone())));
        }
    }
}

impl Drop for First {
    fn drop(&mut self) {
        self.firsts.followed().remove(&self.key);
    }
}
