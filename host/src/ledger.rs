//! One entry per call: what the host writes down before it writes into a CRM.
//!
//! An attempt claims its call, asks for the fence right before its first write, and settles. Who may do what stands in
//! one table, [`state::step`]; the store keeps it across crashes and between processes. `docs/ledger.md` has the rules,
//! the file's columns, and what is assumed of the disk.
//!
//! An embedder may open a ledger to read it.

mod key;

pub mod state;

pub use key::{CallKey, ParseKeyError};
