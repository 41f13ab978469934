//! The host's side of the wire: where a connector may talk.

mod pattern;

pub use pattern::{HostPattern, PatternError, RequestPattern};
