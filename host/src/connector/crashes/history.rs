//! What follows from the crashes of the last minute.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a crash counts.
const WINDOW: Duration = Duration::from_secs(60);

/// So many crashes that count are too many.
const LIMIT: usize = 5;

/// How long a quarantine lasts.
const QUARANTINE: Duration = Duration::from_secs(5 * 60);

/// How long a worker waits after the first crash that counts, the second and so on. One more is too many.
const WAITS_MS: [u64; LIMIT - 1] = [0, 100, 200, 400];

/// The latest crashes of one CRM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    crashes: VecDeque<Crash>,
    quarantine: Option<Quarantine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Crash {
    #[serde(with = "moment")]
    at: Timestamp,
    reason: String,
}

/// A time in which a CRM's connector is not started, because it crashed again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Quarantine {
    /// When it began, in whole seconds.
    #[serde(with = "moment")]
    pub(crate) since: Timestamp,
    /// When it ends by itself.
    #[serde(with = "moment")]
    pub(crate) until: Timestamp,
    /// How the connector crashed the last time.
    pub(crate) reason: String,
    /// How often it had crashed within a minute.
    pub(crate) n_crashes: usize,
}

/// What follows a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After {
    /// Another worker may start.
    Restart {
        /// So long after the crash.
        wait: Duration,
    },
    /// No worker starts before this is over.
    Quarantined(Quarantine),
}

impl History {
    pub(super) fn note(&mut self, reason: String, now: Timestamp) -> After {
        self.forget(now);
        self.crashes.push_back(Crash { at: now, reason });
        while self.crashes.len() > LIMIT {
            self.crashes.pop_front();
        }
        if self.quarantine.is_none() && self.crashes.len() == LIMIT {
            self.quarantine = self.crashes.back().map(Crash::quarantine);
        }
        match &self.quarantine {
            // Another program's worker can crash while it lasts.
            Some(quarantine) => After::Quarantined(quarantine.clone()),
            None => After::Restart {
                wait: back_off(self.crashes.len()),
            },
        }
    }

    /// Returns the quarantine, if there is one now.
    pub(super) fn quarantine(&self, now: Timestamp) -> Option<&Quarantine> {
        self.quarantine.as_ref().filter(|it| it.lasts(now))
    }

    /// Returns how much of the wait after the last crash is left.
    pub(super) fn wait_before_restart(&self, now: Timestamp) -> Duration {
        let counting = self.crashes.iter().filter(|crash| crash.counts(now));
        let wait = back_off(counting.count());
        let last = self.crashes.back().map_or(now, |crash| crash.at);
        let passed = Duration::try_from(now.duration_since(last)).unwrap_or_default();
        wait.saturating_sub(passed)
    }

    fn forget(&mut self, now: Timestamp) {
        self.crashes.retain(|crash| crash.counts(now));
        self.quarantine = self.quarantine.take().filter(|it| it.lasts(now));
    }
}

impl Crash {
    /// Whether it is one of the last minute. A clock may have been set back since: what lies further ahead is void.
    fn counts(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).unsigned_abs() <= WINDOW
    }

    /// Returns the quarantine that this crash begins.
    fn quarantine(&self) -> Quarantine {
        let since = Timestamp::from_second(self.at.as_second()).unwrap_or(self.at);
        Quarantine {
            since,
            until: since.saturating_add(QUARANTINE).unwrap_or(since),
            reason: self.reason.clone(),
            n_crashes: LIMIT,
        }
    }
}

impl Quarantine {
    /// Returns how much of it is left.
    pub(crate) fn rest(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.until.duration_since(now)).unwrap_or_default()
    }

    /// Whether it is on. A clock may have been set back since it began.
    fn lasts(&self, now: Timestamp) -> bool {
        let begins = self.since.saturating_sub(WINDOW).unwrap_or(self.since);
        (begins..self.until).contains(&now)
    }
}

fn back_off(n_crashes: usize) -> Duration {
    // A file that somebody has written may hold more crashes than begin a quarantine.
    let idx = n_crashes.clamp(1, WAITS_MS.len()) - 1;
    Duration::from_millis(WAITS_MS[idx])
}

/// Moments as texts.
mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
