//! A request for a call that another request has, or has had.
//!
//! It reads before anything else, takes no place and claims nothing: what another request does with the call is its own
//! outcome, too.

use std::sync::Weak;
use std::time::Duration;

use jiff::Timestamp;
use switchboard_connector_sdk::{Fault, FaultCode};
use tokio::time::{Instant, sleep};

use super::Call;
use super::claim::is_under_way;
use super::prepare::Prepared;
use super::subject::Subject;
use crate::crm::Ready;
use crate::error_chain::with_sources;
use crate::ledger::state::{Standing, State};
use crate::ledger::{Ledger, Row, StoreError};
use crate::look_up::{LookUp, LookedUp};
use crate::outcome::{CallOutcome, NextStep, WITHOUT_LEDGER, recall};

/// How often the ledger is read while another request has the call: soon at first, then in this time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// What is known of a call whose end is unclear.
const UNCLEAR: &str = "an earlier request may have logged this call";

/// When a search that failed makes sense again.
const NEXT_SEARCH: Duration = Duration::from_secs(60);

/// A request for a call, and where the call is looked for.
pub(super) struct Repeat<'c> {
    pub(super) call: &'c Call,
    pub(super) ready: &'c Ready,
    pub(super) ledger: &'c Ledger,
    pub(super) subject: &'c Subject,
    pub(super) deadline: Instant,
}

/// What the ledger says to a request.
pub(super) enum Found {
    /// Nobody has the call; this would be so many attempts at it.
    Free { attempt: u32 },
    /// Another request has, or has had it: this is the outcome.
    Answer(Box<CallOutcome>),
}

impl Repeat<'_> {
    /// Looks whether the call is free, and waits for whoever has it.
    pub(super) async fn look(&self, prepared: &mut Prepared<'_>) -> Found {
        match self.try_to_look(prepared).await {
            Ok(found) => found,
            Err(error) => Found::Answer(Box::new(self.without_ledger(&error))),
        }
    }

    /// Returns the outcome of a request whose claim was refused: this is what the ledger said.
    pub(super) async fn taken(&self, row: Row) -> CallOutcome {
        let answer = match is_under_way(&row.standing.state, Timestamp::now()) {
            true => self.wait(row).await,
            false => Ok(self.answer(&row)),
        };
        answer.unwrap_or_else(|error| self.without_ledger(&error))
    }

    /// Returns the outcome of a call that could not be looked up, claimed or fenced in the ledger: nothing was sent.
    pub(super) fn without_ledger(&self, error: &StoreError) -> CallOutcome {
        let fault = Fault::unavailable(with_sources(error));
        let (id, crm) = (self.call.id.clone(), self.call.crm.display_name());
        unavailable(CallOutcome::failed(id, crm, &fault))
    }

    async fn try_to_look(&self, prepared: &mut Prepared<'_>) -> Result<Found, StoreError> {
        let mut row = self.ledger.read(&self.subject.key).await?;
        if row.as_ref().is_some_and(has_sent_and_vanished) {
            self.ledger.expire().await?;
            row = self.ledger.read(&self.subject.key).await?;
        }
        let Some(row) = row else {
            return Ok(Found::Free { attempt: 1 });
        };
        if row.session != self.subject.reference.session {
            // Another call under the same key of the caller's: the claim says so.
            return Ok(next_attempt(&row.standing));
        }
        let now = Timestamp::now();
        if is_under_way(&row.standing.state, now) {
            let answer = self.wait(row).await?;
            return Ok(Found::Answer(Box::new(answer)));
        }
        Ok(match &row.standing.state {
            State::Failed { retry_at } if retry_at.is_some_and(|at| now < at) => {
                Found::Answer(Box::new(self.answer(&row)))
            }
            State::Done { .. } => Found::Answer(Box::new(self.answer(&row))),
            State::Unknown => return self.doubt(&row, prepared).await,
            _ => next_attempt(&row.standing),
        })
    }

    /// Looks for the entry of a call whose end is unclear: this request may look into the CRM.
    async fn doubt(&self, row: &Row, prepared: &mut Prepared<'_>) -> Result<Found, StoreError> {
        if !self.ready.can_look_up {
            return Ok(Found::Answer(Box::new(self.answer(row))));
        }
        let call = serde_json::from_slice(prepared.completed(self.call.input.json()));
        let search = LookUp {
            id: &self.call.id,
            ready: self.ready,
            ledger: self.ledger,
            row,
            auth_header: prepared.auth_header.clone(),
            call: call.ok(),
            redactor: prepared.redactor.clone(),
            deadline: self.deadline,
            underway: Weak::clone(&self.call.underway),
        };
        let (why, next) = match search.run().await? {
            LookedUp::Settled => return self.resolved().await,
            LookedUp::TooEarly { until } => {
                let wait = Duration::try_from(until.duration_since(Timestamp::now()));
                let wait = wait.unwrap_or_default();
                (UNCLEAR.to_owned(), NextStep::LookUp { wait })
            }
            LookedUp::Several => (
                "several entries could be this call's".to_owned(),
                NextStep::Person,
            ),
            LookedUp::Failed(fault) => {
                let next = after_failed_look_up(&fault);
                let (code, why) = (fault.code(), fault.message());
                (
                    format!("{UNCLEAR}, and looking for its entry failed: {code}: {why}"),
                    next,
                )
            }
        };
        Ok(Found::Answer(Box::new(self.unclear(&why, &next))))
    }

    /// Returns what follows from a look-up that is in the ledger.
    async fn resolved(&self) -> Result<Found, StoreError> {
        let Some(row) = self.ledger.read(&self.subject.key).await? else {
            return Ok(Found::Free { attempt: 1 });
        };
        Ok(match &row.standing.state {
            State::Failed { retry_at: None } | State::Rejected => next_attempt(&row.standing),
            state if is_under_way(state, Timestamp::now()) => {
                Found::Answer(Box::new(self.wait(row).await?))
            }
            _ => Found::Answer(Box::new(self.answer(&row))),
        })
    }

    /// Waits for the end of the attempt that has the call, or for one that follows it.
    async fn wait(&self, mut row: Row) -> Result<CallOutcome, StoreError> {
        let mut pause = FIRST_PAUSE;
        while is_under_way(&row.standing.state, Timestamp::now()) {
            if Instant::now() + pause >= self.deadline {
                return Ok(self.in_progress("another request is still logging this call"));
            }
            tokio::select! {
                biased;
                () = self.call.stop.now() => {
                    return Ok(self.in_progress("another request is logging this call, and the host was told to stop"));
                }
                () = sleep(pause) => {}
            }
            pause = LONGEST_PAUSE.min(2 * pause);
            match self.ledger.read(&self.subject.key).await? {
                Some(found) => row = found,
                None => return Ok(self.vanished()),
            }
        }
        Ok(self.end_of(&row))
    }

    /// Returns what the end of another attempt means to this request.
    fn end_of(&self, row: &Row) -> CallOutcome {
        match &row.standing.state {
            State::Failed { .. } | State::Rejected => {
                self.recalled(row).unwrap_or_else(|| self.vanished())
            }
            State::Claimed { .. } => self.vanished(),
            _ => self.answer(row),
        }
    }

    /// Returns what a call that may not be claimed means to this request.
    fn answer(&self, row: &Row) -> CallOutcome {
        match &row.standing.state {
            State::Done { log_id } => self.logged(row, log_id),
            State::Failed { retry_at: Some(at) } => self.too_early(*at),
            State::Unknown | State::Sending { .. } => {
                let next = self.ready.next_step(row.standing.since);
                self.unclear(UNCLEAR, &next)
            }
            _ => self.end_of(row),
        }
    }

    fn logged(&self, row: &Row, log_id: &str) -> CallOutcome {
        let outcome = self.recalled(row);
        let outcome = outcome.unwrap_or_else(|| {
            CallOutcome::found(self.call.id.clone(), log_id.to_owned()).into_duplicate()
        });
        match row.contact_id == self.subject.reference.contact_id {
            true => outcome,
            false => outcome.with_message(
                "This call is logged already, for another contact; it was not logged for this one",
            ),
        }
    }

    fn recalled(&self, row: &Row) -> Option<CallOutcome> {
        recall(&self.call.id, row.outcome.clone()?)
    }

    fn too_early(&self, retry_at: Timestamp) -> CallOutcome {
        let wait = Duration::try_from(retry_at.duration_since(Timestamp::now()));
        let fault = Fault::rate_limited("the CRM has asked for a pause at the last attempt");
        self.failed(&fault.with_retry_after(wait.unwrap_or_default()))
    }

    fn unclear(&self, why: &str, next: &NextStep) -> CallOutcome {
        let why = Fault::unknown_outcome(why);
        let (id, crm) = (self.call.id.clone(), self.call.crm.display_name());
        CallOutcome::unclear(id, crm, &why, &self.subject.key, next).into_duplicate()
    }

    fn vanished(&self) -> CallOutcome {
        self.failed(&Fault::unavailable(
            "the request that had this call ended without having written anything",
        ))
    }

    fn in_progress(&self, why: &str) -> CallOutcome {
        self.failed(&Fault::in_progress(why))
    }

    fn failed(&self, fault: &Fault) -> CallOutcome {
        let (id, crm) = (self.call.id.clone(), self.call.crm.display_name());
        CallOutcome::failed(id, crm, fault).into_duplicate()
    }
}

/// Says of a call that was not logged for want of its ledger that the CRM is not to blame.
pub(super) fn unavailable(outcome: CallOutcome) -> CallOutcome {
    let code = outcome.error().map(|error| error.code);
    match code == Some(FaultCode::Unavailable) {
        true => outcome.with_message(WITHOUT_LEDGER),
        false => outcome,
    }
}

fn after_failed_look_up(fault: &Fault) -> NextStep {
    match fault.code() {
        FaultCode::Unsupported => NextStep::Person,
        _ => NextStep::LookUp {
            wait: fault.retry_after().unwrap_or(NEXT_SEARCH),
        },
    }
}

fn next_attempt(standing: &Standing) -> Found {
    let attempt = standing.token.number().saturating_add(1);
    Found::Free {
        attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
    }
}

fn has_sent_and_vanished(row: &Row) -> bool {
    let state = &row.standing.state;
    matches!(state, State::Sending { .. }) && !is_under_way(state, Timestamp::now())
}

impl Ready {
    /// Says who finds out whether the entry of a call exists that is unclear since then.
    pub(super) fn next_step(&self, since: Timestamp) -> NextStep {
        if !self.can_look_up {
            return NextStep::Person;
        }
        let passed = Timestamp::now().duration_since(since);
        let passed = Duration::try_from(passed).unwrap_or_default();
        NextStep::LookUp {
            wait: self.ledger.quarantine.saturating_sub(passed),
        }
    }
}
