//! Threads that a connector holds: whoever runs its code says so before and after, and the watchdog looks.
//!
//! A connector that waits without blocking gives its thread back whenever it is polled, however long its call takes. One
//! that does not is reported, and a thread that it still holds a second after its call was given up is lost. It counts,
//! also if it comes back later.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::warn;

use super::watchdog::{Clock, TOO_LONG, Watchdog};

/// So many threads of one connector may be lost before it is left alone.
pub(super) const LIMIT: usize = 2;

/// What an operator can do about a connector that blocks.
#[cfg(target_os = "linux")]
const ADVICE: &str = "ask its author for one that does not block, or run it in a process of its own: write \
                      isolation = \"process\" under [connector] in its manifest";
#[cfg(not(target_os = "linux"))]
const ADVICE: &str = "ask its author for one that does not block";

/// What one connector is doing.
pub(super) struct Holds {
    crm: String,
    connector: String,
    work: Mutex<Work>,
    n_lost: AtomicUsize,
    watchdog: Watchdog,
}

#[derive(Default)]
struct Work {
    next: u64,
    pieces: BTreeMap<u64, Arc<Piece>>,
}

/// A piece of work that a connector does on one thread at a time.
pub(super) struct Piece {
    kind: Kind,
    clock: Clock,
    /// The watchdog's time at which the connector got the thread that it holds; 0 while it holds none.
    held_since: AtomicU64,
    /// The last of these that was reported.
    reported: AtomicU64,
    /// The watchdog's time at which nobody waited for it any more; 0 while somebody does.
    given_up_at: AtomicU64,
    /// Whether its thread was counted as lost.
    is_lost: AtomicBool,
}

/// What a connector holds a thread for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Opening,
    /// With the call's id.
    Call(String),
    Dropping,
}

/// A piece of work that is watched until this is dropped.
pub(super) struct Working {
    holds: Arc<Holds>,
    number: u64,
    piece: Arc<Piece>,
}

/// A thread that is held until this is dropped.
pub(super) struct Held<'a>(&'a Piece);

impl Holds {
    /// Has a connector watched from now on.
    pub(super) fn new(crm: &str, connector: &str, watchdog: &Watchdog) -> Arc<Self> {
        let holds = Arc::new(Self {
            crm: crm.to_owned(),
            connector: connector.to_owned(),
            work: Mutex::default(),
            n_lost: AtomicUsize::new(0),
            watchdog: watchdog.clone(),
        });
        watchdog.watch(&holds);
        holds
    }

    /// Announces a piece of work.
    pub(super) fn begin(self: &Arc<Self>, kind: Kind) -> Working {
        let piece = Arc::new(Piece {
            kind,
            clock: self.watchdog.clock().clone(),
            held_since: AtomicU64::new(0),
            reported: AtomicU64::new(0),
            given_up_at: AtomicU64::new(0),
            is_lost: AtomicBool::new(false),
        });
        let mut work = self.work();
        work.next += 1;
        let number = work.next;
        work.pieces.insert(number, Arc::clone(&piece));
        Working {
            holds: Arc::clone(self),
            number,
            piece,
        }
    }

    /// Whether so many threads were lost that no more are given. That is for good.
    pub(super) fn has_lost_too_many(&self) -> bool {
        self.n_lost.load(Ordering::Relaxed) >= LIMIT
    }

    /// Reports the threads that are held for too long, and counts the lost ones.
    pub(super) fn look(&self, now: u64) {
        let overdue: Vec<_> = self.overdue(now);
        for piece in overdue.iter().filter(|piece| piece.is_news()) {
            self.report(&piece.kind);
        }
        let newly_lost = overdue.iter().filter(|piece| piece.is_newly_lost(now));
        let n_newly_lost = newly_lost.count();
        let n_before = self.n_lost.fetch_add(n_newly_lost, Ordering::Relaxed);
        if n_before < LIMIT && n_before + n_newly_lost >= LIMIT {
            let (crm, connector) = (&*self.crm, &*self.connector);
            let reason = Self::reason();
            warn!(
                crm,
                connector, "the CRM is disabled: the connector {reason}"
            );
        }
    }

    /// Says what a connector does of which too many threads were lost, and what to do.
    pub(super) fn reason() -> String {
        format!(
            "blocks: it kept {LIMIT} threads for more than 1 s after the time of their calls was over; {ADVICE}; then \
             restart the host"
        )
    }

    fn overdue(&self, now: u64) -> Vec<Arc<Piece>> {
        let work = self.work();
        let overdue = work.pieces.values().filter(|piece| piece.is_overdue(now));
        overdue.cloned().collect()
    }

    fn report(&self, kind: &Kind) {
        let (crm, connector) = (&*self.crm, &*self.connector);
        let (call_id, place) = match kind {
            Kind::Opening => (None, "while it opens"),
            Kind::Call(id) => (Some(&**id), "in a call, and other calls may wait for it"),
            Kind::Dropping => (None, "while it is closed"),
        };
        warn!(
            crm,
            connector,
            call_id,
            "the connector has held a thread for more than 1 s {place}: {ADVICE}"
        );
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        // Nothing panics while it holds the lock.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Piece {
    /// Notes that nobody waits for it any more.
    pub(super) fn give_up(&self) {
        self.given_up_at.store(self.clock.now(), Ordering::Relaxed);
    }

    fn is_overdue(&self, now: u64) -> bool {
        let since = self.held_since.load(Ordering::Relaxed);
        since != 0 && now.saturating_sub(since) >= TOO_LONG
    }

    /// Whether it has held its thread for too long since it was given up, and was not counted before.
    fn is_newly_lost(&self, now: u64) -> bool {
        let at = self.given_up_at.load(Ordering::Relaxed);
        let is_lost = at != 0 && now.saturating_sub(at) >= TOO_LONG;
        is_lost && !self.is_lost.swap(true, Ordering::Relaxed)
    }

    /// Whether the thread that it holds was not reported before.
    fn is_news(&self) -> bool {
        let since = self.held_since.load(Ordering::Relaxed);
        // It may just have given the thread back.
        since != 0 && self.reported.swap(since, Ordering::Relaxed) != since
    }
}

impl Working {
    pub(super) fn piece(&self) -> &Arc<Piece> {
        &self.piece
    }

    /// Says that the connector holds this thread from now on.
    pub(super) fn hold(&self) -> Held<'_> {
        self.enter();
        Held(&self.piece)
    }

    /// As [`hold`](Working::hold), until the work ends.
    pub(super) fn enter(&self) {
        let now = self.piece.clock.now();
        self.piece.held_since.store(now, Ordering::Relaxed);
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.holds.work().pieces.remove(&self.number);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held_since.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
