//! What is usual, in one round trip.
//!
//! Each statement grants one row of the table: a call that nobody knows is claimed, a claim gets its fence, an attempt
//! settles in time. Whatever else is the case is not decided here.

use super::locked::Locked;
use super::{Failure, Session};
use crate::ledger::columns::{call, is_open, moment, number_of};
use crate::ledger::state::{AttemptEnd, Event, Token, step};
use crate::ledger::store::{AnotherCall, Refused, Unresolved};
use crate::ledger::{CallKey, Claim, NewClaim, Row, Settlement};
use jiff::Timestamp;

impl Session<'_> {
    pub(super) async fn claim(
        &mut self,
        key: &CallKey,
        new: &NewClaim,
    ) -> Result<Result<Claim, AnotherCall>, Failure> {
        // Nothing found and nothing claimed is never taken for "free": it is asked again.
        loop {
            match self.claim_new(key, new).await? {
                Answer::Claimed => return Ok(Ok(Claim::Claimed(Token::FIRST))),
                Answer::Known(row, now) => {
                    if row.session != new.reference.session {
                        return Ok(Err(AnotherCall));
                    }
                    if is_taken(&row, new, now) {
                        return Ok(Ok(Claim::Duplicate(row)));
                    }
                    let mut locked = Locked::begin(self).await?;
                    let claimed = locked.claim(key, new).await?;
                    locked.commit().await?;
                    if let Some(claimed) = claimed {
                        return Ok(claimed);
                    }
                }
                Answer::Nothing => {}
            }
        }
    }

    async fn claim_new(&self, key: &CallKey, new: &NewClaim) -> Result<Answer, Failure> {
        let (key, crm, it) = (key.to_string(), key.crm(), &new.reference);
        let started_ms = it.started_at.as_millisecond();
        let lease_ms = i64::try_from(new.lease.as_millis()).unwrap_or(i64::MAX / 2);
        let statement = self.client.prepare_cached(&self.statements.claim).await?;
        let answer = self
            .client
            .query_one(
                &statement,
                &[
                    &key,
                    &crm,
                    &it.hostname,
                    &it.user_id,
                    &it.session,
                    &it.contact_id,
                    &it.session_id,
                    &it.telephony_session_id,
                    &it.record_id,
                    &started_ms,
                    &it.direction,
                    &lease_ms.min(i64::MAX / 2),
                    &new.call_id,
                ],
            )
            .await?;
        if answer.try_get("is_claimed")? {
            return Ok(Answer::Claimed);
        }
        match answer.try_get::<_, Option<i64>>("number")? {
            Some(_) => Ok(Answer::Known(
                Box::new(call(&answer)?),
                moment(&answer, "now_ms")?,
            )),
            None => Ok(Answer::Nothing),
        }
    }

    pub(super) async fn fence(
        &mut self,
        key: &str,
        token: Token,
    ) -> Result<Result<(), Refused>, Failure> {
        let statement = self.client.prepare_cached(&self.statements.fence).await?;
        let n_fenced = self
            .client
            .execute(&statement, &[&key, &number_of(token)])
            .await?;
        if n_fenced == 1 {
            return Ok(Ok(()));
        }
        let mut locked = Locked::begin(self).await?;
        let fenced = locked.fence(key, token).await?;
        locked.commit().await?;
        Ok(fenced)
    }

    pub(super) async fn settle(
        &mut self,
        key: &str,
        token: Token,
        settlement: &Settlement,
    ) -> Result<Result<(), Refused>, Failure> {
        if self.settle_in_time(key, token, settlement).await? {
            return Ok(Ok(()));
        }
        let mut locked = Locked::begin(self).await?;
        let settled = locked.settle(key, token, settlement).await?;
        locked.commit().await?;
        Ok(settled)
    }

    async fn settle_in_time(
        &self,
        key: &str,
        token: Token,
        settlement: &Settlement,
    ) -> Result<bool, Failure> {
        let (mut retry_at, mut entry) = (None, None);
        match &settlement.end {
            AttemptEnd::Done { log_id } => entry = Some(log_id.as_str()),
            AttemptEnd::Failed { retry_at: at } => retry_at = at.map(Timestamp::as_millisecond),
            AttemptEnd::Rejected | AttemptEnd::Unknown => {}
        }
        let state = settlement.end.state_name();
        let sent = sent(settlement);
        let statement = self.client.prepare_cached(&self.statements.settle).await?;
        let n_settled = self
            .client
            .execute(
                &statement,
                &[
                    &key,
                    &number_of(token),
                    &state.as_str(),
                    &retry_at,
                    &entry,
                    &settlement.outcome.to_string(),
                    &sent,
                    &is_open(state),
                ],
            )
            .await?;
        Ok(n_settled == 1)
    }

    pub(super) async fn resolve(
        &mut self,
        key: &CallKey,
        event: &Event,
        by: &str,
    ) -> Result<Result<(), Unresolved>, Failure> {
        let mut locked = Locked::begin(self).await?;
        let resolved = locked.resolve(key, event, by).await?;
        locked.commit().await?;
        Ok(resolved)
    }

    pub(super) async fn expire(&mut self) -> Result<Vec<CallKey>, Failure> {
        let mut locked = Locked::begin(self).await?;
        let expired = locked.expire().await?;
        locked.commit().await?;
        Ok(expired)
    }
}

/// What became of a claim of a new call.
enum Answer {
    Claimed,
    /// Somebody claimed it before, and stands there at this moment.
    Known(Box<Row>, Timestamp),
    Nothing,
}

/// Whether the table refuses a claim, and nothing is to be written down with that.
fn is_taken(row: &Row, new: &NewClaim, now: Timestamp) -> bool {
    let event = Event::Claim { lease: new.lease };
    let step = step(Some(&row.standing), &event, now);
    step.refusal.is_some() && step.standing.as_ref() == Some(&row.standing)
}

pub(super) fn sent(settlement: &Settlement) -> String {
    serde_json::to_string(&settlement.sent).expect("texts and numbers are JSON")
}
