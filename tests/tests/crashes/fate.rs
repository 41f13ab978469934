//! What happens to each call of a run: how the CRM treats it, who sends it, and when its program is killed.

use std::iter::{repeat, repeat_n};
use std::time::Duration;

use mock_crm::{Reply, Rule};

use super::call::{Call, Crm};
use super::chance::Chance;

/// How the CRM treats the first write of a call. Later ones are served as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    Usual,
    /// Answers late, in time.
    Delays(Duration),
    /// Stores nothing and hangs up.
    Drops,
    /// Stores the entry and hangs up.
    LosesReply,
    /// Stores the entry and breaks off within the answer.
    Truncates,
    /// Stores the entry and answers that it has failed.
    FailsAfterStoring,
    /// Stores nothing and asks to come back in a second.
    Refuses,
    /// Stores the entry and answers when nobody listens any more.
    Silent,
}

/// Which process of a program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The program itself, with which its worker ends.
    Host,
    /// The worker, in which the connector is: the program goes on.
    Worker,
}

/// When a program or its worker is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Its worker has begun to lock itself in, and is about to load the connector.
    WhileOpening,
    /// While its first read is not answered.
    AfterClaim,
    /// It has the answer to its last read and cannot write to the ledger.
    BeforeFence,
    /// It has a connection for its write, and the other side does not speak.
    AfterFence,
    /// The CRM has read its write and stored nothing; it does so afterwards.
    AfterSend,
    /// As before, but the CRM never stores it.
    AfterSendInVain,
    /// The CRM has stored its entry and not answered.
    AfterStoring,
    /// It has the answer to its write and cannot write to the ledger; a worker is stopped and does not get the answer.
    AfterReply,
    /// At any moment of its life.
    AtRandom,
}

/// What happens to one call.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    pub call: Call,
    pub treatment: Treatment,
    pub kill: Option<(Victim, Moment)>,
    /// After which part of its usual life a program is killed [at random](Moment::AtRandom).
    pub part_of_life: f64,
    /// How many programs log it at once.
    pub n_programs: usize,
    /// Whether it is sent again at once after the kill.
    pub is_sent_again: bool,
}

/// How many calls a run has, and of which fate; the others are treated as usual.
pub struct Plan {
    pub n_calls: usize,
    /// Of each kind so many.
    pub unusual: Vec<(Treatment, Option<Moment>, usize)>,
    /// Whom every kill hits.
    pub victim: Victim,
}

impl Plan {
    /// Deals the fates out.
    pub fn deal(&self, chance: &mut Chance) -> Vec<Fate> {
        let unusual = self.unusual.iter();
        let unusual = unusual.flat_map(|&(treatment, kill, n)| repeat_n((treatment, kill), n));
        let usual = repeat((Treatment::Usual, None));
        let mut fates: Vec<_> = unusual.chain(usual).take(self.n_calls).collect();
        chance.shuffle(&mut fates);
        let fates = fates.into_iter().enumerate();
        let fate = |(number, (treatment, moment))| self.fate(number, treatment, moment, chance);
        fates.map(fate).collect()
    }

    fn fate(
        &self,
        number: usize,
        treatment: Treatment,
        moment: Option<Moment>,
        chance: &mut Chance,
    ) -> Fate {
        let is_held = moment.is_some_and(|moment| moment != Moment::AtRandom);
        let crm = moment.and_then(Moment::crm);
        let crm = crm.unwrap_or(match chance.below(2) {
            0 => Crm::Example,
            _ => Crm::Pipedrive,
        });
        Fate {
            call: Call { crm, number },
            treatment,
            kill: moment.map(|moment| (self.victim, moment)),
            part_of_life: chance.part(),
            n_programs: match chance.below(6) {
                0 if !is_held => 2 + chance.below(3),
                _ => 1,
            },
            is_sent_again: moment.is_some() && chance.below(4) == 0,
        }
    }
}

impl Fate {
    /// Whether one program logs the call and nothing disturbs it.
    pub fn is_usual(&self) -> bool {
        (self.treatment, self.kill, self.n_programs) == (Treatment::Usual, None, 1)
    }
}

impl Moment {
    pub const HELD: [Self; 8] = [
        Self::WhileOpening,
        Self::AfterClaim,
        Self::BeforeFence,
        Self::AfterFence,
        Self::AfterSend,
        Self::AfterSendInVain,
        Self::AfterStoring,
        Self::AfterReply,
    ];

    /// Returns the only CRM with which the moment can be held, if there is only one.
    fn crm(self) -> Option<Crm> {
        match self {
            Moment::AfterClaim | Moment::BeforeFence => Some(Crm::Pipedrive),
            // With the other one the reads have made the connection.
            Moment::AfterFence => Some(Crm::Example),
            _ => None,
        }
    }

    /// Returns how a call ends whose worker is killed at this moment, if that does not depend on chance: by what has gone
    /// out for it.
    pub fn end_without_worker(self) -> Option<&'static str> {
        match self {
            Self::WhileOpening | Self::AtRandom => None,
            Self::AfterClaim | Self::BeforeFence | Self::AfterFence => Some("crashed"),
            Self::AfterSend | Self::AfterSendInVain | Self::AfterStoring | Self::AfterReply => {
                Some("unknown-outcome")
            }
        }
    }

    /// Whether the CRM has the whole write and has not answered it.
    pub fn is_between_send_and_reply(self) -> bool {
        matches!(
            self,
            Self::AfterSend | Self::AfterSendInVain | Self::AfterStoring
        )
    }
}

impl Treatment {
    /// Returns how much longer a call takes.
    pub fn delay(self) -> Duration {
        match self {
            Treatment::Delays(time) => time,
            _ => Duration::ZERO,
        }
    }

    /// Returns what the CRM has to be told.
    pub fn rule(self, call: Call) -> Option<Rule> {
        let rule = first_write(call);
        Some(match self {
            Treatment::Usual => return None,
            Treatment::Delays(time) => rule.delay(time),
            Treatment::Drops => rule.close(),
            Treatment::LosesReply => rule.store().reset(),
            Treatment::Truncates => rule.store().truncate(),
            Treatment::FailsAfterStoring => rule.store().reply(Reply::empty(500)),
            Treatment::Refuses => rule.reply(Reply::empty(429).header("retry-after", "1")),
            Treatment::Silent => rule.store().delay(Duration::from_secs(8)),
        })
    }
}

/// Begins a rule for the first write of a call.
pub fn first_write(call: Call) -> Rule {
    let rule = Rule::post(call.crm.path());
    rule.authorized(&call.authorization()).once()
}
