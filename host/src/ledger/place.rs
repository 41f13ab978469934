//! Where a ledger is kept if nobody says.

use std::path::PathBuf;

use super::NoPlace;
use crate::state_folder::state_folder;

/// Returns the ledger's default file: `ledger.sqlite` in `$STATE_DIRECTORY`, else in the user's own state folder.
pub fn default_path() -> Result<PathBuf, NoPlace> {
    let folder = state_folder(|name| std::env::var_os(name).map(PathBuf::from));
    Ok(folder.ok_or(NoPlace)?.join("ledger.sqlite"))
}
