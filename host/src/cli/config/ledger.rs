//! Where the ledger is kept, as an operator says it.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use anyhow::{Context, bail};
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use switchboard_host::ledger::{Ledger, LedgerPlace, ParsePlaceError};

/// What names no ledger is answered with this. What was written is not repeated: it may hold a password.
const FORMS: &str = "names no ledger; write sqlite:PATH, postgres://USER@HOST/DATABASE or none";

/// The word for no ledger.
const NONE: &str = "none";

/// The key of the place in the section `[ledger]`.
const PLACE: &str = "place";

/// Where the ledger is kept, if one is.
#[derive(Clone)]
pub(in crate::cli) enum LedgerSetting {
    None,
    At(LedgerPlace),
}

/// How the places begin that say themselves what is wrong with them.
const SCHEMES: [&str; 3] = ["sqlite:", "postgres:", "postgresql:"];

/// A text names no place of a ledger.
#[derive(Debug)]
pub(super) enum NoLedgerNamed {
    /// It is none of the forms.
    Form,
    /// What follows the scheme is wrong.
    Place(ParsePlaceError),
}

impl LedgerSetting {
    pub(super) fn by_default() -> anyhow::Result<Self> {
        Ok(Self::At(LedgerPlace::by_default()?))
    }

    pub(super) fn read(text: &OsStr) -> Result<Self, NoLedgerNamed> {
        let text = text.to_str().ok_or(NoLedgerNamed::Form)?;
        if text == NONE {
            return Ok(Self::None);
        }
        if !SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            return Err(NoLedgerNamed::Form);
        }
        text.parse().map(Self::At).map_err(NoLedgerNamed::Place)
    }

    /// Takes a path as relative to a folder.
    pub(super) fn relative_to(self, folder: &Path) -> Self {
        match self {
            Self::At(LedgerPlace::Sqlite(path)) => Self::At(LedgerPlace::Sqlite(folder.join(path))),
            other => other,
        }
    }

    /// Opens the ledger, and makes it where there is none. `None` if the operator wants none.
    pub(in crate::cli) fn open(&self) -> anyhow::Result<Option<Ledger>> {
        match self {
            Self::None => Ok(None),
            Self::At(place) => Ok(Some(Ledger::open(place)?)),
        }
    }

    /// Opens a ledger that there is: who looks into one does not want an empty one to be made.
    pub(in crate::cli) fn open_existing(&self) -> anyhow::Result<Ledger> {
        match self {
            Self::None => bail!("there is no ledger: it is set to none; name one with --ledger"),
            Self::At(LedgerPlace::Sqlite(path)) if is_missing(path)? => bail!(
                "there is no ledger at {}; name another with --ledger, or log a call, which makes it",
                path.display()
            ),
            Self::At(place) => Ok(Ledger::open(place)?),
        }
    }
}

fn is_missing(path: &Path) -> anyhow::Result<bool> {
    let exists = path.try_exists();
    let exists = exists.with_context(|| format!("cannot look for ledger {}", path.display()))?;
    Ok(!exists)
}

impl fmt::Display for NoLedgerNamed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => formatter.write_str(FORMS),
            Self::Place(error) => write!(formatter, "cannot be used: {error}"),
        }
    }
}

impl fmt::Debug for LedgerSetting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::At(_) => "At(..)",
        })
    }
}

/// Reads the section `[ledger]`. Derived code would quote what it does not expect.
impl<'de> Deserialize<'de> for LedgerSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let section = toml::Value::deserialize(deserializer)?;
        let section = section.as_table().ok_or_else(|| {
            D::Error::custom("`ledger` is a section: write [ledger], and in it `place`")
        })?;
        if let Some(unknown) = section.keys().find(|key| *key != PLACE) {
            let message = format!("unknown field `{unknown}` in [ledger], expected `{PLACE}`");
            return Err(D::Error::custom(message));
        }
        let place = section.get(PLACE).and_then(toml::Value::as_str);
        let setting = place
            .ok_or(NoLedgerNamed::Form)
            .and_then(|text| Self::read(text.as_ref()));
        setting.map_err(|error| D::Error::custom(format!("`{PLACE}` in [ledger] {error}")))
    }
}

/// Reads the flag. Other parsers have clap repeat a wrong value.
#[derive(Debug, Clone)]
pub(in crate::cli) struct LedgerFlag;

impl TypedValueParser for LedgerFlag {
    type Value = LedgerSetting;

    fn parse_ref(
        &self,
        command: &clap::Command,
        _: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<LedgerSetting, clap::Error> {
        LedgerSetting::read(value).map_err(|error| {
            let message = format!("--ledger {error}\n");
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}
