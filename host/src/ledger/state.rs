//! Who may do what to a call: the transition table, and nothing else.
//!
//! No clock and no store: the moment comes in, what is to be stored goes out. Every store asks this table in the
//! transaction in which it writes the answer down. The table in words: `docs/ledger.md`.

mod standing;

use std::time::Duration;

use jiff::Timestamp;

use standing::later;
pub use standing::{ParseStateError, Standing, State, StateName, Token};

/// A retry is held back no longer than this, whatever a CRM asks for.
pub const MAX_RETRY_WAIT: Duration = Duration::from_secs(60 * 60);

/// What somebody wants to do to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A request wants to log it, within this time.
    Claim {
        /// How long nobody else may claim it.
        lease: Duration,
    },
    /// An attempt is about to write for the first time.
    Fence {
        /// The attempt's.
        token: Token,
    },
    /// An attempt has ended.
    Settle {
        /// The attempt's.
        token: Token,
        /// How.
        end: AttemptEnd,
    },
    /// Time has passed.
    Expire,
    /// The CRM was searched for the entry.
    LookedUp {
        /// The attempt that was searched for.
        token: Token,
        /// What was found.
        found: Found,
        /// When the search began.
        begun: Timestamp,
        /// How long a write may be on its way.
        quarantine: Duration,
    },
    /// An operator has decided.
    Resolve {
        /// The attempt that the operator saw.
        token: Token,
        /// What they decided.
        decision: Decision,
        /// How long a write may be on its way.
        quarantine: Duration,
    },
}

/// How an attempt ended, by the worst of all its writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptEnd {
    /// The entry exists.
    Done {
        /// Its id in the CRM.
        log_id: String,
    },
    /// Nothing was written.
    Failed {
        /// No claim before this moment; at most [`MAX_RETRY_WAIT`] from now.
        retry_at: Option<Timestamp>,
    },
    /// The CRM refused the entry as it is; nothing was written.
    Rejected,
    /// An entry may exist.
    Unknown,
}

/// What a look-up found in the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// No entry.
    None,
    /// One entry, created after the claim.
    One {
        /// Its id in the CRM.
        log_id: String,
    },
    /// Several entries that could be it.
    Several,
}

/// What an operator decides of a call in [`State::Unknown`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The entry exists.
    Logged {
        /// Its id in the CRM.
        log_id: String,
    },
    /// There is no entry.
    NotLogged,
}

/// Why an event changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A claim: the call is claimed, settled, unclear, or not to be retried yet.
    Taken,
    /// Nobody has claimed the call.
    Missing,
    /// The call has moved on: another attempt, or a state that this event does not leave.
    Overtaken,
    /// A fence: the attempt's lease has ended.
    LeaseOver,
    /// A write may still be on its way until then.
    Quarantined {
        /// The end of the quarantine.
        until: Timestamp,
    },
    /// A look-up found several entries.
    Several,
}

/// What follows from an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where the call stands now; differs from before even after a refusal if a lease has ended.
    pub standing: Option<Standing>,
    /// Why the event itself changed nothing.
    pub refusal: Option<Refusal>,
}

/// Looks an event up in the table.
pub fn step(current: Option<&Standing>, event: &Event, now: Timestamp) -> Step {
    let current = current.map(|standing| standing.noticed(now));
    let next = match event {
        Event::Claim { lease } => claim(current.as_ref(), *lease, now),
        Event::Fence { token } => held(current.as_ref(), *token).and_then(|it| fence(it, now)),
        Event::Settle { token, end } => {
            held(current.as_ref(), *token).and_then(|it| settle(it, end, now))
        }
        Event::Expire => current.clone().ok_or(Refusal::Missing),
        Event::LookedUp {
            token,
            found,
            begun,
            quarantine,
        } => unknown(current.as_ref(), *token)
            .and_then(|it| looked_up(it, found, (*begun).min(now), *quarantine, now)),
        Event::Resolve {
            token,
            decision,
            quarantine,
        } => {
            unknown(current.as_ref(), *token).and_then(|it| resolve(it, decision, *quarantine, now))
        }
    };
    match next {
        Ok(next) => Step {
            standing: Some(next),
            refusal: None,
        },
        Err(refusal) => Step {
            standing: current,
            refusal: Some(refusal),
        },
    }
}

fn claim(current: Option<&Standing>, lease: Duration, now: Timestamp) -> Result<Standing, Refusal> {
    let token = match current.map(|standing| (&standing.state, standing.token)) {
        None => Token::FIRST,
        Some((State::Claimed { lease_until }, token)) if *lease_until <= now => token.next(),
        Some((State::Failed { retry_at }, token)) if retry_at.is_none_or(|at| at <= now) => {
            token.next()
        }
        Some((State::Rejected, token)) => token.next(),
        Some(_) => return Err(Refusal::Taken),
    };
    let lease_until = later(now, lease);
    Ok(Standing {
        token,
        state: State::Claimed { lease_until },
        since: now,
    })
}

fn fence(standing: &Standing, now: Timestamp) -> Result<Standing, Refusal> {
    match standing.state {
        State::Claimed { lease_until } if lease_until <= now => Err(Refusal::LeaseOver),
        State::Claimed { lease_until } => Ok(standing.now_in(State::Sending { lease_until }, now)),
        _ => Err(Refusal::Overtaken),
    }
}

fn settle(standing: &Standing, end: &AttemptEnd, now: Timestamp) -> Result<Standing, Refusal> {
    let state = end.state(now);
    match standing.state {
        // The answer to the first time may have been lost.
        _ if standing.state.name() == state.name() && standing.state.agrees_with(&state) => {
            Ok(standing.clone())
        }
        State::Claimed { .. } | State::Sending { .. } | State::Unknown => {
            Ok(standing.now_in(state, now))
        }
        State::Done { .. } | State::Failed { .. } | State::Rejected => Err(Refusal::Overtaken),
    }
}

/// `begun` counts and not `now`: a write may have arrived between a search and its report.
fn looked_up(
    standing: &Standing,
    found: &Found,
    begun: Timestamp,
    quarantine: Duration,
    now: Timestamp,
) -> Result<Standing, Refusal> {
    standing.after_quarantine(begun, quarantine)?;
    match found {
        Found::None => Ok(standing.now_in(State::Failed { retry_at: None }, now)),
        Found::One { log_id } => Ok(standing.now_in(State::done(log_id), now)),
        Found::Several => Err(Refusal::Several),
    }
}

fn resolve(
    standing: &Standing,
    decision: &Decision,
    quarantine: Duration,
    now: Timestamp,
) -> Result<Standing, Refusal> {
    match decision {
        Decision::Logged { log_id } => Ok(standing.now_in(State::done(log_id), now)),
        Decision::NotLogged => {
            standing.after_quarantine(now, quarantine)?;
            Ok(standing.now_in(State::Failed { retry_at: None }, now))
        }
    }
}

/// Returns the standing if it is still about this attempt.
fn held(current: Option<&Standing>, token: Token) -> Result<&Standing, Refusal> {
    let current = current.ok_or(Refusal::Missing)?;
    let is_held = current.token == token;
    is_held.then_some(current).ok_or(Refusal::Overtaken)
}

/// Returns the standing if this attempt's end is still unclear.
fn unknown(current: Option<&Standing>, token: Token) -> Result<&Standing, Refusal> {
    let current = held(current, token)?;
    let is_unknown = current.state == State::Unknown;
    is_unknown.then_some(current).ok_or(Refusal::Overtaken)
}

impl AttemptEnd {
    /// Returns the name of the state that follows.
    pub fn state_name(&self) -> StateName {
        match self {
            AttemptEnd::Done { .. } => StateName::Done,
            AttemptEnd::Failed { .. } => StateName::Failed,
            AttemptEnd::Rejected => StateName::Rejected,
            AttemptEnd::Unknown => StateName::Unknown,
        }
    }

    fn state(&self, now: Timestamp) -> State {
        match self {
            AttemptEnd::Done { log_id } => State::done(log_id),
            AttemptEnd::Failed { retry_at } => State::Failed {
                retry_at: retry_at.map(|at| at.min(later(now, MAX_RETRY_WAIT))),
            },
            AttemptEnd::Rejected => State::Rejected,
            AttemptEnd::Unknown => State::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
