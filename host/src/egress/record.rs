//! What one call sent, and what follows from it.

use std::{fmt, sync::Arc};

/// Which requests of a call left the machine and how each ended, in the order in which they were started.
///
/// A request that the policy refused is not listed: nothing was attempted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The requests; every hop of a redirect is one.
    pub requests: Vec<SentRequest>,
    rejects_unapplied: Arc<[u16]>,
}

/// One request of a call. Holds nothing secret: neither query nor headers nor bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// The method.
    pub method: String,
    /// The host, with the port where it is not the scheme's own.
    pub host: String,
    /// The path, without its query.
    pub path: String,
    /// Whether it could change something.
    pub effect: Effect,
    /// How it ended.
    pub end: End,
}

/// Whether a request could change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `GET`, `HEAD`, `OPTIONS`, and what connector and manifest agree on as read.
    Read,
    /// Everything else.
    Write,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum End {
    /// It was handed over, and its end is still awaited.
    UnderWay,
    /// Nothing of it left the machine, for this reason.
    NotSent(String),
    /// The answer's status; for 2xx the whole answer arrived, too.
    Answered(u16),
    /// It left, and nobody knows what became of it, for this reason.
    Unclear(String),
}

/// What a call's writes did, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WriteVerdict {
    /// No write left, or the CRM answered that it applied none (429, `rejects_unapplied`).
    NothingWritten,
    /// The CRM refused a write as it is; nothing was written.
    Rejected,
    /// A write succeeded.
    Written,
    /// The end of a write is unclear: something may have been written.
    Unclear,
}

/// Answers by which a CRM says that it refuses the request as it is and did nothing.
///
/// 408, 409 and 425 are not among them: they may follow an earlier copy that was applied. Other 4xx have no
/// such agreed meaning; an operator who knows better lists them under `rejects_unapplied`.
const REJECTING: [u16; 13] = [
    400, 401, 403, 404, 405, 410, 413, 414, 415, 421, 422, 431, 451,
];

const TOO_MANY_REQUESTS: u16 = 429;

impl Record {
    /// Makes a record; `rejects_unapplied` are the statuses that say "nothing was applied" for this CRM.
    pub fn new(requests: Vec<SentRequest>, rejects_unapplied: Arc<[u16]>) -> Self {
        Self {
            requests,
            rejects_unapplied,
        }
    }

    /// Returns the worst that follows from any write of the call.
    ///
    /// So one unclear write makes the call unclear whatever the others did, and once a write succeeded, no
    /// later refusal says that nothing was written. The order of the writes does not matter.
    pub fn verdict(&self) -> WriteVerdict {
        let writes = self.requests.iter().filter(|it| it.effect == Effect::Write);
        let verdicts = writes.map(|write| write.end.verdict(&self.rejects_unapplied));
        verdicts.max().unwrap_or(WriteVerdict::NothingWritten)
    }

    /// Counts the requests that left the machine.
    pub fn n_sent(&self) -> usize {
        let sent = self.requests.iter().filter(|it| it.end.was_sent());
        sent.count()
    }
}

impl End {
    /// Whether the request left the machine.
    pub fn was_sent(&self) -> bool {
        !matches!(self, End::NotSent(_))
    }

    /// Judges one write; `rejects_unapplied` are the statuses that say "nothing was applied" for this CRM.
    pub(super) fn verdict(&self, rejects_unapplied: &[u16]) -> WriteVerdict {
        match self {
            End::NotSent(_) => WriteVerdict::NothingWritten,
            End::UnderWay | End::Unclear(_) => WriteVerdict::Unclear,
            End::Answered(200..300) => WriteVerdict::Written,
            End::Answered(TOO_MANY_REQUESTS) => WriteVerdict::NothingWritten,
            End::Answered(status) if rejects_unapplied.contains(status) => {
                WriteVerdict::NothingWritten
            }
            End::Answered(status) if REJECTING.contains(status) => WriteVerdict::Rejected,
            End::Answered(_) => WriteVerdict::Unclear,
        }
    }

    /// The end of a request whose answer broke off: a refusal stands even without its text, a success does
    /// not.
    pub(super) fn broken_off(status: Option<u16>, reason: &str) -> Self {
        match status {
            Some(status) if !(200..300).contains(&status) => End::Answered(status),
            _ => End::Unclear(reason.to_owned()),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Effect::Read => "read",
            Effect::Write => "write",
        })
    }
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::UnderWay => formatter.write_str("under way"),
            End::NotSent(reason) => write!(formatter, "not sent: {reason}"),
            End::Answered(status) => write!(formatter, "answered {status}"),
            End::Unclear(reason) => write!(formatter, "unclear: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{WriteVerdict::*, *};

    fn request(effect: Effect, end: End) -> SentRequest {
        SentRequest {
            method: "POST".into(),
            host: "crm.example".into(),
            path: "/activities".into(),
            effect,
            end,
        }
    }

    fn record(writes: Vec<End>) -> Record {
        let writes = writes.into_iter().map(|end| request(Effect::Write, end));
        Record::new(writes.collect(), Arc::new([503, 201]))
    }

    fn not_sent() -> End {
        End::NotSent("connection refused".into())
    }

    fn unclear() -> End {
        End::Unclear("connection reset".into())
    }

    #[test]
    fn a_call_without_writes_wrote_nothing() {
        let reads = [End::Answered(200), End::Answered(500), unclear()];
        let reads = reads.map(|end| request(Effect::Read, end));
        let record = Record::new(reads.into(), Arc::new([]));
        assert_eq!(record.verdict(), NothingWritten);
        assert_eq!(record.n_sent(), 3);
        assert_eq!(Record::default().verdict(), NothingWritten);
    }

    #[test]
    fn each_end_of_a_write_has_its_verdict() {
        let table = [
            (vec![not_sent()], NothingWritten),
            (vec![End::UnderWay], Unclear),
            (vec![unclear()], Unclear),
            (vec![End::Answered(429)], NothingWritten),
            (vec![End::Answered(503)], NothingWritten),
            (vec![End::Answered(201)], Written),
        ];
        for (writes, verdict) in table {
            assert_eq!(record(writes.clone()).verdict(), verdict, "{writes:?}");
        }
    }

    #[test]
    fn every_status_has_the_verdict_of_the_settlement_table() {
        let rejecting = [
            400, 401, 403, 404, 405, 410, 413, 414, 415, 421, 422, 431, 451,
        ];
        for status in 100..=599 {
            let verdict = match status {
                200..=299 => Written,
                429 | 503 => NothingWritten,
                _ if rejecting.contains(&status) => Rejected,
                _ => Unclear,
            };
            let found = record(vec![End::Answered(status)]).verdict();
            assert_eq!(found, verdict, "{status}");
        }
    }

    #[test]
    fn a_call_settles_by_the_worst_of_its_writes() {
        let table = [
            (vec![End::Answered(429), End::Answered(422)], Rejected),
            (vec![End::Answered(200), End::Answered(422)], Written),
            (vec![End::Answered(200), End::Answered(429)], Written),
            (vec![End::Answered(200), not_sent()], Written),
            (vec![End::Answered(200), End::Answered(500)], Unclear),
            (vec![End::Answered(403), unclear()], Unclear),
            (vec![not_sent(), End::Answered(404)], Rejected),
        ];
        for (writes, verdict) in table {
            assert_eq!(record(writes.clone()).verdict(), verdict, "{writes:?}");
        }
    }

    #[test]
    fn a_refusal_survives_the_loss_of_its_text_and_a_success_does_not() {
        assert_eq!(End::broken_off(Some(422), "reset"), End::Answered(422));
        assert_eq!(
            End::broken_off(Some(201), "reset"),
            End::Unclear("reset".into())
        );
        assert_eq!(End::broken_off(None, "reset"), End::Unclear("reset".into()));
    }

    fn any_end() -> impl Strategy<Value = End> {
        prop_oneof![
            Just(not_sent()),
            Just(unclear()),
            Just(End::UnderWay),
            (100..600u16).prop_map(End::Answered),
        ]
    }

    proptest! {
        #[test]
        fn no_order_of_writes_is_better_than_the_worst_of_them(
            writes in prop::collection::vec(any_end(), 1..6),
            turn in 0..6usize,
        ) {
            let alone = writes.iter().map(|end| record(vec![end.clone()]).verdict());
            let worst = alone.max().unwrap();
            let mut turned = writes.clone();
            turned.rotate_left(turn % writes.len());
            prop_assert_eq!(record(writes).verdict(), worst);
            prop_assert_eq!(record(turned).verdict(), worst);
        }
    }
}
