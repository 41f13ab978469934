//! Finds, checks, inspects and loads connector libraries.

mod abi_header;
mod admission;
mod digest;
mod dynamic;
mod elf;
mod error;
mod image;
mod inspect;
mod layout;
mod library;
mod metadata;
mod network;
mod open;
mod platform;
mod relocations;
#[cfg(target_os = "linux")]
mod seal;
mod search;
mod segments;
mod source;
mod start;
#[allow(unsafe_code, reason = "calls the system's loader")]
mod system;

pub use digest::{Digest, ParseDigestError};
pub use error::LoadError;
pub use inspect::{Inspection, inspect};
pub use library::Library;
pub use metadata::{Metadata, MetadataError};
pub use platform::{GlibcVersion, Libc, ParseGlibcVersionError, Platform};
pub use search::{FindError, Found, LibraryRef};
