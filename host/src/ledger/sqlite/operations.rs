//! What a ledger does to a call, each within one transaction: read, ask the table, write down.

use jiff::Timestamp;
use rusqlite::{Connection, named_params, params};

use super::rows;
use crate::ledger::columns::{Kept, number_of};
use crate::ledger::state::{Event, Found, Refusal, Standing, StateName, Token, step};
use crate::ledger::store::{AnotherCall, BATCH, Refused, Unresolved};
use crate::ledger::{CallKey, Claim, NewClaim, Row, Settlement};

/// A ledger inside a transaction, at a moment.
pub(in crate::ledger) struct Operations<'c> {
    pub(in crate::ledger) connection: &'c Connection,
    pub(in crate::ledger) now: Timestamp,
}

/// An event was granted.
struct Granted {
    number: i64,
    state: StateName,
}

impl Operations<'_> {
    pub(in crate::ledger) fn claim(
        &self,
        key: &CallKey,
        new: &NewClaim,
    ) -> rusqlite::Result<Result<Claim, AnotherCall>> {
        let text = key.to_string();
        let row = self.notice(&text)?;
        let is_other = |row: &Row| row.session != new.reference.session;
        if row.as_ref().is_some_and(is_other) {
            return Ok(Err(AnotherCall));
        }
        let event = Event::Claim { lease: new.lease };
        let step = step(row.as_ref().map(|it| &it.standing), &event, self.now);
        match (step.standing, row) {
            (Some(standing), row) if step.refusal.is_none() => {
                let number = self.write_claim(&text, key.crm(), new, &standing, row.as_ref())?;
                self.write_attempt(number, standing.token, &new.call_id)?;
                Ok(Ok(Claim::Claimed(standing.token)))
            }
            (_, row) => {
                let row = row.expect("the table grants the first claim of a key");
                Ok(Ok(Claim::Duplicate(Box::new(row))))
            }
        }
    }

    pub(in crate::ledger) fn fence(
        &self,
        key: &str,
        token: Token,
    ) -> rusqlite::Result<Result<(), Refused>> {
        let told = self.tell(key, &Event::Fence { token })?;
        if let Ok(Granted { number, .. }) = told {
            let sql = "UPDATE attempts SET fenced_ms = ?3 WHERE call = ?1 AND token = ?2";
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.execute(params![number, number_of(token), self.now_ms()])?;
        }
        Ok(told.map(drop))
    }

    pub(in crate::ledger) fn settle(
        &self,
        key: &str,
        token: Token,
        settlement: &Settlement,
    ) -> rusqlite::Result<Result<(), Refused>> {
        let end = settlement.end.clone();
        let told = self.tell(key, &Event::Settle { token, end })?;
        if let Ok(Granted { number, state }) = told {
            let sent = serde_json::to_string(&settlement.sent).map_err(unwritable)?;
            self.write_settled(number, token, state, Some(&sent))?;
            let outcome = settlement.outcome.to_string();
            let sql = "UPDATE calls SET outcome = ?2 WHERE number = ?1";
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.execute(params![number, outcome])?;
        }
        Ok(told.map(drop))
    }

    /// Takes what a look-up found or an operator decided. An entry that another call of the tenant has is not found.
    pub(in crate::ledger) fn resolve(
        &self,
        key: &str,
        event: &Event,
        by: &str,
    ) -> rusqlite::Result<Result<(), Unresolved>> {
        if let Event::LookedUp {
            found: Found::One { log_id },
            ..
        } = event
            && let Some(row) = rows::find(self.connection, key)?
            && let Some(other) = rows::with_entry(self.connection, &row, log_id)?
        {
            return Ok(Err(Unresolved::EntryOf(other.key, log_id.clone())));
        }
        let told = self.tell(key, event)?;
        if let Ok(Granted { number, state }) = told {
            let mut statement = self.connection.prepare_cached(
                "UPDATE attempts SET resolved_ms = ?2, resolved_as = ?3, resolved_by = ?4
                WHERE call = ?1 AND token = (SELECT token FROM calls WHERE number = ?1)",
            )?;
            statement.execute(params![number, self.now_ms(), state.as_str(), by])?;
            // It said that nobody knows.
            let sql = "UPDATE calls SET outcome = NULL WHERE number = ?1";
            self.connection.prepare_cached(sql)?.execute([number])?;
        }
        Ok(told.map(drop).map_err(Unresolved::Refused))
    }

    /// Notices which leases have ended after a write may have left; returns the keys of at most a batch.
    pub(in crate::ledger) fn expire(&self) -> rusqlite::Result<Vec<CallKey>> {
        let keys = rows::expired(self.connection, self.now, BATCH)?;
        let mut noticed = Vec::with_capacity(keys.len());
        for key in keys {
            noticed.extend(self.notice(&key)?.map(|row| row.key));
        }
        Ok(noticed)
    }

    /// Forgets what got into `DONE` or `REJECTED` before a moment; returns how many of at most a batch.
    pub(in crate::ledger) fn prune(&self, before: Timestamp) -> rusqlite::Result<usize> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM calls WHERE number IN (
                SELECT number FROM calls
                WHERE state IN ('DONE', 'REJECTED') AND since_ms < ?1 LIMIT ?2)",
        )?;
        statement.execute(params![before.as_millisecond(), BATCH as i64])
    }

    /// Asks the table, and writes down where the call stands then.
    fn tell(&self, key: &str, event: &Event) -> rusqlite::Result<Result<Granted, Refused>> {
        let Some(row) = self.notice(key)? else {
            let (why, row) = (Refusal::Missing, None);
            return Ok(Err(Refused { why, row }));
        };
        let step = step(Some(&row.standing), event, self.now);
        if let Some(why) = step.refusal {
            let row = Some(Box::new(row));
            return Ok(Err(Refused { why, row }));
        }
        let (number, mut state) = (row.number as i64, row.standing.state.name());
        if let Some(standing) = step.standing.filter(|it| *it != row.standing) {
            self.write_standing(number, &standing)?;
            state = standing.state.name();
        }
        Ok(Ok(Granted { number, state }))
    }

    /// Reads a call; a lease that has ended is noticed and written down first.
    fn notice(&self, key: &str) -> rusqlite::Result<Option<Row>> {
        let Some(mut row) = rows::find(self.connection, key)? else {
            return Ok(None);
        };
        let noticed = step(Some(&row.standing), &Event::Expire, self.now).standing;
        if let Some(standing) = noticed.filter(|it| *it != row.standing) {
            let number = row.number as i64;
            self.write_standing(number, &standing)?;
            self.write_settled(number, standing.token, standing.state.name(), None)?;
            row.standing = standing;
        }
        Ok(Some(row))
    }

    fn write_claim(
        &self,
        key: &str,
        crm: &str,
        new: &NewClaim,
        standing: &Standing,
        row: Option<&Row>,
    ) -> rusqlite::Result<i64> {
        let NewClaim { reference, .. } = new;
        // Two texts and no upsert: that would use up a number at every claim.
        let mut statement = self.connection.prepare_cached(match row {
            None => INSERT_CALL,
            Some(_) => UPDATE_CALL,
        })?;
        statement.execute(named_params! {
            ":key": key,
            ":crm": crm,
            ":hostname": reference.hostname,
            ":user_id": reference.user_id,
            ":session": reference.session,
            ":contact_id": reference.contact_id,
            ":session_id": reference.session_id,
            ":telephony_session_id": reference.telephony_session_id,
            ":record_id": reference.record_id,
            ":started_ms": reference.started_at.as_millisecond(),
            ":direction": reference.direction,
            ":token": number_of(standing.token),
            ":now_ms": self.now_ms(),
            ":lease_until_ms": Kept::from(standing).lease_until_ms,
        })?;
        Ok(row.map_or_else(
            || self.connection.last_insert_rowid(),
            |row| row.number as i64,
        ))
    }

    fn write_attempt(&self, number: i64, token: Token, call_id: &str) -> rusqlite::Result<()> {
        let sql = "INSERT INTO attempts (call, token, call_id, claimed_ms) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.execute(params![number, number_of(token), call_id, self.now_ms()])?;
        Ok(())
    }

    fn write_standing(&self, number: i64, standing: &Standing) -> rusqlite::Result<()> {
        let kept = Kept::from(standing);
        let mut statement = self.connection.prepare_cached(UPDATE_STANDING)?;
        statement.execute(named_params! {
            ":number": number,
            ":state": kept.state,
            ":since_ms": kept.since_ms,
            ":lease_until_ms": kept.lease_until_ms,
            ":retry_at_ms": kept.retry_at_ms,
            ":log_id": kept.log_id,
            ":is_open": kept.is_open,
        })?;
        Ok(())
    }

    fn write_settled(
        &self,
        number: i64,
        token: Token,
        state: StateName,
        sent: Option<&str>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE attempts SET settled_ms = ?3, settled_as = ?4, sent = ?5
            WHERE call = ?1 AND token = ?2",
        )?;
        let token = number_of(token);
        statement.execute(params![number, token, self.now_ms(), state.as_str(), sent])?;
        Ok(())
    }

    fn now_ms(&self) -> i64 {
        self.now.as_millisecond()
    }
}

const INSERT_CALL: &str = "
INSERT INTO calls (
    key, crm, hostname, user_id, session, contact_id,
    session_id, telephony_session_id, record_id, started_ms, direction,
    state, token, first_claimed_ms, claimed_ms, since_ms, lease_until_ms)
VALUES (
    :key, :crm, :hostname, :user_id, :session, :contact_id,
    :session_id, :telephony_session_id, :record_id, :started_ms, :direction,
    'CLAIMED', :token, :now_ms, :now_ms, :now_ms, :lease_until_ms)";

const UPDATE_CALL: &str = "
UPDATE calls SET
    crm = :crm, hostname = :hostname, user_id = :user_id, session = :session, contact_id = :contact_id,
    session_id = :session_id, telephony_session_id = :telephony_session_id, record_id = :record_id,
    started_ms = :started_ms, direction = :direction,
    state = 'CLAIMED', token = :token, claimed_ms = :now_ms, since_ms = :now_ms,
    lease_until_ms = :lease_until_ms, retry_at_ms = NULL, log_id = NULL, outcome = NULL
WHERE key = :key";

/// What finds an entry goes once nobody needs to look for it.
const UPDATE_STANDING: &str = "
UPDATE calls SET
    state = :state, since_ms = :since_ms,
    lease_until_ms = :lease_until_ms, retry_at_ms = :retry_at_ms, log_id = :log_id,
    session_id = CASE WHEN :is_open THEN session_id END,
    telephony_session_id = CASE WHEN :is_open THEN telephony_session_id END,
    record_id = CASE WHEN :is_open THEN record_id END,
    started_ms = CASE WHEN :is_open THEN started_ms END,
    direction = CASE WHEN :is_open THEN direction END
WHERE number = :number";

fn unwritable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}
