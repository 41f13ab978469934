//! Rules: what the CRM does with which request.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::sync::watch;

use crate::Reply;

/// What to do with the requests that match.
///
/// A request is read, the steps ([`delay`](Rule::delay), [`hold`](Rule::hold), [`store`](Rule::store)) are taken in
/// the order they were written, then the answer is sent: the scripted one, else that of the normal route. A rule
/// holds for ever, unless [`times`](Rule::times) limits it. As with any CRM, what was read is carried out even if
/// the caller hangs up.
#[derive(Debug, Clone)]
pub struct Rule {
    method: Option<String>,
    path: String,
    authorization: Option<String>,
    n_left: Option<usize>,
    pub(crate) reads_body: bool,
    pub(crate) steps: Vec<Step>,
    pub(crate) reply: Option<Reply>,
    pub(crate) end: End,
}

/// Something that the CRM does before it answers.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Delay(Duration),
    Hold(Gate),
    Store,
}

/// How the answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    Truncated,
    Closed,
    Reset,
}

impl Rule {
    /// Matches a method and a path.
    ///
    /// A path with a query matches path and query, one without matches whatever the query is, and one that ends in
    /// `*` matches everything that starts so.
    pub fn on(method: &str, path: &str) -> Self {
        Self {
            method: Some(method.to_owned()),
            ..Self::any(path)
        }
    }

    /// Matches `GET` of a path, as in [`on`](Rule::on).
    pub fn get(path: &str) -> Self {
        Self::on("GET", path)
    }

    /// Matches `POST` to a path, as in [`on`](Rule::on).
    pub fn post(path: &str) -> Self {
        Self::on("POST", path)
    }

    /// Matches every method on a path, as in [`on`](Rule::on).
    pub fn any(path: &str) -> Self {
        Self {
            method: None,
            path: path.to_owned(),
            authorization: None,
            n_left: None,
            reads_body: true,
            steps: Vec::new(),
            reply: None,
            end: End::Whole,
        }
    }

    /// Matches only requests with this `Authorization`: those of one caller.
    pub fn authorized(mut self, header: &str) -> Self {
        self.authorization = Some(header.to_owned());
        self
    }

    /// Uses the rule up after `n` requests.
    pub fn times(mut self, n: usize) -> Self {
        self.n_left = Some(n);
        self
    }

    /// Uses the rule up after one request.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Takes the steps and the end with nothing but the request's head read.
    ///
    /// Nothing can be stored then.
    pub fn before_reading(mut self) -> Self {
        self.reads_body = false;
        self
    }

    /// Waits.
    pub fn delay(self, time: Duration) -> Self {
        self.step(Step::Delay(time))
    }

    /// Waits until the test opens the gate.
    pub fn hold(self, gate: &Gate) -> Self {
        self.step(Step::Hold(gate.clone()))
    }

    /// Lets the normal route act now, so that a later step or end cannot undo it.
    pub fn store(self) -> Self {
        self.step(Step::Store)
    }

    /// Answers with `reply`; the normal route acts only where [`store`](Rule::store) says so.
    pub fn reply(mut self, reply: Reply) -> Self {
        self.reply = Some(reply);
        self
    }

    /// Sends half of the answer's body, announced as whole, then closes the connection.
    pub fn truncate(mut self) -> Self {
        self.end = End::Truncated;
        self
    }

    /// Closes the connection instead of answering.
    pub fn close(mut self) -> Self {
        self.end = End::Closed;
        self
    }

    /// Resets the connection (TCP RST) instead of answering.
    pub fn reset(mut self) -> Self {
        self.end = End::Reset;
        self
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn matches(&self, method: &str, target: &str, authorization: Option<&str>) -> bool {
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        let fits = match self.path.strip_suffix('*') {
            Some(start) => target.starts_with(start),
            None if self.path.contains('?') => self.path == target,
            None => self.path == path,
        };
        let caller = self.authorization.as_deref();
        fits && self.method.as_deref().is_none_or(|wanted| wanted == method)
            && caller.is_none_or(|wanted| Some(wanted) == authorization)
    }
}

/// Holds requests back until it is opened. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// Makes a closed gate.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Lets everybody through, those who wait and those who come.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(crate) async fn passed(&self) {
        let mut state = self.0.subscribe();
        state
            .wait_for(|open| *open)
            .await
            .expect("the gate that waits also sends");
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// The rules that are in force, the first that matches wins.
#[derive(Default)]
pub(crate) struct Script(Mutex<Vec<Rule>>);

impl Script {
    pub(crate) fn add(&self, rules: impl IntoIterator<Item = Rule>) {
        self.rules().extend(rules);
    }

    pub(crate) fn clear(&self) {
        self.rules().clear();
    }

    /// Returns the rule for a request and counts it as used.
    pub(crate) fn rule_for(
        &self,
        method: &str,
        target: &str,
        authorization: Option<&str>,
    ) -> Option<Rule> {
        let mut rules = self.rules();
        let rule = rules
            .iter_mut()
            .find(|rule| rule.n_left != Some(0) && rule.matches(method, target, authorization))?;
        rule.n_left = rule.n_left.map(|n| n - 1);
        Some(rule.clone())
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0
            .lock()
            .expect("nobody panics while holding the rules")
    }
}
