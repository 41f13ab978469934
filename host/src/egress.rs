//! The host's side of the wire: where a connector may talk.

mod address;
mod pattern;
mod policy;
mod record;
mod request;
mod resolver;
mod trust;

pub use pattern::{HostPattern, PatternError, RequestPattern};
pub use record::{Effect, End, Record, SentRequest, WriteVerdict};
pub use trust::{TrustError, TrustRoots};
