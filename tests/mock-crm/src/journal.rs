//! What the CRM received and what it stored.

use std::{
    sync::{Condvar, Mutex, MutexGuard},
    time::Duration,
};

use anyhow::{Result, bail};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which connection it came over, counted from 1 in the order they were accepted.
    pub connection: u64,
    /// The method in capital letters.
    pub method: String,
    /// Path and query, e.g. `/activities?sessionId=7`.
    pub target: String,
    /// Name (lower case) and value of each header, in order. HTTP/2's `:authority` stands here as `host`.
    pub headers: Vec<(String, String)>,
    /// The body; empty if a rule cut the connection before reading it.
    pub body: Bytes,
}

impl Request {
    /// Returns the path without the query.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&*self.target, |(path, _)| path)
    }

    /// Returns the first value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Returns the first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        values.next().map(|(_, value)| &**value)
    }

    /// Returns the body as JSON, if it is that.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// An entry that the CRM stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The id that the CRM gave it: `act-1`, `act-2` for Example, `9001`, `9002` for Pipedrive.
    pub id: String,
    /// The path it was posted to.
    pub path: String,
    /// What was posted.
    pub body: Value,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// What an observer is told, as it happens.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A request has arrived and nothing was done about it yet.
    Received(&'a Request),
    /// An entry has been stored.
    Stored(&'a Entry),
}

/// Hears every [`Event`], on the thread that serves.
pub(crate) type Observer = Box<dyn Fn(Event<'_>) + Send + Sync>;

/// The CRM's memory.
pub(crate) struct Journal {
    log: Mutex<Log>,
    grown: Condvar,
    observer: Observer,
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    entries: Vec<Entry>,
}

impl Journal {
    pub(crate) fn new(observer: Observer) -> Self {
        Self {
            log: Mutex::default(),
            grown: Condvar::new(),
            observer,
        }
    }

    pub(crate) fn receive(&self, request: &Request) {
        self.log().requests.push(request.clone());
        self.grown.notify_all();
        (self.observer)(Event::Received(request));
    }

    /// Stores an entry; `id_of` names the n-th entry of this path, counted from 1.
    pub(crate) fn store(&self, path: &str, body: Value, id_of: fn(usize) -> String) -> Entry {
        let mut log = self.log();
        let n_before = log
            .entries
            .iter()
            .filter(|entry| entry.path == path)
            .count();
        let entry = Entry {
            id: id_of(n_before + 1),
            path: path.to_owned(),
            body,
            created_at: Timestamp::now(),
        };
        log.entries.push(entry.clone());
        drop(log);
        self.grown.notify_all();
        (self.observer)(Event::Stored(&entry));
        entry
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log().requests.clone()
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.log().entries.clone()
    }

    pub(crate) fn n_entries(&self) -> usize {
        self.log().entries.len()
    }

    pub(crate) fn wait_for_requests(&self, n: usize, timeout: Duration) -> Result<Vec<Request>> {
        let log = self.wait_until(timeout, |log| log.requests.len() >= n);
        if log.requests.len() < n {
            bail!(
                "waited {timeout:?} for {n} requests, the CRM has received {}",
                log.requests.len()
            );
        }
        Ok(log.requests.clone())
    }

    pub(crate) fn wait_for_entries(&self, n: usize, timeout: Duration) -> Result<Vec<Entry>> {
        let log = self.wait_until(timeout, |log| log.entries.len() >= n);
        if log.entries.len() < n {
            bail!(
                "waited {timeout:?} for {n} entries, the CRM has stored {} (and received {} requests)",
                log.entries.len(),
                log.requests.len()
            );
        }
        Ok(log.entries.clone())
    }

    fn wait_until(&self, timeout: Duration, done: impl Fn(&Log) -> bool) -> MutexGuard<'_, Log> {
        let waited = self
            .grown
            .wait_timeout_while(self.log(), timeout, |log| !done(log));
        waited.expect("nobody panics while holding the log").0
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log
            .lock()
            .expect("nobody panics while holding the log")
    }
}
