//! What must hold for every input of what reads foreign bytes.
//!
//! Each function takes any bytes and panics where a promise is broken. `fuzz/` searches for such bytes, guided by the
//! code that they reach; the tests here try everything that has been kept of those searches, without a fuzzer.

mod compose;
mod import;
mod input;
mod library;
mod manifest;
mod seeds;

pub use compose::compose;
pub use import::import;
pub use input::input;
pub use library::library;
pub use manifest::manifest;
pub use seeds::{list, root, seeds};

/// Something that reads foreign bytes, and what must hold of it.
pub type Check = fn(&[u8]);

/// Every check, by the name of its target and of its folders of kept inputs.
pub const CHECKS: [(&str, Check); 5] = [
    ("compose", compose),
    ("import", import),
    ("input", input),
    ("library", library),
    ("manifest", manifest),
];
