//! What really happens around one call: hosts that stop and wake up, writes on their way, entries in the CRM.
//!
//! The world knows what no table can know, where each write is, and judges by that alone. It hears the table's answers
//! and does not repeat its rules.

use std::fmt;

use proptest::prelude::*;

use super::*;

pub(super) type Table = fn(Option<&Standing>, &Event, Timestamp) -> Step;

const LEASE: Duration = Duration::from_secs(90);
const QUARANTINE: Duration = Duration::from_secs(300);
/// From the fence on a host trusts its own clock for this long; before it, for nothing.
const TIME_TO_WRITE: Duration = Duration::from_secs(60);
/// How long a write that has left may be on its way, in seconds.
const LATEST_ARRIVAL: u64 = 200;

/// What happens next. Attempts and look-ups are counted modulo how many there are.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Wait { seconds: u64 },
    Claim,
    Fence { attempt: usize },
    Write { attempt: usize, fate: Fate },
    Settle { attempt: usize },
    Crash { attempt: usize },
    Expire,
    Search,
    Report { search: usize },
    AskOperator,
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Applied,
    Refused,
    NotSent,
    /// Applied this many seconds later; the answer is lost.
    AnswerLost(u64),
    RequestLost,
}

/// A promise that was broken.
#[derive(Debug)]
pub(super) struct Broken(pub(super) String);

pub(super) struct World {
    table: Table,
    now: Timestamp,
    standing: Option<Standing>,
    attempts: Vec<Attempt>,
    searches: Vec<Search>,
    entries: Vec<Entry>,
}

struct Attempt {
    token: Token,
    fenced_at: Option<Timestamp>,
    /// What it would settle with.
    end: AttemptEnd,
    has_written: bool,
    is_over: bool,
}

struct Search {
    token: Token,
    begun: Timestamp,
    found: Found,
}

struct Entry {
    log_id: String,
    attempt: usize,
    arrives: Timestamp,
}

impl Action {
    pub(super) fn any() -> impl Strategy<Value = Self> {
        let any_fate = prop_oneof![
            1 => Just(Fate::Applied),
            1 => Just(Fate::Refused),
            1 => Just(Fate::NotSent),
            3 => (0..LATEST_ARRIVAL).prop_map(Fate::AnswerLost),
            1 => Just(Fate::RequestLost),
        ];
        prop_oneof![
            3 => prop_oneof![0_u64..20, Just(90), Just(300)].prop_map(|seconds| Self::Wait { seconds }),
            3 => Just(Self::Claim),
            3 => (0_usize..8).prop_map(|attempt| Self::Fence { attempt }),
            3 => (0_usize..8, any_fate).prop_map(|(attempt, fate)| Self::Write { attempt, fate }),
            2 => (0_usize..8).prop_map(|attempt| Self::Settle { attempt }),
            1 => (0_usize..8).prop_map(|attempt| Self::Crash { attempt }),
            1 => Just(Self::Expire),
            2 => Just(Self::Search),
            2 => (0_usize..8).prop_map(|search| Self::Report { search }),
            1 => Just(Self::AskOperator),
        ]
    }
}

impl World {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table,
            now: Timestamp::UNIX_EPOCH,
            standing: None,
            attempts: Vec::new(),
            searches: Vec::new(),
            entries: Vec::new(),
        }
    }

    pub(super) fn act(&mut self, action: &Action) -> Result<(), Broken> {
        match *action {
            Action::Wait { seconds } => {
                self.now += Duration::from_secs(seconds);
                Ok(())
            }
            Action::Claim => self.claim(),
            Action::Fence { attempt } => self.fence(attempt),
            Action::Write { attempt, fate } => self.write(attempt, fate),
            Action::Settle { attempt } => self.settle(attempt),
            Action::Crash { attempt } => {
                if let Some(attempt) = at(&mut self.attempts, attempt) {
                    attempt.is_over = true;
                }
                Ok(())
            }
            Action::Expire => self.tell(Event::Expire).map(drop),
            Action::Search => {
                self.search();
                Ok(())
            }
            Action::Report { search } => self.report(search),
            Action::AskOperator => self.ask_operator(),
        }
    }

    /// Tells the table, and checks what holds after any event.
    fn tell(&mut self, event: Event) -> Result<bool, Broken> {
        let step = (self.table)(self.standing.as_ref(), &event, self.now);
        let before = self.standing.take();
        self.standing = step.standing;
        let token =
            |standing: &Option<Standing>| standing.as_ref().map_or(0, |it| it.token.number());
        if token(&self.standing) < token(&before) {
            return Err(broken("a token went back", &event));
        }
        if let Some(State::Done { log_id }) = before.as_ref().map(|it| &it.state)
            && self.standing.as_ref().map(|it| &it.state) != before.as_ref().map(|it| &it.state)
        {
            return Err(broken(&format!("{log_id} is no longer the entry"), &event));
        }
        if let Some(State::Done { log_id }) = self.standing.as_ref().map(|it| &it.state)
            && !self.entries.iter().any(|entry| entry.log_id == *log_id)
        {
            return Err(broken("an entry that nobody made", &event));
        }
        let was_unknown = before.is_some_and(|it| it.state == State::Unknown);
        let is_granted = step.refusal.is_none();
        match event {
            Event::Claim { .. } if was_unknown && is_granted => {
                Err(broken("an unclear call was claimed", &event))
            }
            _ => Ok(is_granted),
        }
    }

    fn claim(&mut self) -> Result<(), Broken> {
        if !self.tell(Event::Claim { lease: LEASE })? {
            return Ok(());
        }
        let token = self.standing.as_ref().map(|it| it.token);
        let expected = Token::new(self.attempts.len() as u64 + 1);
        if token != expected {
            return Err(broken("a token is not the number of claims", &token));
        }
        self.attempts.push(Attempt {
            token: token.unwrap(),
            fenced_at: None,
            end: AttemptEnd::Failed { retry_at: None },
            has_written: false,
            is_over: false,
        });
        Ok(())
    }

    fn fence(&mut self, index: usize) -> Result<(), Broken> {
        let Some(attempt) = at(&mut self.attempts, index) else {
            return Ok(());
        };
        if attempt.is_over || attempt.fenced_at.is_some() {
            return Ok(());
        }
        let token = attempt.token;
        if self.tell(Event::Fence { token })? {
            self.check_alone(index % self.attempts.len())?;
            let now = self.now;
            at(&mut self.attempts, index).unwrap().fenced_at = Some(now);
        }
        Ok(())
    }

    /// Checks that no other attempt than the one that may now write has written, or may still write.
    fn check_alone(&self, index: usize) -> Result<(), Broken> {
        if let Some(entry) = self.entries.iter().find(|it| it.attempt != index) {
            return Err(broken("a second write beside", &entry.log_id));
        }
        let others = self
            .attempts
            .iter()
            .enumerate()
            .filter(|(it, _)| *it != index);
        for (_, other) in others {
            if other.can_write(self.now) {
                return Err(broken("two attempts may write; the other is", &other.token));
            }
        }
        Ok(())
    }

    fn write(&mut self, index: usize, fate: Fate) -> Result<(), Broken> {
        let (now, n_attempts) = (self.now, self.attempts.len());
        let Some(attempt) = at(&mut self.attempts, index) else {
            return Ok(());
        };
        if !attempt.can_write(now) {
            return Ok(());
        }
        attempt.has_written = true;
        let log_id = format!("entry-{}", attempt.token);
        attempt.end = match fate {
            Fate::Applied => AttemptEnd::Done {
                log_id: log_id.clone(),
            },
            Fate::Refused => AttemptEnd::Rejected,
            Fate::NotSent => AttemptEnd::Failed { retry_at: None },
            Fate::AnswerLost(_) | Fate::RequestLost => AttemptEnd::Unknown,
        };
        let delay = match fate {
            Fate::Applied => 0,
            Fate::AnswerLost(seconds) => seconds,
            Fate::Refused | Fate::NotSent | Fate::RequestLost => return Ok(()),
        };
        self.entries.push(Entry {
            log_id,
            attempt: index % n_attempts,
            arrives: now + Duration::from_secs(delay),
        });
        match self.entries.len() {
            1 => Ok(()),
            n_entries => Err(broken("entries of one call", &n_entries)),
        }
    }

    /// An attempt that crashed does not settle; one that has settled may do so again.
    fn settle(&mut self, index: usize) -> Result<(), Broken> {
        let Some(attempt) = at(&mut self.attempts, index) else {
            return Ok(());
        };
        attempt.is_over = true;
        let (token, end) = (attempt.token, attempt.end.clone());
        self.tell(Event::Settle { token, end }).map(drop)
    }

    fn search(&mut self) {
        if let Some(standing) = &self.standing {
            self.searches.push(Search {
                token: standing.token,
                begun: self.now,
                found: self.found(),
            });
        }
    }

    fn report(&mut self, index: usize) -> Result<(), Broken> {
        let Some(search) = at(&mut self.searches, index) else {
            return Ok(());
        };
        let event = Event::LookedUp {
            token: search.token,
            found: search.found.clone(),
            begun: search.begun,
            quarantine: QUARANTINE,
        };
        self.tell(event).map(drop)
    }

    /// Somebody looks into the CRM and says what is there.
    fn ask_operator(&mut self) -> Result<(), Broken> {
        let Some(token) = self.standing.as_ref().map(|it| it.token) else {
            return Ok(());
        };
        let decision = match self.found() {
            Found::One { log_id } => Decision::Logged { log_id },
            Found::None | Found::Several => Decision::NotLogged,
        };
        let quarantine = QUARANTINE;
        self.tell(Event::Resolve {
            token,
            decision,
            quarantine,
        })
        .map(drop)
    }

    fn found(&self) -> Found {
        let mut arrived = self.entries.iter().filter(|it| it.arrives <= self.now);
        match (arrived.next(), arrived.next()) {
            (None, _) => Found::None,
            (Some(entry), None) => Found::One {
                log_id: entry.log_id.clone(),
            },
            (Some(_), Some(_)) => Found::Several,
        }
    }
}

impl Attempt {
    fn can_write(&self, now: Timestamp) -> bool {
        let in_time = self.fenced_at.is_some_and(|at| now < at + TIME_TO_WRITE);
        in_time && !self.has_written && !self.is_over
    }
}

fn at<T>(items: &mut [T], index: usize) -> Option<&mut T> {
    let n_items = items.len().max(1);
    items.get_mut(index % n_items)
}

fn broken(what: &str, detail: &impl fmt::Debug) -> Broken {
    Broken(format!("{what}: {detail:?}"))
}
