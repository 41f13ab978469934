//! The host's side of the wire: where a connector may talk.

mod address;
mod pattern;
mod resolver;

pub use pattern::{HostPattern, PatternError, RequestPattern};
