//! Why a ledger cannot do what it is asked to: one type for each operation.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::{CallKey, Row};
use crate::egress::TrustError;

/// Why a ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Its folder cannot be made or entered.
    #[error("cannot use folder {} for the ledger; let --ledger name a file in a folder that this user may write to", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be made or looked at.
    #[error("cannot open ledger {}; this user needs to read and write the file and its folder", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its file system does not keep the promises that a ledger needs.
    #[error("refuse ledger {}: it lies on {file_system}, where several programs cannot share it safely; let --ledger name a file on a disk of this machine", .path.display())]
    NetworkFileSystem {
        /// The file.
        path: PathBuf,
        /// The file system's name.
        file_system: &'static str,
    },
    /// The file is something else.
    #[error("{} is not a ledger: it is {found}; let --ledger name another file, or restore the ledger from a copy", .path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// A newer host has written it.
    #[error("ledger {} has version {found}, this program knows up to {known}; use the newer program that has written it", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that is known.
        known: i64,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread for ledger {place}")]
    Thread {
        /// Where the ledger is.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// The certificates that would prove the server's name cannot be used.
    #[error("cannot verify the server of ledger {place}; correct the file, or sslmode in the URL")]
    Trust {
        /// Where the ledger is.
        place: String,
        /// Why.
        source: TrustError,
    },
    /// The file cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// No folder is known in which a ledger could be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no place for the ledger: neither STATE_DIRECTORY nor a home folder is set; name a file with --ledger"
)]
pub struct NoPlace;

/// Why a ledger cannot be read or written: nothing is known to be recorded, so nothing may be sent.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No space is left.
    #[error("no space is left for ledger {}; free some, nothing else is needed", .path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the store said.
        source: Cause,
    },
    /// The file must not be written.
    #[error("ledger {} is read-only; let this user write the file and its folder", .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What the store said.
        source: Cause,
    },
    /// The file's content contradicts itself.
    #[error("ledger {} is damaged; stop what uses it, keep the file, and restore a copy", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the store said.
        source: Cause,
    },
    /// Somebody else holds the file.
    #[error("another program does not let go of ledger {}; end it, or try again", .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
        /// What the store said.
        source: Cause,
    },
    /// The system cannot read or write the file.
    #[error("cannot read or write ledger {}; see whether its disk is full, over quota or failing", .path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the store said.
        source: Cause,
    },
    /// The thread that works on the ledger is gone.
    #[error("ledger {place} is closed; restart the program")]
    Closed {
        /// Where the ledger is.
        place: String,
    },
    /// The database cannot be used now, or an answer of it was lost.
    #[error(
        "ledger {place} cannot be used now; see whether the database runs, this host reaches it, and the URL is right"
    )]
    Unavailable {
        /// Where the ledger is.
        place: String,
        /// What happened.
        source: Cause,
    },
    /// The database is there and does not do what it is asked to.
    #[error(
        "the database refuses ledger {place}; correct the URL, the rights of its user or the database's settings"
    )]
    Refused {
        /// Where the ledger is.
        place: String,
        /// What the database said.
        source: Cause,
    },
    /// The tables hold what no ledger writes.
    #[error(
        "the tables of ledger {place} are damaged; stop what uses them, keep them, and restore a copy"
    )]
    Unreadable {
        /// Where the ledger is.
        place: String,
        /// What was found.
        source: Cause,
    },
    /// Anything else.
    #[error("cannot use ledger {}", .path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What the store said.
        source: Cause,
    },
}

/// What a store said; all requests of one group get the same.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a call cannot be claimed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// The idempotency key stands for another call.
    #[error(
        "idempotency key {idempotency_key:?} was used for another call of this CRM; give every call a key of its own"
    )]
    AnotherCall {
        /// The caller's key.
        idempotency_key: String,
    },
    /// Nothing is known to be claimed; nothing may be sent.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an attempt may not write.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FenceError {
    /// The call is no longer this attempt's.
    #[error("another request has taken over call {key}")]
    Overtaken {
        /// The call.
        key: CallKey,
    },
    /// The attempt took longer than it said.
    #[error("the claim of call {key} has run out")]
    LeaseOver {
        /// The call.
        key: CallKey,
    },
    /// The attempt is not known to be allowed to write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the end of an attempt is not written down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettleError {
    /// The call has moved on without this attempt; what stands there stays.
    #[error("call {key} has been settled or taken over without this attempt")]
    Overtaken {
        /// The call.
        key: CallKey,
        /// What the ledger says; `None` if it knows no such call.
        row: Option<Box<Row>>,
    },
    /// The end may or may not be written down. The same settlement may be tried again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the doubt about a call is not settled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The ledger knows no such call.
    #[error("the ledger has no call {key}")]
    Missing {
        /// The call.
        key: CallKey,
    },
    /// There is no doubt, or it is about a later attempt.
    #[error("call {key} has moved on: it is {} at attempt {}", .row.standing.state.name(), .row.standing.token)]
    MovedOn {
        /// The call.
        key: CallKey,
        /// What the ledger says.
        row: Box<Row>,
    },
    /// A write may still be on its way.
    #[error("a write of call {key} may still be on its way; look into the CRM again after {until}")]
    Quarantined {
        /// The call.
        key: CallKey,
        /// The end of that time.
        until: Timestamp,
    },
    /// Several entries could be the call's.
    #[error("several entries in the CRM could be that of call {key}; an operator has to say which")]
    Several {
        /// The call.
        key: CallKey,
    },
    /// The entry is another call's.
    #[error("entry {log_id:?} is that of call {other}, so it is not that of call {key}")]
    EntryOfAnother {
        /// The call.
        key: CallKey,
        /// The entry's id in the CRM.
        log_id: String,
        /// The call that has it.
        other: CallKey,
    },
    /// Nothing is known to be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}
