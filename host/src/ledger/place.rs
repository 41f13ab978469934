//! Where a ledger is kept.

mod postgres;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::NoPlace;
use crate::state_folder::default_state_folder;
pub(super) use postgres::Encryption;
pub use postgres::PostgresPlace;

/// Where a ledger is kept. As text: `sqlite:PATH`, or the URL of a [`PostgresPlace`].
///
/// ```
/// use switchboard_host::ledger::LedgerPlace;
///
/// let place: LedgerPlace = "sqlite:/var/lib/switchboard/ledger.sqlite".parse()?;
/// assert_eq!(place, LedgerPlace::Sqlite("/var/lib/switchboard/ledger.sqlite".into()));
/// # Ok::<(), switchboard_host::ledger::ParsePlaceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerPlace {
    /// A SQLite file, for the programs of one machine.
    Sqlite(PathBuf),
    /// A PostgreSQL database, for the programs of several machines.
    Postgres(PostgresPlace),
}

/// A text names no place of a ledger. The message quotes nothing of the text: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this names no ledger: {0}")]
pub struct ParsePlaceError(&'static str);

/// The scheme of a file.
const SQLITE: &str = "sqlite:";

impl LedgerPlace {
    /// Returns the default place: `ledger.sqlite` in `$STATE_DIRECTORY`, else in the user's own state folder.
    ///
    /// # Errors
    ///
    /// [`NoPlace`]: neither is known.
    pub fn by_default() -> Result<Self, NoPlace> {
        let folder = default_state_folder().ok_or(NoPlace)?;
        Ok(Self::Sqlite(folder.join("ledger.sqlite")))
    }
}

impl FromStr for LedgerPlace {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if PostgresPlace::is_meant(text) {
            return Ok(Self::Postgres(text.parse()?));
        }
        let path = text.strip_prefix(SQLITE).filter(|path| !path.is_empty());
        path.map(|path| Self::Sqlite(path.into()))
            .ok_or(ParsePlaceError(
                "write sqlite:PATH or postgres://USER@HOST/DATABASE",
            ))
    }
}

impl fmt::Display for LedgerPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "{SQLITE}{}", path.display()),
            Self::Postgres(place) => place.fmt(formatter),
        }
    }
}
