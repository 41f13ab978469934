//! Write a Switchboard connector: a shared library that logs phone calls into a CRM.

// `export_connector!` lives in `export.rs`; unsafe code is allowed there and nowhere else.
mod fault;

pub mod wire;

pub use fault::{Fault, FaultCode};
