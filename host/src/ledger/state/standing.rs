//! Where a call stands.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Refusal;

/// The number of a claim: counts the claims of a key from 1 and never repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(u64);

/// What is known of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// An attempt has the call and has not written.
    Claimed {
        /// The end of its lease.
        lease_until: Timestamp,
    },
    /// A write of the attempt may be out.
    Sending {
        /// The end of its lease.
        lease_until: Timestamp,
    },
    /// The entry exists.
    Done {
        /// Its id in the CRM.
        log_id: String,
    },
    /// Nothing was written.
    Failed {
        /// No claim before this moment.
        retry_at: Option<Timestamp>,
    },
    /// The CRM refused the entry; nothing was written.
    Rejected,
    /// An entry may exist.
    Unknown,
}

/// The name of a [`State`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateName {
    /// [`State::Claimed`].
    Claimed,
    /// [`State::Sending`].
    Sending,
    /// [`State::Done`].
    Done,
    /// [`State::Failed`].
    Failed,
    /// [`State::Rejected`].
    Rejected,
    /// [`State::Unknown`].
    Unknown,
}

/// A text is no [`StateName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no state of a call: expected CLAIMED, SENDING, DONE, FAILED, REJECTED or UNKNOWN"
)]
pub struct ParseStateError {
    text: String,
}

/// Where a call stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The claim that it is about.
    pub token: Token,
    /// The state.
    pub state: State,
    /// When it got into the state, or when that was noticed.
    pub since: Timestamp,
}

impl Standing {
    /// Returns where the call stands once it is noticed which lease has ended: a write of the attempt may be out, and
    /// its host is not there to tell.
    pub(super) fn noticed(&self, now: Timestamp) -> Self {
        match self.state {
            State::Sending { lease_until } if lease_until <= now => {
                self.now_in(State::Unknown, now)
            }
            _ => self.clone(),
        }
    }

    pub(super) fn now_in(&self, state: State, now: Timestamp) -> Self {
        Self {
            token: self.token,
            state,
            since: now,
        }
    }

    pub(super) fn after_quarantine(
        &self,
        moment: Timestamp,
        quarantine: Duration,
    ) -> Result<(), Refusal> {
        let until = later(self.since, quarantine);
        match moment < until {
            true => Err(Refusal::Quarantined { until }),
            false => Ok(()),
        }
    }
}

impl State {
    /// Returns the state's name.
    pub fn name(&self) -> StateName {
        match self {
            State::Claimed { .. } => StateName::Claimed,
            State::Sending { .. } => StateName::Sending,
            State::Done { .. } => StateName::Done,
            State::Failed { .. } => StateName::Failed,
            State::Rejected => StateName::Rejected,
            State::Unknown => StateName::Unknown,
        }
    }

    pub(super) fn done(log_id: &str) -> Self {
        State::Done {
            log_id: log_id.to_owned(),
        }
    }

    /// Whether two states of one name say the same of the entry.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        match (self, other) {
            (State::Done { log_id }, State::Done { log_id: other }) => log_id == other,
            _ => true,
        }
    }
}

impl StateName {
    /// Every state, in the order in which a call may pass them.
    pub const ALL: [Self; 6] = [
        Self::Claimed,
        Self::Sending,
        Self::Done,
        Self::Failed,
        Self::Rejected,
        Self::Unknown,
    ];

    /// Returns the name as ledgers and people write it, `CLAIMED`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "CLAIMED",
            Self::Sending => "SENDING",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Rejected => "REJECTED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl FromStr for StateName {
    type Err = ParseStateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut names = Self::ALL.into_iter();
        names
            .find(|name| name.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| ParseStateError {
                text: text.to_owned(),
            })
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Token {
    /// The token of a key's first claim.
    pub const FIRST: Self = Self(1);

    /// Makes a token of its number; none of 0.
    pub fn new(number: u64) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }

    /// Returns the number, from 1.
    pub fn number(self) -> u64 {
        self.0
    }

    pub(super) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for StateName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

/// Adds a time; one that no calendar reaches ends with the calendar.
pub(super) fn later(moment: Timestamp, time: Duration) -> Timestamp {
    moment.saturating_add(time).unwrap_or(Timestamp::MAX)
}
