//! What a library was built for, and what this machine is.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// What stands for every platform where one is named.
pub(crate) const EVERY_PLATFORM: &str = "any";

/// The platform that a library was built for.
///
/// Shown as `linux-x86_64-gnu`, `windows-x86_64` or `macos-aarch64`: the names that Rust uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// The operating system, e.g. `linux`; `unknown` if this host has no name for it.
    pub os: &'static str,
    /// The processor, e.g. `x86_64`; `unknown` if this host has no name for it.
    pub arch: &'static str,
    /// The C library, where one platform has several. None also for a library that needs no C library at all.
    pub libc: Option<Libc>,
}

/// A C library of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Libc {
    /// The GNU C library, glibc.
    Gnu,
    /// musl.
    Musl,
}

/// A version of glibc, e.g. `2.36`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion {
    /// The 2 of 2.36.
    pub major: u32,
    /// The 36 of 2.36.
    pub minor: u32,
}

/// A text that is not a version of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a version of glibc is two numbers with a dot between, e.g. 2.36")]
pub struct ParseGlibcVersionError;

/// The machine that this host runs on, as far as a library has to fit it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    pub(super) platform: Platform,
    /// None where the C library is another one.
    pub(super) glibc: Option<GlibcVersion>,
}

impl Platform {
    /// Returns the platform that this host was built for.
    pub fn host() -> Self {
        let libc = match () {
            () if cfg!(all(target_os = "linux", target_env = "gnu")) => Some(Libc::Gnu),
            () if cfg!(all(target_os = "linux", target_env = "musl")) => Some(Libc::Musl),
            () => None,
        };
        Self {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            libc,
        }
    }

    /// Whether a manifest that names a library for `platform` can mean one that was built for this one. Of a universal
    /// binary for macOS only one of its processors is known.
    pub(crate) fn is_meant_by(&self, platform: &str) -> bool {
        let own = self.to_string();
        let without_libc = || self.libc.is_none() && platform.starts_with(&format!("{own}-"));
        let universal = || self.os == "macos" && platform.starts_with("macos-");
        platform == EVERY_PLATFORM || own == platform || without_libc() || universal()
    }

    /// Whether a host of this platform can load a library that was built for `library`.
    pub(super) fn accepts(&self, library: &Platform) -> bool {
        let same_libc = library.libc.is_none() || library.libc == self.libc;
        self.os == library.os && self.arch == library.arch && same_libc
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.os, self.arch)?;
        self.libc
            .map_or(Ok(()), |libc| write!(formatter, "-{libc}"))
    }
}

impl Serialize for Platform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Libc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Libc::Gnu => "gnu",
            Libc::Musl => "musl",
        })
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl Serialize for GlibcVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads `2.36`; further parts as in `2.2.5` are left out, no symbol of today's libraries hangs on them.
impl FromStr for GlibcVersion {
    type Err = ParseGlibcVersionError;

    fn from_str(text: &str) -> Result<Self, ParseGlibcVersionError> {
        let mut numbers = text.split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => Err(ParseGlibcVersionError),
        }
    }
}

impl Machine {
    /// Looks at this machine.
    pub(super) fn this() -> Self {
        Self {
            platform: Platform::host(),
            glibc: super::system::glibc_version(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(libc: Option<Libc>) -> Platform {
        Platform {
            os: "linux",
            arch: "x86_64",
            libc,
        }
    }

    #[test]
    fn a_library_without_a_c_library_fits_every_libc_and_musl_does_not_fit_gnu() {
        let host = platform(Some(Libc::Gnu));
        assert!(host.accepts(&platform(Some(Libc::Gnu))));
        assert!(host.accepts(&platform(None)));
        assert!(!host.accepts(&platform(Some(Libc::Musl))));
        assert_eq!(host.to_string(), "linux-x86_64-gnu");
    }

    #[test]
    fn versions_of_glibc_are_compared_as_numbers() {
        let [old, new] = ["2.9", "2.36"].map(|text| text.parse::<GlibcVersion>().unwrap());
        assert!(old < new);
        assert_eq!("2.2.5".parse(), Ok(GlibcVersion { major: 2, minor: 2 }));
        assert_eq!("2".parse::<GlibcVersion>(), Err(ParseGlibcVersionError));
    }

    #[test]
    fn this_machine_knows_its_glibc_where_it_has_one() {
        let machine = Machine::this();
        let is_gnu = machine.platform.libc == Some(Libc::Gnu);
        assert_eq!(machine.glibc.is_some(), is_gnu);
    }
}
