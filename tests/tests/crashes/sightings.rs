//! What the CRM has seen of each call, as it happens.

use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use mock_crm::Event;
use switchboard_tests::Running;

use super::call::{Call, number_of_entry, number_of_request};

/// A program that has not come so far by now never will: its call may take 2 s.
const PATIENCE: Duration = Duration::from_secs(15);

/// How soon it is seen that a program has ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What the CRM has seen.
#[derive(Default)]
pub struct Sightings {
    seen: Mutex<Seen>,
    grown: Condvar,
}

#[derive(Default)]
struct Seen {
    /// Methods and paths, by the number of a call.
    requests: HashMap<usize, Vec<(String, String)>>,
    /// Numbers of calls.
    entries: HashSet<usize>,
}

impl Sightings {
    /// Takes what happens in the CRM.
    pub fn note(&self, event: Event<'_>) {
        let mut seen = self.seen.lock().unwrap();
        match event {
            Event::Received(request) => {
                if let Some(number) = number_of_request(request) {
                    let request = (request.method.clone(), request.path().to_owned());
                    seen.requests.entry(number).or_default().push(request);
                }
            }
            Event::Stored(entry) => {
                seen.entries.insert(number_of_entry(entry));
            }
        }
        self.grown.notify_all();
    }

    /// Waits until the CRM has read a request of the call whose path begins so; whether it has before the program ended.
    pub fn request(&self, call: Call, program: &Running, method: &str, path: &str) -> bool {
        self.wait(program, |seen| {
            let mut requests = seen.requests.get(&call.number).into_iter().flatten();
            requests.any(|(found, target)| found == method && target.starts_with(path))
        })
    }

    /// Waits until the CRM has an entry of the call; whether it has before the program ended.
    pub fn entry(&self, call: Call, program: &Running) -> bool {
        self.wait(program, |seen| seen.entries.contains(&call.number))
    }

    fn wait(&self, program: &Running, is_there: impl Fn(&Seen) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen.lock().unwrap();
        while !is_there(&seen) {
            if program.has_ended() || Instant::now() > deadline {
                return false;
            }
            seen = self.grown.wait_timeout(seen, BETWEEN_LOOKS).unwrap().0;
        }
        true
    }
}
