//! The first bytes of the module that a library exports: which `abi_stable` made it.
//!
//! ```text
//! offset  bytes  content
//! 0       32     a magic text
//! 32      4      major version of abi_stable, in the byte order of the machine
//! 36      4      minor version
//! ```
//!
//! `abi_stable` promises that this struct never changes (`abi_stable::library::AbiHeader`), which is why
//! it may be read from the file before anything of the library runs.

use std::fmt;

use abi_stable::library::ROOT_MODULE_LOADER_NAME;

/// The symbol that a library exports its module under.
pub(super) const SYMBOL: &str = ROOT_MODULE_LOADER_NAME;

/// What the header says. Only a header of a library for this host's processor can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AbiHeader {
    has_magic: bool,
    major: u32,
    minor: u32,
}

impl AbiHeader {
    /// How many bytes a header has.
    pub(super) const SIZE: usize = 40;

    /// Reads a header; too few bytes yield one that fits no host.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let number = |start| {
            let bytes = bytes.get(start..)?.first_chunk()?;
            Some(u32::from_ne_bytes(*bytes))
        };
        Self {
            has_magic: bytes.starts_with(&abi_stable::library::AbiHeader::VALUE.magic_string),
            major: number(32).unwrap_or_default(),
            minor: number(36).unwrap_or_default(),
        }
    }

    /// Returns the header that this host makes itself.
    pub(super) fn ours() -> Self {
        let ours = abi_stable::library::AbiHeader::VALUE;
        Self {
            has_magic: true,
            major: ours.abi_major,
            minor: ours.abi_minor,
        }
    }

    /// Whether both sides understand each other. The rule is `abi_stable`'s own.
    pub(super) fn is_compatible(self) -> bool {
        let ours = Self::ours();
        let same_minor = ours.major != 0 || self.minor == ours.minor;
        self.has_magic && self.major == ours.major && same_minor
    }
}

impl fmt::Display for AbiHeader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_magic {
            write!(formatter, "{}.{}", self.major, self.minor)
        } else {
            formatter.write_str("of an unknown version")
        }
    }
}
