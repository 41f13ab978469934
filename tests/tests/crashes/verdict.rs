//! Whether each call has its one entry, and everybody knows which.

use std::collections::BTreeMap;

use switchboard_host::ledger::Row;
use switchboard_host::ledger::state::{State, StateName};

use super::call::{Call, number_of_entry};
use super::site::Site;
use super::tally::Tally;

/// What must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The CRM has several entries of the call. It never forgets one: what it has now is the most that it ever had.
    SeveralEntries(Call, Vec<String>),
    /// The CRM has no entry of the call.
    NoEntry(Call),
    /// The ledger does not say that the call is logged.
    NotDone(Call, Option<StateName>),
    /// The ledger names another entry than the one that the CRM has.
    AnotherEntry(Call, String, Vec<String>),
    /// A program has named another one.
    WrongAnswer(Call, String, Vec<String>),
}

/// Compares what the CRM has with what the ledger and the programs say.
pub fn faults(site: &Site, calls: &[Call], tally: &Tally) -> Vec<Fault> {
    let (entries, rows) = (entries(site), site.rows());
    let ids = |call: Call| entries.get(&call.number).cloned().unwrap_or_default();
    let mut faults = Vec::new();
    for &call in calls {
        let ids = ids(call);
        faults.extend(fault_of_ledger(call, site.row_of(call, &rows), &ids));
        match ids.len() {
            0 => faults.push(Fault::NoEntry(call)),
            1 => {}
            _ => faults.push(Fault::SeveralEntries(call, ids)),
        }
    }
    for (call, answer) in &tally.answers {
        let ids = ids(*call);
        if !ids.contains(answer) {
            faults.push(Fault::WrongAnswer(*call, answer.clone(), ids));
        }
    }
    faults
}

/// Returns the ids of the CRM's entries, by the number of the call.
fn entries(site: &Site) -> BTreeMap<usize, Vec<String>> {
    let mut ids = BTreeMap::<_, Vec<String>>::new();
    for entry in site.crm.entries() {
        ids.entry(number_of_entry(&entry))
            .or_default()
            .push(entry.id);
    }
    ids
}

fn fault_of_ledger(call: Call, row: Option<&Row>, ids: &[String]) -> Option<Fault> {
    match row.map(|row| &row.standing.state) {
        Some(State::Done { log_id }) if ids.contains(log_id) => None,
        Some(State::Done { log_id }) => {
            Some(Fault::AnotherEntry(call, log_id.clone(), ids.to_owned()))
        }
        state => Some(Fault::NotDone(call, state.map(State::name))),
    }
}
