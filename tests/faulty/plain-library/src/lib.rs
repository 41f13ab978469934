//! A shared library that exports a function and is no connector.

#![allow(unsafe_code, reason = "exports a function of its own")]

/// Returns 42.
// SAFETY: no other library of this project exports the name.
#[unsafe(no_mangle)]
pub extern "C" fn plain_library_answer() -> u32 {
    42
}
