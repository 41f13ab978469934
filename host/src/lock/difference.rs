//! How the libraries that are there differ from those that are locked.

use std::fmt;

use super::{Lock, LockedLibrary};

/// One difference between a lock file and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// A manifest names a library that has no entry.
    Missing(Box<LockedLibrary>),
    /// A library is not the one of its entry.
    Changed {
        /// The entry.
        locked: Box<LockedLibrary>,
        /// What is there now.
        found: Box<LockedLibrary>,
    },
    /// No manifest names the library of an entry.
    Surplus(Box<LockedLibrary>),
}

/// Lists the differences by CRM and platform.
pub(super) fn between(lock: &Lock, found: &Lock) -> Vec<Difference> {
    let missing_or_changed = found.libraries.iter().filter_map(|found| {
        let Some(locked) = lock.find(found.key()) else {
            return Some(Difference::Missing(found.clone().into()));
        };
        (!is_same(locked, found)).then(|| Difference::Changed {
            locked: locked.clone().into(),
            found: found.clone().into(),
        })
    });
    let surplus = lock.libraries.iter();
    let surplus = surplus.filter(|locked| found.find(locked.key()).is_none());
    let surplus = surplus.map(|locked| Difference::Surplus(locked.clone().into()));
    let mut differences: Vec<_> = missing_or_changed.chain(surplus).collect();
    differences.sort_by(|left, right| left.library().key().cmp(&right.library().key()));
    differences
}

/// Whether an entry is that of a library, wherever it lies.
fn is_same(locked: &LockedLibrary, found: &LockedLibrary) -> bool {
    let moved = LockedLibrary {
        file: found.file.clone(),
        ..locked.clone()
    };
    moved == *found
}

impl Difference {
    fn library(&self) -> &LockedLibrary {
        match self {
            Self::Missing(library) | Self::Surplus(library) => library,
            Self::Changed { found, .. } => found,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LockedLibrary {
            crm,
            platform,
            file,
            ..
        } = self.library();
        match self {
            Self::Missing(_) => write!(formatter, "{crm} on {platform}: {file} is not locked"),
            Self::Surplus(_) => write!(
                formatter,
                "{crm} on {platform}: {file} is locked, but no manifest names it"
            ),
            Self::Changed { locked, found } => write!(
                formatter,
                "{crm} on {platform}: {file} is {}, locked is {}",
                Bytes(found),
                Bytes(locked)
            ),
        }
    }
}

/// What a library is, in a line.
struct Bytes<'a>(&'a LockedLibrary);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LockedLibrary {
            sha256,
            size,
            connector,
            connector_version,
            abi,
            sdk,
            ..
        } = self.0;
        write!(
            formatter,
            "{connector} {connector_version} (ABI {abi}, SDK {sdk}, {size} bytes, SHA-256 {sha256})"
        )
    }
}
