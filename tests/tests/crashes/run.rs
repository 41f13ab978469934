//! Runs the programs of all calls, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::call::{Call, Crm};
use super::fate::{Fate, Moment, Victim};
use super::killing::{Ending, kill, kill_at};
use super::site::Site;
use super::tally::Tally;

/// How many calls are worked on at a time.
const AT_ONCE: usize = 8;

/// A site at work.
pub struct Run<'s> {
    pub site: &'s Site,
    tally: Mutex<Tally>,
    /// How long a program has lately taken for its call.
    life: Mutex<Duration>,
}

impl<'s> Run<'s> {
    pub fn new(site: &'s Site) -> Self {
        Self {
            site,
            tally: Mutex::default(),
            life: Mutex::new(Duration::from_millis(300)),
        }
    }

    /// Lets the fates of all calls come true.
    pub fn meet(&self, fates: &[Fate]) {
        let treatments = fates
            .iter()
            .filter_map(|fate| fate.treatment.rule(fate.call));
        self.site.crm.script_all(treatments);
        several_at_once(fates, |fate| self.meet_one(fate));
    }

    /// Sends calls once more, each by one program.
    pub fn send_again(&self, calls: &[Call]) {
        several_at_once(calls, |&call| self.send(call, 1));
    }

    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap()
    }

    fn meet_one(&self, fate: &Fate) {
        match fate.kill {
            None if fate.is_usual() => {
                let started = Instant::now();
                self.send(fate.call, 1);
                *self.life.lock().unwrap() = started.elapsed();
            }
            None => self.send(fate.call, fate.n_programs),
            Some((victim, Moment::AtRandom)) => self.kill_at_random(victim, fate),
            Some((victim, moment)) => {
                let ending = kill_at(moment, victim, self.site, fate.call);
                self.note(moment, fate.call, ending);
            }
        }
        if fate.is_sent_again {
            self.send(fate.call, 1);
        }
    }

    /// Logs a call by several programs at once.
    fn send(&self, call: Call, n_programs: usize) {
        let start = || self.site.log(call).start().unwrap();
        let programs: Vec<_> = (0..n_programs).map(|_| start()).collect();
        for program in programs {
            let output = program.finish().unwrap();
            self.tally().note(call, &output);
        }
    }

    /// Logs a call by several programs at once, and kills the first one or its worker in the course of its life.
    fn kill_at_random(&self, victim: Victim, fate: &Fate) {
        let program = self.site.log(fate.call).start().unwrap();
        let life = *self.life.lock().unwrap() + fate.treatment.delay();
        thread::scope(|scope| {
            scope.spawn(|| self.send(fate.call, fate.n_programs - 1));
            // No event is waited for: any moment is right.
            thread::sleep(life.mul_f64(fate.part_of_life));
            let ending = kill(victim, self.site, fate.call, program);
            self.note(Moment::AtRandom, fate.call, ending);
        });
    }

    fn note(&self, moment: Moment, call: Call, ending: Ending) {
        match ending {
            Ending::Killed(state) => self.tally().note_kill_of_host(moment, state),
            Ending::Bereft(state, program) => {
                let output = program.finish().unwrap();
                self.tally()
                    .note_kill_of_worker(moment, state, call, &output);
                self.release(call.crm);
            }
            Ending::ByItself(output) => self.tally().note(call, &output),
        }
    }

    /// Ends a quarantine as an operator does. Until then it has refused calls, which are sent again in the end.
    fn release(&self, crm: Crm) {
        let was_quarantined = self.site.release(crm);
        self.tally().n_quarantines += usize::from(was_quarantined);
    }
}

/// Does something with every item, with several at a time.
fn several_at_once<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}
