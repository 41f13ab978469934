//! Finds, checks, inspects and loads connector libraries.

mod digest;
mod metadata;
mod platform;
mod search;
#[allow(unsafe_code, reason = "calls the system's loader")]
mod system;

pub use digest::{Digest, ParseDigestError};
pub use metadata::{Metadata, MetadataError};
pub use platform::{GlibcVersion, Libc, ParseGlibcVersionError, Platform};
pub use search::{FindError, Found, LibraryRef};
