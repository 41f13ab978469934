//! Looks for the entry of a call whose end is unclear.
//!
//! The connector is asked by `findCallLog`, and may only read. It names every entry that could be the call's; the host
//! leaves out those of other calls. None means that nothing was written, one is the call's entry, several are for a
//! person to tell apart; so is one that could be that of another unclear call. The ledger decides whether the search came late enough to count.

mod answer;

use std::any::Any;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use switchboard_connector_sdk::wire::ContextHead;
use switchboard_connector_sdk::{Fault, FaultCode};
use tokio::time::{Instant, timeout_at};

use crate::connector::{CallLog, CallServices, Closing, FIND_CALL_LOG};
use crate::crm::Ready;
use crate::dry_run::shown_path;
use crate::egress::{Record, Show, Terms, Unguarded, Wire, Writes};
use crate::host::Stop;
use crate::ledger::state::Found;
use crate::ledger::{Ledger, ResolveError, Row, StoreError};
use crate::redact::Redactor;
use crate::secret::Secret;
use answer::Candidates;

/// So many entries are not told apart.
const MAX_CANDIDATES: usize = 100;

/// So many calls that could be taken for one are not told apart, either.
const MAX_RIVALS: usize = 5;

/// One search.
pub(crate) struct LookUp<'a> {
    pub(crate) id: &'a str,
    pub(crate) ready: &'a Ready,
    pub(crate) ledger: &'a Ledger,
    /// The call, in doubt.
    pub(crate) row: &'a Row,
    pub(crate) auth_header: Secret,
    /// The input of the request that brought the search about, if one did.
    pub(crate) call: Option<Box<RawValue>>,
    pub(crate) redactor: Redactor,
    pub(crate) deadline: Instant,
    pub(crate) stop: &'a Stop,
    pub(crate) underway: Weak<dyn Any + Send + Sync>,
}

/// What a search came to.
#[derive(Debug)]
pub(crate) enum LookedUp {
    /// The ledger says now whether the call is logged, by this search or by somebody else's word.
    Settled,
    /// A write may still be on its way.
    TooEarly {
        /// The end of that time.
        until: Timestamp,
    },
    /// Several entries could be the call's.
    Several,
    /// The search failed; nothing follows.
    Failed(Fault),
}

/// The input of `findCallLog`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    reference: Reference<'a>,
    auth_header: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference<'a> {
    #[serde(flatten)]
    kept: &'a crate::ledger::CallReference,
    /// An entry of an earlier attempt is the call's, too.
    claimed_at: String,
}

impl LookUp<'_> {
    /// Searches the CRM and tells the ledger. Also returns what was sent.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing is known to be written down.
    pub(crate) async fn run(self) -> Result<(LookedUp, Record), StoreError> {
        let quarantine = self.ready.ledger.quarantine;
        let begun = Timestamp::now();
        let until = self.row.quarantined_until(quarantine);
        if begun < until {
            return Ok((LookedUp::TooEarly { until }, Record::default()));
        }
        let (candidates, record) = self.search(self.row, self.call.as_deref()).await;
        let looked_up = match candidates {
            Ok(candidates) => self.tell(&candidates, begun, quarantine).await?,
            Err(fault) => Err(fault),
        };
        let looked_up =
            looked_up.unwrap_or_else(|fault| LookedUp::Failed(self.shown(&fault, &record)));
        Ok((looked_up, record))
    }

    /// Tells the ledger what was found. An entry that turns out to be another call's meanwhile is left out, too.
    async fn tell(
        &self,
        candidates: &Candidates,
        begun: Timestamp,
        quarantine: Duration,
    ) -> Result<Result<LookedUp, Fault>, StoreError> {
        let (key, token) = (&self.row.key, self.row.standing.token);
        loop {
            let mut found = self.found(candidates).await?;
            if let Found::One { log_id } = &found {
                match self.is_disputed(log_id).await? {
                    Ok(false) => {}
                    Ok(true) => found = Found::Several,
                    Err(fault) => return Ok(Err(fault)),
                }
            }
            let told = self
                .ledger
                .looked_up(key, token, found.clone(), begun, quarantine);
            let looked_up = match told.await {
                Ok(()) | Err(ResolveError::MovedOn { .. } | ResolveError::Missing { .. }) => {
                    LookedUp::Settled
                }
                Err(ResolveError::Quarantined { until, .. }) => LookedUp::TooEarly { until },
                Err(ResolveError::Several { .. }) => LookedUp::Several,
                Err(ResolveError::EntryOfAnother { .. }) => continue,
                Err(ResolveError::Store(error)) => return Err(error),
            };
            self.report(&found);
            return Ok(Ok(looked_up));
        }
    }

    fn report(&self, found: &Found) {
        let (key, found) = match found {
            Found::Several => {
                let key = &self.row.key;
                tracing::warn!(%key, "several entries could be that of an unclear call: a person has to say which");
                return;
            }
            Found::None => (&self.row.key, None),
            Found::One { log_id } => (&self.row.key, Some(log_id)),
        };
        tracing::info!(%key, log_id = found, "the entry of an unclear call was looked for");
    }

    /// Asks the connector for the entries of a call, until the time is over or the host stops.
    async fn search(
        &self,
        row: &Row,
        call: Option<&RawValue>,
    ) -> (Result<Candidates, Fault>, Record) {
        let redactor = self.redactor.clone();
        let wire = self.ready.egress.begin(Terms {
            deadline: self.deadline,
            writes: Writes::Refuse,
            guard: Arc::new(Unguarded),
            underway: Weak::clone(&self.underway),
            show: Show::new(move |path| shown_path(path, &redactor)),
        });
        let candidates = tokio::select! {
            biased;
            () = self.stop.now() => Err(Fault::unavailable("the host was told to stop")),
            candidates = timeout_at(self.deadline, self.ask(&wire, row, call)) => {
                candidates.unwrap_or_else(|_| Err(too_late()))
            }
        };
        if candidates
            .as_ref()
            .is_err_and(|fault| fault.code() == FaultCode::Panicked)
        {
            self.ready.give_up_looking();
        }
        (candidates, wire.record())
    }

    async fn ask(
        &self,
        wire: &Wire,
        row: &Row,
        call: Option<&RawValue>,
    ) -> Result<Candidates, Fault> {
        let ready = self.ready;
        let _permit = ready.gate.enter(self.deadline).await?;
        let instance = ready.connector.instance().await?;
        let (input, context) = (self.input(row, call)?, self.context()?);
        let sink = ready.connector.log().with_redactor(self.redactor.clone());
        let log = CallLog::new(sink, self.id.to_owned());
        let services = Closing(CallServices::new(wire.clone(), log));
        let mut running = instance.call(&services.0, FIND_CALL_LOG, context, input);
        Candidates::read(&running.answer().await?)
    }

    /// Leaves out the entries of other calls.
    async fn found(&self, candidates: &Candidates) -> Result<Found, StoreError> {
        if candidates.log_ids.len() > MAX_CANDIDATES {
            return Ok(Found::Several);
        }
        let mut remaining = Vec::new();
        for log_id in &candidates.log_ids {
            if self.ledger.holder(self.row, log_id).await?.is_none() {
                remaining.push(log_id);
            }
        }
        let likeliest = candidates.likeliest.as_ref();
        let log_id = match (
            &remaining[..],
            likeliest.filter(|it| remaining.iter().any(|id| id == it)),
        ) {
            ([], _) => return Ok(Found::None),
            ([log_id], _) => (*log_id).clone(),
            (_, Some(log_id)) => log_id.clone(),
            (_, None) => return Ok(Found::Several),
        };
        Ok(Found::One { log_id })
    }

    /// Says whether an entry could as well be that of another call whose end is unclear: the connector names it for that
    /// one, too.
    async fn is_disputed(&self, log_id: &str) -> Result<Result<bool, Fault>, StoreError> {
        let rivals = self.ledger.rivals(self.row).await?;
        if rivals.len() > MAX_RIVALS {
            return Ok(Ok(true));
        }
        for rival in &rivals {
            let (candidates, _) = self.search(rival, None).await;
            match candidates {
                Ok(candidates) if candidates.log_ids.contains(log_id) => return Ok(Ok(true)),
                Ok(_) => {}
                Err(fault) => return Ok(Err(fault)),
            }
        }
        Ok(Ok(false))
    }

    fn input(&self, row: &Row, call: Option<&RawValue>) -> Result<Vec<u8>, Fault> {
        let kept = row.reference.as_ref();
        let kept = kept.ok_or_else(|| {
            Fault::internal("the ledger has forgotten what finds the entry of this call")
        })?;
        to_json(&Input {
            reference: Reference {
                kept,
                claimed_at: row.first_claimed_at.to_string(),
            },
            auth_header: self.auth_header.expose(),
            call,
        })
    }

    fn context(&self) -> Result<Vec<u8>, Fault> {
        let remaining = self.deadline.saturating_duration_since(Instant::now());
        let mut head = ContextHead::new(self.id);
        head.remaining_ms = u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX);
        to_json(&head)
    }

    /// Returns a fault as people may see it. Without the call's input nobody knows what is private in a connector's words.
    fn shown(&self, fault: &Fault, record: &Record) -> Fault {
        let text = match (&self.call, record.requests.last()) {
            (Some(_), _) => self.redactor.redact(fault.message()),
            (None, Some(last)) => format!("the last request was {}", last.end),
            (None, None) => "the connector sent nothing".to_owned(),
        };
        let shown = Fault::new(fault.code(), text);
        match fault.retry_after() {
            Some(wait) => shown.with_retry_after(wait),
            None => shown,
        }
    }
}

fn too_late() -> Fault {
    Fault::timeout("the connector did not find out in the time that a call may take")
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|error| {
        Fault::internal(format!("cannot write what is looked for as JSON: {error}"))
    })
}
