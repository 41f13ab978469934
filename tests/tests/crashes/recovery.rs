//! What an operator does after the crashes: sends again what is not logged, when its time has come.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use switchboard_host::ledger::Row;
use switchboard_host::ledger::state::State;

use super::call::Call;
use super::run::Run;
use super::site::{QUARANTINE, Site};

/// What is not logged after so many requests never will be.
const PATIENCE: usize = 12;

/// Sends every call again, as often as it takes, until all are logged; returns how many times one was.
pub fn recover(run: &Run<'_>, calls: &[Call]) -> usize {
    let mut n_sent = BTreeMap::new();
    loop {
        let mut open = open(run.site, calls);
        open.retain(|(_, call)| n_sent.get(&call.number) < Some(&PATIENCE));
        let Some(&(earliest, _)) = open.first() else {
            return n_sent.values().sum();
        };
        wait_until(earliest);
        let now = Timestamp::now();
        let due = open.iter().take_while(|&&(due_at, _)| due_at <= now);
        let due: Vec<Call> = due.map(|&(_, call)| call).collect();
        run.send_again(&due);
        for call in due {
            *n_sent.entry(call.number).or_default() += 1;
        }
    }
}

/// Returns the calls that are not logged, and from when on a request comes further than the one before, in that order.
fn open(site: &Site, calls: &[Call]) -> Vec<(Timestamp, Call)> {
    let rows = site.rows();
    let due_at = |call: Call| due_at(site.row_of(call, &rows));
    let open = calls.iter().filter_map(|&call| Some((due_at(call)?, call)));
    let mut open: Vec<_> = open.collect();
    open.sort_by_key(|&(due_at, _)| due_at);
    open
}

/// Returns that moment for a call; `None` if it is logged.
fn due_at(row: Option<&Row>) -> Option<Timestamp> {
    let Some(row) = row else {
        return Some(Timestamp::MIN);
    };
    let standing = &row.standing;
    match standing.state {
        State::Done { .. } => None,
        State::Claimed { lease_until } | State::Sending { lease_until } => Some(lease_until),
        State::Unknown => Some(standing.since + QUARANTINE),
        State::Failed { retry_at } => Some(retry_at.unwrap_or(Timestamp::MIN)),
        State::Rejected => Some(Timestamp::MIN),
    }
}

/// The ledger's clock is this machine's.
fn wait_until(moment: Timestamp) {
    let left = moment.duration_since(Timestamp::now());
    thread::sleep(Duration::try_from(left).unwrap_or_default());
}
