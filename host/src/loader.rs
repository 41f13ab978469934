//! Finds, checks, inspects and loads connector libraries.

mod digest;

pub use digest::{Digest, ParseDigestError};
