//! Finds, checks, inspects and loads connector libraries.
//!
//! A library is code that runs in this process with all its rights; whoever enables one trusts its
//! author. What the loader promises is that a *wrong* file, such as one that is cut short, made for
//! another machine or no connector at all, is refused with a sentence that says what to do, before
//! anything of it runs:
//!
//! 1. the file and every folder by which it is found, those of symbolic links too, cannot be changed by
//!    everyone;
//! 2. its bytes are read **once**; every later step works on these bytes, not on the file;
//! 3. they have the digest that the manifest pins;
//! 4. segments, sections and every table that the system's loader will walk through lie within them;
//! 5. they were made for this operating system, processor and C library, and for no newer glibc;
//! 6. the metadata section is there, can be read, and states our version of the boundary;
//! 7. the exported module was made by our version of `abi_stable`.
//!
//! Only then the system's loader gets them, on Linux as sealed memory, with every symbol resolved at
//! once: here, or in a worker, to which the sealed memory is handed over as a descriptor. The rest is checked with the library's constructors run: `abi_stable` compares the layout of
//! every type that crosses the boundary, and the running library has to tell the metadata of its section.
//!
//! What is **not** promised: that a file whose tables make sense, but whose values or code are damaged,
//! does no harm. No look at a file can promise that. A pinned digest does.
//!
//! With `SWITCHBOARD_LOAD=path` in the environment the file itself is loaded instead of the bytes that
//! were checked, so that debuggers and profilers find its symbols. A worker always loads the bytes.
//!
//! Threads: everything may be called from any thread; libraries are loaded one after the other. They are
//! never unloaded: wakers, buffers and thread locals outlive every use that the host could know of.

mod abi_header;
mod admission;
mod checked;
mod digest;
mod dynamic;
mod elf;
mod error;
mod image;
mod inspect;
mod layout;
#[allow(unsafe_code, reason = "loading a library is running it")]
mod library;
mod metadata;
mod network;
#[allow(unsafe_code, reason = "hands files on to the system's loader")]
mod open;
mod platform;
mod printable;
mod relocations;
#[cfg(unix)]
mod route;
#[cfg(target_os = "linux")]
mod seal;
mod search;
mod segments;
mod source;
mod start;
#[allow(unsafe_code, reason = "calls the system's loader")]
mod system;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

pub(crate) use checked::Checked;
pub use digest::{Digest, ParseDigestError};
pub use error::LoadError;
pub use inspect::{Inspection, inspect};
pub use library::Library;
pub use metadata::{Metadata, MetadataError};
pub(crate) use platform::EVERY_PLATFORM;
pub use platform::{GlibcVersion, Libc, ParseGlibcVersionError, Platform};
pub(crate) use printable::printable;
pub use search::LibraryRef;
