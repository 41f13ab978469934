//! Manifests: the TOML files by which an operator enables CRMs.
//!
//! Faults are shown with the line in question and a caret ([`Diagnostic`]).

mod diagnostic;
mod faults;
mod source;
mod variables;

pub use diagnostic::Diagnostic;
pub use variables::Environment;
