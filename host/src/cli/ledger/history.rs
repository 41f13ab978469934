//! All that a ledger keeps of one call.

use serde::Serialize;
use switchboard_host::ledger::state::State;
use switchboard_host::ledger::{Attempt, CallReference, Ledger, Row, Sent, SentEnd, StoreError};

use crate::cli::on_one_line;

/// A call and its attempts.
#[derive(Serialize)]
pub(super) struct History {
    #[serde(flatten)]
    row: Row,
    /// What finds the entry; `None` once nobody needs to look for it.
    reference: Option<CallReference>,
    attempts: Vec<Attempt>,
}

impl History {
    pub(super) async fn read(ledger: &Ledger, row: Row) -> Result<Self, StoreError> {
        let attempts = ledger.attempts(&row.key).await?;
        Ok(Self {
            reference: row.reference.clone(),
            row,
            attempts,
        })
    }

    /// Writes it for a person: a line a fact.
    pub(super) fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.row.key);
        let reference = self.reference.iter().flat_map(of_reference);
        for (name, fact) in of_row(&self.row).into_iter().chain(reference) {
            text.push_str(&line(name, &fact));
        }
        for attempt in &self.attempts {
            text.push_str(&format!("attempt {}\n", attempt.token));
            for (name, fact) in of_attempt(attempt) {
                text.push_str(&line(name, &fact));
            }
        }
        text
    }
}

/// The name of a fact, and the fact.
type Fact = (&'static str, String);

fn line(name: &str, fact: &str) -> String {
    format!("  {name:<21}{}\n", on_one_line(fact))
}

fn of_row(row: &Row) -> Vec<Fact> {
    let standing = &row.standing;
    let state = format!("{} since {}", standing.state.name(), standing.since);
    let mut facts = vec![("state", state)];
    match &standing.state {
        State::Claimed { lease_until } | State::Sending { lease_until } => {
            facts.push(("lease until", lease_until.to_string()));
        }
        State::Done { log_id } => facts.push(("entry", log_id.clone())),
        State::Failed { retry_at: Some(at) } => facts.push(("not again before", at.to_string())),
        _ => {}
    }
    facts.extend([
        ("hostname", row.hostname.clone()),
        ("user", row.user_id.clone()),
        ("contact", row.contact_id.clone()),
        ("session", row.session.clone()),
        ("first claimed", row.first_claimed_at.to_string()),
    ]);
    let outcome = row.outcome.as_ref();
    facts.extend(outcome.map(|outcome| ("outcome", outcome.to_string())));
    facts
}

fn of_reference(reference: &CallReference) -> Vec<Fact> {
    let ids = [
        ("sessionId", &reference.session_id),
        ("telephonySessionId", &reference.telephony_session_id),
        ("id", &reference.record_id),
    ];
    let ids = ids
        .into_iter()
        .filter_map(|(name, id)| Some((name, id.clone()?)));
    let mut facts: Vec<_> = ids.collect();
    facts.push(("started", reference.started_at.to_string()));
    facts.push(("direction", reference.direction.clone()));
    facts
}

fn of_attempt(attempt: &Attempt) -> Vec<Fact> {
    let mut facts = vec![
        ("call_id", attempt.call_id.clone()),
        ("claimed", attempt.claimed_at.to_string()),
    ];
    let fenced = attempt.fenced_at;
    facts.extend(fenced.map(|at| ("allowed to write", at.to_string())));
    let settled = attempt.settled;
    facts.extend(settled.map(|settled| ("ended", format!("{} {}", settled.at, settled.state))));
    facts.extend(attempt.resolved.iter().map(|resolved| {
        let (at, state, by) = (resolved.at, resolved.state, &resolved.by);
        ("resolved", format!("{at} {state} by {by}"))
    }));
    facts.extend(attempt.sent.iter().map(|sent| ("sent", of_request(sent))));
    facts
}

fn of_request(sent: &Sent) -> String {
    let end = match (sent.end, sent.status) {
        (SentEnd::Answered, Some(status)) => format!("answered {status}"),
        (SentEnd::Answered, None) => "answered".to_owned(),
        (SentEnd::NotSent, _) => "never left".to_owned(),
        (SentEnd::Unclear, _) => "its end is unclear".to_owned(),
        (SentEnd::UnderWay, _) => "was still under way".to_owned(),
    };
    let kind = if sent.write { "write" } else { "read" };
    let (method, host, path) = (&sent.method, &sent.host, &sent.path);
    format!("{method} {host}{path} ({kind}): {end}")
}
