//! A request for a call that another request has, or has had.
//!
//! It looks before anything else, takes no place and claims nothing: what another request does with the call is its own
//! outcome, too.

use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use switchboard_connector_sdk::{Fault, FaultCode};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::Call;
use super::first::{First, Followed};
use super::prepare::Prepared;
use super::subject::Subject;
use crate::crm::Ready;
use crate::egress::Record;
use crate::error_chain::with_sources;
use crate::ledger::state::{Standing, State};
use crate::ledger::{ClaimError, Ledger, Row, StoreError};
use crate::look_up::{LookUp, LookedUp};
use crate::outcome::{CallOutcome, NextStep, WITHOUT_LEDGER, recall};

/// How often the ledger is read while another request has the call: soon at first, then in this time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// What is known of a call whose end is unclear.
const UNCLEAR: &str = "an earlier request may have logged this call";

/// When a search that failed makes sense again.
const NEXT_SEARCH: Duration = Duration::from_secs(60);

/// What a request for another contact is told.
const OTHER_CONTACT: &str =
    "This call is logged already, for another contact; it was not logged for this one";

/// A request for a call, and where the call is looked for.
pub(super) struct Repeat<'c> {
    pub(super) call: &'c Call,
    pub(super) ready: &'c Ready,
    pub(super) ledger: &'c Ledger,
    pub(super) subject: &'c Subject,
    pub(super) deadline: Instant,
}

/// What is known of a call when a request for it comes.
pub(super) enum Found {
    /// Nobody has the call.
    Free(Free),
    /// Another request has, or has had it: this is the outcome, and what was sent to find it.
    Answer(Box<CallOutcome>, Record),
}

/// A call that this request may try to log.
pub(super) struct Free {
    /// Keeps equal calls of this host waiting.
    pub(super) first: First,
    /// This would be so many attempts at it.
    pub(super) attempt: u32,
}

/// What the ledger knows of a call.
enum Known {
    Free { attempt: u32 },
    Answer(Box<CallOutcome>, Record),
}

impl Known {
    fn answer(outcome: CallOutcome) -> Self {
        Known::Answer(Box::new(outcome), Record::default())
    }
}

impl Repeat<'_> {
    /// Looks whether the call is free, and waits for whoever has it.
    pub(super) async fn look(&self, prepared: &mut Prepared<'_>) -> Found {
        let first = match self.enter().await {
            Ok(first) => first,
            Err(outcome) => return Found::Answer(Box::new(outcome), Record::default()),
        };
        let looked = timeout_at(self.deadline, self.look_in_ledger(prepared)).await;
        let known = match looked {
            Ok(Ok(known)) => known,
            Ok(Err(error)) => Known::answer(self.without_ledger(&error)),
            Err(_) => Known::answer(unavailable(self.not_logged(&Fault::unavailable(
                "the ledger did not say in time whether the call is logged",
            )))),
        };
        match known {
            Known::Free { attempt } => Found::Free(Free { first, attempt }),
            Known::Answer(outcome, record) => {
                first.tell(&outcome);
                Found::Answer(outcome, record)
            }
        }
    }

    /// Returns the outcome of a request whose claim the ledger refused: this is what it said.
    pub(super) async fn taken(&self, row: Row) -> CallOutcome {
        let answer = match row.standing.state {
            State::Claimed { .. } | State::Sending { .. } => self.wait(row).await,
            _ => Ok(self.answer(&row)),
        };
        answer.unwrap_or_else(|error| self.without_ledger(&error))
    }

    /// Becomes the one request of this host for the call, or returns the outcome of the one that is.
    async fn enter(&self) -> Result<First, CallOutcome> {
        loop {
            let mut followed = match self.call.firsts.enter(self.subject) {
                Ok(first) => return Ok(first),
                Err(followed) => followed,
            };
            if followed.session != self.subject.reference.session {
                return Err(self.another_call());
            }
            let outcome = tokio::select! {
                biased;
                outcome = followed.outcome() => outcome,
                () = self.call.stop.now() => return Err(self.stopped()),
                () = sleep_until(self.deadline) => return Err(self.still_under_way()),
            };
            if let Some(outcome) = outcome {
                return Err(self.shared(&outcome, &followed));
            }
        }
    }

    /// Makes the outcome of an equal call of this host this request's.
    fn shared(&self, outcome: &Arc<CallOutcome>, of: &Followed) -> CallOutcome {
        let outcome = CallOutcome::clone(outcome).of_call(&self.call.id);
        self.for_contact(outcome.into_duplicate(), &of.contact_id)
    }

    async fn look_in_ledger(&self, prepared: &mut Prepared<'_>) -> Result<Known, StoreError> {
        let mut row = self.ledger.read(&self.subject.key).await?;
        if let Some(Row { standing, .. }) = &row
            && matches!(standing.state, State::Sending { .. })
            && is_silent(&standing.state)
        {
            self.ledger.expire().await?;
            row = self.ledger.read(&self.subject.key).await?;
        }
        let Some(row) = row else {
            return Ok(Known::Free { attempt: 1 });
        };
        if row.session != self.subject.reference.session {
            return Ok(Known::answer(self.another_call()));
        }
        Ok(match &row.standing.state {
            State::Done { .. } => Known::answer(self.answer(&row)),
            State::Failed { retry_at: Some(at) } if Timestamp::now() < *at => {
                Known::answer(self.answer(&row))
            }
            State::Failed { .. } | State::Rejected => next_attempt(&row.standing),
            // Whether its lease is over is for the store's clock to say.
            State::Claimed { .. } if is_silent(&row.standing.state) => next_attempt(&row.standing),
            State::Claimed { .. } | State::Sending { .. } => Known::answer(self.wait(row).await?),
            State::Unknown => return self.doubt(&row, prepared).await,
        })
    }

    /// Looks for the entry of a call whose end is unclear: this request may look into the CRM.
    async fn doubt(&self, row: &Row, prepared: &mut Prepared<'_>) -> Result<Known, StoreError> {
        if !self.ready.can_look_up() {
            return Ok(Known::answer(self.answer(row)));
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
            stop: &self.call.stop,
            underway: Weak::clone(&self.call.underway),
        };
        let (looked_up, record) = search.run().await?;
        let (why, next) = match looked_up {
            LookedUp::Settled => return self.resolved(record).await,
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
                let why = format!("{UNCLEAR}, and looking for its entry failed: {code}: {why}");
                (why, next)
            }
        };
        Ok(Known::Answer(Box::new(self.unclear(&why, &next)), record))
    }

    /// Returns what follows from a look-up that is in the ledger.
    async fn resolved(&self, record: Record) -> Result<Known, StoreError> {
        let Some(row) = self.ledger.read(&self.subject.key).await? else {
            return Ok(Known::Free { attempt: 1 });
        };
        let answer = match &row.standing.state {
            State::Failed { retry_at: None } | State::Rejected => {
                return Ok(next_attempt(&row.standing));
            }
            State::Claimed { .. } | State::Sending { .. } => self.wait(row).await?,
            State::Failed { .. } | State::Done { .. } | State::Unknown => self.answer(&row),
        };
        Ok(Known::Answer(Box::new(answer), record))
    }

    /// Waits for the end of the attempt that has the call, or of one that follows it, and takes it for its own.
    async fn wait(&self, mut row: Row) -> Result<CallOutcome, StoreError> {
        let mut pause = FIRST_PAUSE;
        while let State::Claimed { .. } | State::Sending { .. } = row.standing.state {
            if Instant::now() + pause >= self.deadline {
                return Ok(self.still_under_way());
            }
            tokio::select! {
                biased;
                () = self.call.stop.now() => return Ok(self.stopped()),
                () = sleep(pause) => {}
            }
            pause = LONGEST_PAUSE.min(2 * pause);
            match self.ledger.read(&self.subject.key).await? {
                Some(found) => row = found,
                None => return Ok(self.forgotten()),
            }
        }
        Ok(match row.standing.state {
            State::Failed { .. } | State::Rejected => {
                self.recalled(&row).unwrap_or_else(|| self.forgotten())
            }
            _ => self.answer(&row),
        })
    }

    /// Returns what a call that may not be claimed means to this request.
    fn answer(&self, row: &Row) -> CallOutcome {
        match &row.standing.state {
            State::Done { log_id } => self.logged(row, log_id),
            State::Failed { retry_at: Some(at) } => self.too_early(*at),
            State::Failed { retry_at: None } | State::Rejected => self.forgotten(),
            State::Claimed { .. } => self.still_under_way(),
            State::Sending { .. } | State::Unknown => {
                let until = row.quarantined_until(self.ready.ledger.quarantine);
                let wait = Duration::try_from(until.duration_since(Timestamp::now()));
                let next = self.ready.next_step(wait.unwrap_or_default());
                self.unclear(UNCLEAR, &next)
            }
        }
    }

    fn logged(&self, row: &Row, log_id: &str) -> CallOutcome {
        let outcome = self.recalled(row);
        let outcome = outcome.unwrap_or_else(|| {
            CallOutcome::found(self.call.id.clone(), log_id.to_owned()).into_duplicate()
        });
        self.for_contact(outcome, &row.contact_id)
    }

    /// Says so where a call was logged for another contact.
    fn for_contact(&self, outcome: CallOutcome, contact_id: &str) -> CallOutcome {
        let is_same = self.subject.reference.contact_id == contact_id;
        match is_same || outcome.log_id().is_none() {
            true => outcome,
            false => outcome.with_message(OTHER_CONTACT),
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

    fn another_call(&self) -> CallOutcome {
        let idempotency_key = self.subject.key.idempotency_key().unwrap_or_default();
        let error = ClaimError::AnotherCall {
            idempotency_key: idempotency_key.to_owned(),
        };
        self.not_logged(&Fault::invalid_input(error.to_string()))
    }

    fn forgotten(&self) -> CallOutcome {
        self.failed(&Fault::unavailable(
            "the request that had this call ended, and the ledger does not say why",
        ))
    }

    fn still_under_way(&self) -> CallOutcome {
        self.failed(&Fault::in_progress(
            "another request is still logging this call",
        ))
    }

    fn stopped(&self) -> CallOutcome {
        self.failed(&Fault::in_progress(
            "another request is logging this call, and the host was told to stop",
        ))
    }

    fn failed(&self, fault: &Fault) -> CallOutcome {
        self.not_logged(fault).into_duplicate()
    }

    fn not_logged(&self, fault: &Fault) -> CallOutcome {
        CallOutcome::failed(self.call.id.clone(), self.call.crm.display_name(), fault)
    }

    /// Makes the outcome of a call that could not be looked up in the ledger: nothing was sent.
    fn without_ledger(&self, error: &StoreError) -> CallOutcome {
        unavailable(self.not_logged(&Fault::unavailable(with_sources(error))))
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

/// Whether the lease of an attempt is over by this machine's clock.
fn is_silent(state: &State) -> bool {
    match state {
        State::Claimed { lease_until } | State::Sending { lease_until } => {
            *lease_until <= Timestamp::now()
        }
        State::Done { .. } | State::Failed { .. } | State::Rejected | State::Unknown => false,
    }
}

fn after_failed_look_up(fault: &Fault) -> NextStep {
    match fault.code() {
        FaultCode::Unsupported
        | FaultCode::Panicked
        | FaultCode::Internal
        | FaultCode::InvalidInput => NextStep::Person,
        _ => NextStep::LookUp {
            wait: fault.retry_after().unwrap_or(NEXT_SEARCH),
        },
    }
}

fn next_attempt(standing: &Standing) -> Known {
    let attempt = standing.token.number().saturating_add(1);
    Known::Free {
        attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
    }
}
