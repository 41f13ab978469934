//! The ledger with its rules broken one by one: what the same harness has to find.
//!
//! The program stays what it is. Triggers in the ledger's file change what it has written down, in the same
//! transaction.

use rusqlite::Connection;

use super::store::Store;

/// A rule that is broken.
#[derive(Debug, Clone, Copy)]
pub enum Flaw {
    /// A write whose sender has vanished counts as not done.
    RetryOnLeaseExpiry,
    /// A write without a clear answer counts as not done.
    TimeoutIsFailure,
    /// Nobody learns that a write may be out.
    NoFence,
}

impl Flaw {
    pub const ALL: [Self; 3] = [
        Self::RetryOnLeaseExpiry,
        Self::TimeoutIsFailure,
        Self::NoFence,
    ];

    /// Breaks the rule in a ledger.
    pub fn build_in(self, store: &Store) {
        let Store::Sqlite(file) = store else {
            panic!("only a file is broken");
        };
        let connection = Connection::open(file).unwrap();
        connection.execute_batch(self.trigger()).unwrap();
    }

    fn trigger(self) -> &'static str {
        match self {
            Self::RetryOnLeaseExpiry => {
                "CREATE TRIGGER flaw AFTER UPDATE OF state ON calls
                WHEN NEW.state = 'UNKNOWN' AND OLD.lease_until_ms <= NEW.since_ms
                BEGIN UPDATE calls SET state = 'FAILED' WHERE number = NEW.number; END"
            }
            Self::TimeoutIsFailure => {
                "CREATE TRIGGER flaw AFTER UPDATE OF state ON calls
                WHEN NEW.state = 'UNKNOWN' AND OLD.lease_until_ms > NEW.since_ms
                BEGIN UPDATE calls SET state = 'FAILED' WHERE number = NEW.number; END"
            }
            Self::NoFence => {
                "CREATE TRIGGER flaw BEFORE UPDATE OF state ON calls WHEN NEW.state = 'SENDING'
                BEGIN SELECT RAISE(IGNORE); END"
            }
        }
    }
}
