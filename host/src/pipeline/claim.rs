//! One call's claim in the ledger.
//!
//! The claim is made when the first request of the call is about to leave: its turn has come, so that no claim is held by
//! a call that waits for one. The fence is asked for before the first write. Both are asked for once, and what was asked
//! for is answered, whoever gives up waiting for it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use switchboard_connector_sdk::Fault;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::once::{Once, Panicked};
use super::subject::Subject;
use crate::egress::{Guard, Permission};
use crate::error_chain::with_sources;
use crate::ledger::state::{AttemptEnd, State, Token};
use crate::ledger::{
    Claim, ClaimError, FenceError, Ledger, NewClaim, Row, Sent, SettleError, Settlement,
};

/// How long the end of a call is tried to be written down while its caller waits.
const SETTLE_TIME: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The claim of one call, made or not.
pub(super) struct CallClaim {
    ledger: Ledger,
    subject: Subject,
    call_id: String,
    lease: Duration,
    token: Once<Option<Token>>,
    fence: Once<bool>,
    obstacle: Arc<watch::Sender<Option<Obstacle>>>,
}

/// Why a call may not go on.
#[derive(Debug, Clone)]
pub(super) enum Obstacle {
    /// Another request has it, or has logged it, or it may not be claimed.
    Taken(Box<Row>),
    /// The ledger does not let it; nothing was written.
    Refused(Fault),
}

impl CallClaim {
    pub(super) fn new(ledger: Ledger, subject: Subject, call_id: &str, lease: Duration) -> Self {
        Self {
            ledger,
            subject,
            call_id: call_id.to_owned(),
            lease,
            token: Once::default(),
            fence: Once::default(),
            obstacle: Arc::default(),
        }
    }

    /// Waits until something keeps the call from going on, which may never be.
    pub(super) async fn stopped(&self) {
        let mut obstacle = self.obstacle.subscribe();
        // The sender is a part of this very struct.
        let _ = obstacle.wait_for(Option::is_some).await;
    }

    /// Returns what keeps the call from going on.
    pub(super) fn obstacle(&self) -> Option<Obstacle> {
        self.obstacle.borrow().clone()
    }

    /// Makes the claim, unless it was asked for already, and says whether the call is this request's.
    pub(super) async fn claim(&self) -> Option<Token> {
        let token = self.token.get(|| {
            let (ledger, key) = (self.ledger.clone(), self.subject.key.clone());
            let new = NewClaim {
                call_id: self.call_id.clone(),
                reference: self.subject.reference.clone(),
                lease: self.lease,
            };
            let obstacle = Arc::clone(&self.obstacle);
            async move {
                let found = match ledger.claim(&key, new).await {
                    Ok(Claim::Claimed(token)) => return Some(token),
                    Ok(Claim::Duplicate(row)) => Obstacle::Taken(row),
                    Err(error) => Obstacle::Refused(not_claimed(&error)),
                };
                obstacle.send_replace(Some(found));
                None
            }
        });
        token.await.unwrap_or_else(|Panicked| {
            self.out_of_order();
            None
        })
    }

    /// Asks for the right to write, unless that was done already, and says whether it is there.
    pub(super) async fn fence(&self) -> bool {
        let Some(token) = self.claim().await else {
            return false;
        };
        let fence = self.fence.get(|| {
            let (ledger, key) = (self.ledger.clone(), self.subject.key.clone());
            let obstacle = Arc::clone(&self.obstacle);
            async move {
                let fenced = ledger.fence(&key, token).await;
                if let Err(error) = &fenced {
                    let refused = Obstacle::Refused(not_fenced(error));
                    obstacle.send_replace(Some(refused));
                }
                fenced.is_ok()
            }
        });
        fence.await.unwrap_or_else(|Panicked| {
            self.out_of_order();
            false
        })
    }

    /// Writes down how the call ended, if it was claimed. Returns what the operator must know if that failed.
    pub(super) async fn settle(
        &self,
        end: AttemptEnd,
        outcome: Value,
        sent: Vec<Sent>,
    ) -> Option<String> {
        let token = self.token.if_started().await?.ok().flatten()?;
        let settlement = Settlement { end, outcome, sent };
        let error = self.try_to_settle(token, &settlement).await.err()?;
        self.lost(token, &settlement.end, &error)
    }

    async fn try_to_settle(
        &self,
        token: Token,
        settlement: &Settlement,
    ) -> Result<(), SettleError> {
        let (until, mut pause) = (Instant::now() + SETTLE_TIME, FIRST_PAUSE);
        loop {
            let settled = self
                .ledger
                .settle(&self.subject.key, token, settlement.clone());
            match settled.await {
                Err(SettleError::Store(_)) if Instant::now() + pause < until => {
                    sleep(pause).await;
                    pause = LONGEST_PAUSE.min(2 * pause);
                }
                settled => return settled,
            }
        }
    }

    /// Says in the log that the end of a call is not in the ledger, and for whom it matters.
    fn lost(&self, token: Token, end: &AttemptEnd, error: &SettleError) -> Option<String> {
        let (key, error) = (&self.subject.key, with_sources(error));
        let log_id = match end {
            AttemptEnd::Done { log_id } => Some(log_id.as_str()),
            _ => None,
        };
        tracing::error!(
            %key,
            %token,
            log_id,
            end = end.state_name().as_str(),
            error,
            "the end of a call is not in the ledger"
        );
        log_id.is_some().then(|| {
            format!("the entry exists, but the ledger does not say so: {error}; its key is {key}")
        })
    }

    fn out_of_order(&self) {
        let fault = Fault::internal("the ledger was asked and did not answer; the log says more");
        self.obstacle.send_replace(Some(Obstacle::Refused(fault)));
    }

    fn refusal(&self) -> Fault {
        match self.obstacle() {
            Some(Obstacle::Refused(fault)) => fault,
            Some(Obstacle::Taken(_)) | None => Fault::in_progress("another request has this call"),
        }
    }
}

impl Guard for CallClaim {
    fn before_request(&self) -> Permission<'_> {
        Box::pin(async {
            let claimed = self.claim().await.is_some();
            claimed.then_some(()).ok_or_else(|| self.refusal())
        })
    }

    fn before_write(&self) -> Permission<'_> {
        Box::pin(async {
            let fenced = self.fence().await;
            fenced.then_some(()).ok_or_else(|| self.refusal())
        })
    }
}

/// Returns when a failed call may be claimed again.
pub(super) fn retry_at(fault: &Fault) -> Option<Timestamp> {
    let wait = fault.retry_after()?;
    Timestamp::now().saturating_add(wait).ok()
}

/// Whether a call is one that another host may still be at work on.
pub(super) fn is_under_way(state: &State, now: Timestamp) -> bool {
    match state {
        State::Claimed { lease_until } | State::Sending { lease_until } => now < *lease_until,
        State::Done { .. } | State::Failed { .. } | State::Rejected | State::Unknown => false,
    }
}

fn not_claimed(error: &ClaimError) -> Fault {
    match error {
        ClaimError::AnotherCall { .. } => Fault::invalid_input(with_sources(error)),
        error => Fault::unavailable(with_sources(error)),
    }
}

fn not_fenced(error: &FenceError) -> Fault {
    match error {
        FenceError::Overtaken { .. } => Fault::in_progress(with_sources(error)),
        error => Fault::unavailable(with_sources(error)),
    }
}
