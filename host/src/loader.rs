//! Finds, checks, inspects and loads connector libraries.

mod digest;
mod search;

pub use digest::{Digest, ParseDigestError};
pub use search::{FindError, Found, LibraryRef};
