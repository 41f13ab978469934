//! What egress knows of one call: the requests it made and whether it may make more.
//!
//! One lock guards both, so "may this write begin" and "it has begun" are one step: once [`Call::revoke`] has
//! returned, no write begins, and every write that did is in the record.

mod entry;

pub(super) use entry::{Entry, Ticket};

use std::fmt;
use std::sync::Arc;

use switchboard_connector_sdk::Fault;
use tokio::{sync::watch, time::Instant};

use super::{
    deadline::Deadline,
    policy::authority,
    record::{Effect, End, Record, SentRequest, WriteVerdict},
    request::Request,
};

/// The record of a call in the making.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) crm: Arc<str>,
    pub(super) deadline: Deadline,
    rejects_unapplied: Arc<[u16]>,
    show: Show,
    state: watch::Sender<State>,
}

/// Takes out of a text what must not be shown.
pub(crate) struct Show(Box<dyn Fn(&str) -> String + Send + Sync>);

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    requests: Vec<Tracked>,
    captured: Option<Request>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    Expired,
    /// A write was captured in the place of being sent. Nothing begins and nobody is answered any more.
    Captured,
    Revoked,
}

#[derive(Debug)]
struct Tracked {
    request: SentRequest,
    stage: Stage,
    started: Instant,
    /// The status, once the answer's head is there.
    status: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Begun(Instant),
    Ended,
}

impl Show {
    pub(crate) fn new(show: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Box::new(show))
    }
}

impl fmt::Debug for Show {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Show(..)")
    }
}

impl Call {
    pub(super) fn new(
        crm: Arc<str>,
        deadline: Deadline,
        rejects_unapplied: Arc<[u16]>,
        show: Show,
    ) -> Self {
        Self {
            crm,
            deadline,
            rejects_unapplied,
            show,
            state: watch::Sender::default(),
        }
    }

    /// Returns a text without what must not be shown.
    pub(super) fn shown(&self, text: &str) -> String {
        (self.show.0)(text)
    }

    /// Takes a request into the record; nothing of it has left yet.
    ///
    /// # Errors
    ///
    /// As [`Call::refusal`].
    pub(super) fn start(
        self: &Arc<Self>,
        request: &Request,
        effect: Effect,
    ) -> Result<Entry, Fault> {
        let mut result = Ok(0);
        self.state.send_modify(|state| {
            result = match self.refusal_in(state, effect) {
                Some(fault) => Err(fault),
                None => Ok(state.push(request, effect)),
            };
        });
        let call = Arc::clone(self);
        result.map(|idx| Entry::new(call, idx, request.name()))
    }

    /// Says why a request may not begin now: `closed`, `timeout`, or `unknown-outcome` for a write after an
    /// unclear one.
    pub(super) fn refusal(&self, effect: Effect) -> Option<Fault> {
        self.refusal_in(&self.state.borrow(), effect)
    }

    pub(super) fn revoke(&self) {
        self.state.send_modify(|state| state.phase = Phase::Revoked);
    }

    /// Keeps a write that is not sent. It is the call's last request.
    ///
    /// # Errors
    ///
    /// As [`Call::refusal`].
    pub(super) fn capture(self: &Arc<Self>, request: Request) -> Result<(), Fault> {
        let entry = self.start(&request, Effect::Write)?;
        entry.withdraw("a dry run sends no write");
        let mut result = Ok(());
        self.state.send_modify(|state| {
            result = match self.refusal_in(state, Effect::Write) {
                Some(fault) => Err(fault),
                None => {
                    state.phase = Phase::Captured;
                    state.captured = Some(request);
                    Ok(())
                }
            };
        });
        result
    }

    /// Waits until a write is captured, which may never be.
    pub(super) async fn has_captured(&self) {
        self.until(|state| state.captured.is_some()).await;
    }

    pub(super) fn captured(&self) -> Option<Request> {
        self.state.borrow().captured.clone()
    }

    pub(super) fn expire(&self) {
        self.state.send_if_modified(|state| {
            let is_open = state.phase == Phase::Open;
            if is_open {
                state.phase = Phase::Expired;
            }
            is_open
        });
    }

    /// Waits until the call is expired or revoked and says which.
    pub(super) async fn stopped(&self) -> Fault {
        self.until(|state| matches!(state.phase, Phase::Expired | Phase::Revoked))
            .await;
        let fault = self.refusal(Effect::Read);
        fault.unwrap_or_else(closed)
    }

    pub(super) async fn revoked(&self) {
        self.until(|state| state.phase == Phase::Revoked).await;
    }

    pub(super) fn n_writes_under_way(&self) -> usize {
        self.state.borrow().n_writes_under_way()
    }

    pub(super) async fn writes_ended(&self) {
        self.until(|state| state.n_writes_under_way() == 0).await;
    }

    pub(super) fn record(&self) -> Record {
        let state = self.state.borrow();
        let requests = state.requests.iter().map(|it| it.request.clone());
        Record::new(requests.collect(), Arc::clone(&self.rejects_unapplied))
    }

    async fn until(&self, condition: impl FnMut(&State) -> bool) {
        let mut state = self.state.subscribe();
        // An error would say that the sender is gone; it is this very struct.
        let _ = state.wait_for(condition).await;
    }

    /// Whether a write ended in a way that settles the call as unclear: by its loss, or by an answer such as 502.
    fn has_unclear_write(&self, state: &State) -> bool {
        let ended = state.writes().filter(|write| write.stage == Stage::Ended);
        let mut verdicts = ended.map(|write| write.request.end.verdict(&self.rejects_unapplied));
        verdicts.any(|verdict| verdict == WriteVerdict::Unclear)
    }

    fn refusal_in(&self, state: &State, effect: Effect) -> Option<Fault> {
        match state.phase {
            Phase::Captured | Phase::Revoked => Some(closed()),
            Phase::Expired => Some(expired()),
            Phase::Open if self.deadline.has_passed() => Some(expired()),
            Phase::Open if effect == Effect::Write && self.has_unclear_write(state) => {
                Some(Fault::unknown_outcome(
                    "an earlier write of this call ended unclear, so nothing more is written",
                ))
            }
            Phase::Open => None,
        }
    }
}

impl State {
    fn push(&mut self, request: &Request, effect: Effect) -> usize {
        self.requests.push(Tracked {
            request: SentRequest {
                method: request.method.to_string(),
                host: authority(&request.url),
                path: request.url.path().to_owned(),
                effect,
                end: End::NotSent("it has not left yet".to_owned()),
            },
            stage: Stage::Waiting,
            started: Instant::now(),
            status: None,
        });
        self.requests.len() - 1
    }

    fn n_writes_under_way(&self) -> usize {
        self.writes()
            .filter(|write| write.request.end == End::UnderWay)
            .count()
    }

    fn writes(&self) -> impl Iterator<Item = &Tracked> {
        let requests = self.requests.iter();
        requests.filter(|it| it.request.effect == Effect::Write)
    }
}

impl Tracked {
    fn begin(&mut self) {
        self.stage = Stage::Begun(Instant::now());
        self.request.end = End::UnderWay;
    }
}

fn closed() -> Fault {
    Fault::closed("the call has ended; its services cannot be used any more")
}

fn expired() -> Fault {
    Fault::timeout("the call's time is over")
}
