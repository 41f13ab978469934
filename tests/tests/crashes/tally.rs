//! What has happened in a run.

use std::collections::BTreeMap;
use std::fmt;

use switchboard_host::ledger::state::StateName;
use switchboard_tests::Output;

use super::call::Call;
use super::fate::Moment;

/// What has happened in a run.
#[derive(Default, Clone)]
pub struct Tally {
    /// When each program was killed, and what the ledger said of its call right then: nothing before the claim.
    pub kills: Vec<(Moment, Option<StateName>)>,
    /// Each id that a program has given out, and for which call.
    pub answers: Vec<(Call, String)>,
    /// How many programs were run.
    pub n_programs: usize,
}

impl Tally {
    /// Takes the end of a program that was not killed.
    ///
    /// # Panics
    ///
    /// No program may end like this.
    pub fn note(&mut self, call: Call, output: &Output) {
        self.n_programs += 1;
        let log_id = output.json().unwrap()["logId"].clone();
        match output.code {
            Some(0) => {
                let log_id = log_id.as_str().unwrap().to_owned();
                self.answers.push((call, log_id));
            }
            Some(1 | 3) => assert!(log_id.is_null(), "{output:#?}"),
            _ => panic!("{output:#?}"),
        }
    }

    /// Takes a program that was killed.
    pub fn note_kill(&mut self, moment: Moment, state: Option<StateName>) {
        self.n_programs += 1;
        self.kills.push((moment, state));
    }

    /// Counts the kills between send and reply.
    pub fn n_between_send_and_reply(&self) -> usize {
        let is_between = |&&(moment, _): &&(Moment, _)| moment.is_between_send_and_reply();
        self.kills.iter().filter(is_between).count()
    }
}

/// Lists the kills: how many by state, then by moment and state.
impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states = self.kills.iter().map(|&(_, state)| name(state).to_owned());
        let moments = self.kills.iter();
        let moments = moments.map(|&(moment, state)| format!("{moment:?} {}", name(state)));
        let (n_kills, n_between) = (self.kills.len(), self.n_between_send_and_reply());
        write!(
            formatter,
            "{n_kills} killed, {n_between} between send and reply; by state: {}; by moment: {}",
            counted(states),
            counted(moments)
        )
    }
}

fn name(state: Option<StateName>) -> &'static str {
    state.map_or("unclaimed", StateName::as_str)
}

fn counted(names: impl Iterator<Item = String>) -> String {
    let mut counts = BTreeMap::<_, usize>::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let counts = counts.into_iter().map(|(name, n)| format!("{n} {name}"));
    counts.collect::<Vec<_>>().join(", ")
}
