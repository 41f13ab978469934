//! One request of a call, from its start to its end.

use std::sync::Arc;

use switchboard_connector_sdk::Fault;
use tokio::time::Instant;

use super::{Call, Stage, State, Tracked, closed};
use crate::egress::record::{Effect, End, SentRequest};

/// One request of a call. What is dropped before it ended counts as given up.
#[derive(Debug)]
pub(in crate::egress) struct Entry {
    ticket: Ticket,
    name: String,
}

/// The right to begin one request, once.
#[derive(Debug, Clone)]
pub(in crate::egress) struct Ticket {
    call: Arc<Call>,
    idx: usize,
}

impl Entry {
    pub(super) fn new(call: Arc<Call>, idx: usize, name: String) -> Self {
        let ticket = Ticket { call, idx };
        Self { ticket, name }
    }

    pub(in crate::egress) fn ticket(&self) -> Ticket {
        self.ticket.clone()
    }

    /// Names the request for a person.
    pub(in crate::egress) fn name(&self) -> &str {
        &self.name
    }

    pub(in crate::egress) fn call(&self) -> &Call {
        &self.ticket.call
    }

    pub(in crate::egress) fn effect(&self) -> Effect {
        self.tracked(|it| it.request.effect)
    }

    /// Returns when the request left, if it did and has not ended.
    pub(in crate::egress) fn begun_at(&self) -> Option<Instant> {
        self.tracked(|it| match it.stage {
            Stage::Begun(at) => Some(at),
            Stage::Waiting | Stage::Ended => None,
        })
    }

    /// Waits until the request leaves.
    pub(in crate::egress) async fn begun(&self) {
        let idx = self.ticket.idx;
        let has_begun = |state: &State| matches!(state.requests[idx].stage, Stage::Begun(_));
        self.call().until(has_begun).await;
    }

    /// Takes back a request that has not left; says whether it could.
    pub(in crate::egress) fn withdraw(&self, reason: &str) -> bool {
        self.end_if(|it| (it.stage == Stage::Waiting).then(|| End::NotSent(reason.to_owned())))
    }

    /// Notes the status of an answer whose body is still to come.
    pub(in crate::egress) fn answering(&self, status: u16) {
        let idx = self.ticket.idx;
        self.call().state.send_modify(|state| {
            let tracked = &mut state.requests[idx];
            tracked.status = Some(status);
            // A server may answer before it has read the body, but not before it has seen the request.
            if tracked.stage == Stage::Waiting {
                tracked.begin();
            }
        });
    }

    /// Notes that the whole answer is there.
    pub(in crate::egress) fn answered(&self, status: u16) {
        self.end_if(|_| Some(End::Answered(status)));
    }

    /// Notes that nothing left after all.
    pub(in crate::egress) fn not_sent(&self, reason: &str) {
        self.end_if(|_| Some(End::NotSent(reason.to_owned())));
    }

    /// Notes that the request left and its answer did not arrive whole, and returns how it ended.
    pub(in crate::egress) fn broken_off(&self, reason: &str) -> End {
        self.end_if(|it| Some(End::broken_off(it.status, reason)));
        self.tracked(|it| it.request.end.clone())
    }

    fn end_if(&self, choose: impl FnOnce(&Tracked) -> Option<End>) -> bool {
        let idx = self.ticket.idx;
        let has_ended = self.call().state.send_if_modified(|state| {
            let tracked = &mut state.requests[idx];
            let end = (tracked.stage != Stage::Ended).then(|| choose(tracked));
            match end.flatten() {
                Some(end) => {
                    tracked.request.end = end;
                    tracked.stage = Stage::Ended;
                    true
                }
                None => false,
            }
        });
        if has_ended {
            self.trace();
        }
        has_ended
    }

    fn trace(&self) {
        // What must not be shown is looked for only if somebody looks.
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let crm = &*self.call().crm;
        // Copied out, for a subscriber may take its time and the lock is the call's.
        let (request, elapsed) = self.tracked(|it| (it.request.clone(), it.started.elapsed()));
        let SentRequest {
            method,
            host,
            path,
            effect,
            end,
        } = request;
        let (path, duration_ms) = (self.call().shown(&path), elapsed.as_millis());
        tracing::debug!(crm, method, host, path, %effect, %end, duration_ms, "request ended");
    }

    fn tracked<T>(&self, view: impl FnOnce(&Tracked) -> T) -> T {
        view(&self.call().state.borrow().requests[self.ticket.idx])
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.end_if(|it| {
            Some(match it.stage {
                Stage::Waiting => End::NotSent("it was given up before it left".to_owned()),
                _ => End::broken_off(it.status, "its answer was not waited for"),
            })
        });
    }
}

impl Ticket {
    /// Notes that the request leaves now.
    ///
    /// # Errors
    ///
    /// As [`Call::refusal`]; then nothing may leave.
    pub(in crate::egress) fn begin(&self) -> Result<(), Fault> {
        let mut result = Ok(());
        self.call.state.send_if_modified(|state| {
            let effect = state.requests[self.idx].request.effect;
            let refusal = self.call.refusal_in(state, effect);
            let tracked = &mut state.requests[self.idx];
            result = match refusal {
                Some(fault) => Err(fault),
                // The wire's end came between; its fault is told there.
                None if tracked.stage == Stage::Ended => Err(closed()),
                None => {
                    tracked.begin();
                    Ok(())
                }
            };
            result.is_ok()
        });
        result
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use switchboard_connector_sdk::{FaultCode, wire::RequestHead};

    use super::*;
    use crate::egress::{call::Show, deadline::Deadline, request::Request};

    fn call(time: Duration) -> Arc<Call> {
        let deadline = Deadline::at(Instant::now() + time);
        Arc::new(Call::new(
            "acme".into(),
            deadline,
            Arc::new([]),
            Show::new(str::to_owned),
        ))
    }

    fn start(call: &Arc<Call>, effect: Effect) -> Result<Entry, Fault> {
        let head = RequestHead::new("POST", "https://crm.test/x");
        call.start(&Request::read(head, vec![]).unwrap(), effect)
    }

    fn write(call: &Arc<Call>) -> Entry {
        start(call, Effect::Write).unwrap()
    }

    fn begin(entry: &Entry) -> Result<(), FaultCode> {
        entry.ticket().begin().map_err(|fault| fault.code())
    }

    fn ends(call: &Call) -> Vec<End> {
        let requests = call.record().requests.into_iter();
        requests.map(|it| it.end).collect()
    }

    #[test]
    fn nothing_begins_once_its_call_has_ended() {
        let endings: [(fn(&Call), _); 2] = [
            (Call::revoke, FaultCode::Closed),
            (Call::expire, FaultCode::Timeout),
        ];
        for (end, code) in endings {
            let call = call(Duration::from_secs(60));
            let (waiting, begun) = (write(&call), write(&call));
            assert_eq!(begin(&begun), Ok(()));
            end(&call);
            assert_eq!(begin(&waiting), Err(code));
            assert_eq!(start(&call, Effect::Read).unwrap_err().code(), code);
            assert_eq!(call.n_writes_under_way(), 1);
            assert!(matches!(ends(&call)[..], [End::NotSent(_), End::UnderWay]));
        }
    }

    #[test]
    fn nothing_begins_after_the_deadline() {
        let late = call(Duration::ZERO);
        let fault = start(&late, Effect::Write).unwrap_err();
        assert_eq!(fault.code(), FaultCode::Timeout);
    }

    #[test]
    fn a_request_that_was_taken_back_does_not_begin() {
        let call = call(Duration::from_secs(60));
        let entry = write(&call);
        assert!(entry.withdraw("too late"));
        assert_eq!(begin(&entry), Err(FaultCode::Closed));
        assert_eq!(ends(&call), [End::NotSent("too late".to_owned())]);
    }

    #[test]
    fn a_request_that_has_begun_cannot_be_taken_back() {
        let call = call(Duration::from_secs(60));
        let entry = write(&call);
        begin(&entry).unwrap();
        assert!(!entry.withdraw("too late"));
        entry.answered(200);
        assert_eq!(ends(&call), [End::Answered(200)]);
    }

    #[test]
    fn no_write_begins_after_one_that_ended_unclear() {
        let call = call(Duration::from_secs(60));
        let (unclear, waiting) = (write(&call), write(&call));
        begin(&unclear).unwrap();
        unclear.broken_off("reset");
        assert_eq!(begin(&waiting), Err(FaultCode::UnknownOutcome));
        assert!(start(&call, Effect::Write).is_err());
        assert!(start(&call, Effect::Read).is_ok());
    }

    #[test]
    fn no_write_begins_after_an_answer_that_leaves_the_end_unclear() {
        for (status, code) in [
            (500, Err(FaultCode::UnknownOutcome)),
            (302, Err(FaultCode::UnknownOutcome)),
            (409, Err(FaultCode::UnknownOutcome)),
            (429, Ok(())),
            (422, Ok(())),
            (201, Ok(())),
            (503, Ok(())),
        ] {
            let deadline = Deadline::at(Instant::now() + Duration::from_secs(60));
            let call = Arc::new(Call::new(
                "acme".into(),
                deadline,
                Arc::new([503]),
                Show::new(str::to_owned),
            ));
            let first = write(&call);
            begin(&first).unwrap();
            first.answered(status);
            let second = start(&call, Effect::Write).map_err(|fault| fault.code());
            assert_eq!(second.and_then(|second| begin(&second)), code, "{status}");
        }
    }

    #[test]
    fn the_first_end_of_a_request_stands() {
        let call = call(Duration::from_secs(60));
        let entry = write(&call);
        begin(&entry).unwrap();
        entry.answering(422);
        entry.answered(422);
        entry.broken_off("reset");
        entry.not_sent("never");
        drop(entry);
        assert_eq!(ends(&call), [End::Answered(422)]);
    }

    #[test]
    fn a_request_that_is_let_go_ends_by_how_far_it_came() {
        let call = call(Duration::from_secs(60));
        let (waiting, refused, begun) = (write(&call), write(&call), write(&call));
        begin(&refused).unwrap();
        refused.answering(422);
        begin(&begun).unwrap();
        drop((waiting, refused, begun));
        let ends = ends(&call);
        assert!(
            matches!(
                ends[..],
                [End::NotSent(_), End::Answered(422), End::Unclear(_)]
            ),
            "{ends:?}"
        );
        assert_eq!(call.n_writes_under_way(), 0);
    }
}
