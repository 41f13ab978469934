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
    pub kills: Vec<Kill>,
    /// Each id that a program has given out, and for which call.
    pub answers: Vec<(Call, String)>,
    /// How many programs were run.
    pub n_programs: usize,
    /// How many times an operator had to end a quarantine.
    pub n_quarantines: usize,
}

/// The end of a program or its worker.
#[derive(Debug, Clone)]
pub struct Kill {
    pub moment: Moment,
    /// What the ledger said of the call right then: nothing before the claim.
    pub state: Option<StateName>,
    /// How the program then ended the call, if it was its worker that was killed: with which error, or as `logged`.
    pub end: Option<String>,
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
    pub fn note_kill_of_host(&mut self, moment: Moment, state: Option<StateName>) {
        self.n_programs += 1;
        self.kills.push(Kill {
            moment,
            state,
            end: None,
        });
    }

    /// Takes the end of a program whose worker was killed.
    ///
    /// # Panics
    ///
    /// As [`note`](Self::note).
    pub fn note_kill_of_worker(
        &mut self,
        moment: Moment,
        state: Option<StateName>,
        call: Call,
        output: &Output,
    ) {
        self.note(call, output);
        let outcome = output.json().unwrap();
        let end = outcome["error"]["code"].as_str().unwrap_or("logged");
        self.kills.push(Kill {
            moment,
            state,
            end: Some(end.to_owned()),
        });
    }

    /// Counts the kills between send and reply.
    pub fn n_between_send_and_reply(&self) -> usize {
        let moments = self.kills.iter().map(|kill| kill.moment);
        moments.filter(|it| it.is_between_send_and_reply()).count()
    }
}

/// Lists the kills: how many by state, then by moment, state and end of the call.
impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states = self.kills.iter().map(|kill| name(kill.state).to_owned());
        let moments = self.kills.iter().map(Kill::to_string);
        let (n_kills, n_between) = (self.kills.len(), self.n_between_send_and_reply());
        write!(
            formatter,
            "{n_kills} killed, {n_between} between send and reply; by state: {}; by moment: {}",
            counted(states),
            counted(moments)
        )
    }
}

impl fmt::Display for Kill {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} {}", self.moment, name(self.state))?;
        match &self.end {
            Some(end) => write!(formatter, " {end}"),
            None => Ok(()),
        }
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
