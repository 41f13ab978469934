//! One call's claim in the ledger.
//!
//! The claim is made when the first request of the call is about to leave: its turn has come, so that no claim is held by
//! a call that waits for one. The fence is asked for before the first write. Both are asked for once, and what was asked
//! for is answered, whoever gives up waiting for it.

use std::any::Any;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use switchboard_connector_sdk::{Fault, FaultCode};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::once::{Once, Panicked};
use super::subject::Subject;
use crate::egress::{Guard, Permission};
use crate::error_chain::with_sources;
use crate::ledger::state::{AttemptEnd, Token};
use crate::ledger::{
    Claim, ClaimError, FenceError, Ledger, NewClaim, Row, SettleError, Settlement, StoreError,
};

/// How long a caller waits for the end of its call to be written down.
const WAITING_TIME: Duration = Duration::from_secs(10);
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

impl Obstacle {
    fn of(error: &StoreError) -> Self {
        Obstacle::Refused(Fault::unavailable(with_sources(error)))
    }
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
                    Err(ClaimError::Store(error)) => Obstacle::of(&error),
                    Err(error @ ClaimError::AnotherCall { .. }) => {
                        Obstacle::Refused(Fault::invalid_input(error.to_string()))
                    }
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
                let found = match ledger.fence(&key, token).await {
                    Ok(()) => return true,
                    Err(FenceError::Store(error)) => Obstacle::of(&error),
                    Err(error @ FenceError::LeaseOver { .. }) => {
                        Obstacle::Refused(Fault::timeout(error.to_string()))
                    }
                    Err(error @ FenceError::Overtaken { .. }) => match ledger.read(&key).await {
                        Ok(Some(row)) => Obstacle::Taken(Box::new(row)),
                        _ => Obstacle::Refused(Fault::in_progress(error.to_string())),
                    },
                };
                obstacle.send_replace(Some(found));
                false
            }
        });
        fence.await.unwrap_or_else(|Panicked| {
            self.out_of_order();
            false
        })
    }

    /// Writes down how the call ended, if it was claimed. Returns what the caller must know if that is not done yet.
    ///
    /// A store that cannot be used is tried again, as long as the lease lasts: the host stays for it.
    pub(super) async fn settle(
        self: &Arc<Self>,
        settlement: Settlement,
        underway: &Weak<dyn Any + Send + Sync>,
    ) -> Option<String> {
        let end = settlement.end.clone();
        let (claim, underway) = (Arc::clone(self), underway.upgrade());
        let settling = tokio::spawn(async move {
            let settled = match claim.token.if_started().await {
                Some(Ok(Some(token))) => claim.try_to_settle(token, &settlement).await,
                Some(_) | None => Ok(()),
            };
            drop(underway);
            settled
        });
        let key = &self.subject.key;
        let unsettled = match timeout(WAITING_TIME, settling).await {
            Ok(Ok(Ok(()))) => return None,
            Ok(Ok(Err(why))) => why,
            Ok(Err(_)) => "a fault of the host".to_owned(),
            Err(_) => "it cannot be written at the moment".to_owned(),
        };
        matches!(end, AttemptEnd::Done { .. }).then(|| {
            format!("the entry exists, but the ledger does not say so: {unsettled}; the call's key is {key}")
        })
    }

    /// Repeats a settlement until the store takes it or has another word for it, or the lease is over.
    async fn try_to_settle(&self, token: Token, settlement: &Settlement) -> Result<(), String> {
        let settled = timeout(self.lease, self.settle_at_last(token, settlement)).await;
        let error = match settled {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => with_sources(&error),
            Err(_) => "the store could not be used in all the time of the lease".to_owned(),
        };
        let log_id = match &settlement.end {
            AttemptEnd::Done { log_id } => Some(log_id.as_str()),
            _ => None,
        };
        let (key, end) = (&self.subject.key, settlement.end.state_name().as_str());
        tracing::error!(%key, %token, log_id, end, error, "the end of a call is not in the ledger");
        Err(error)
    }

    async fn settle_at_last(
        &self,
        token: Token,
        settlement: &Settlement,
    ) -> Result<(), SettleError> {
        let (key, mut pause) = (&self.subject.key, FIRST_PAUSE);
        loop {
            let settled = self.ledger.settle(key, token, settlement.clone()).await;
            let Err(SettleError::Store(error)) = settled else {
                return settled;
            };
            tracing::warn!(%key, %error, "the end of a call is not in the ledger yet");
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(2 * pause);
        }
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

/// Returns when a failed call may be claimed again: as the CRM wishes, and nobody else.
pub(super) fn retry_at(fault: &Fault) -> Option<Timestamp> {
    let is_crms = matches!(
        fault.code(),
        FaultCode::RateLimited | FaultCode::Unavailable
    );
    let wait = fault.retry_after().filter(|_| is_crms)?;
    Timestamp::now().saturating_add(wait).ok()
}
