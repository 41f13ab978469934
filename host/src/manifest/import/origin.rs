//! What App Connect's manifest says beside its platforms.

use super::{Object, members};

/// What the file says beside its platforms.
pub(super) struct Origin {
    pub(super) version: Option<String>,
    pub(super) lost: Vec<String>,
}

/// How many members beside the platforms are named. Every file names them, so a hostile list would grow twice.
const MAX_NAMED: usize = 20;

impl Origin {
    /// Reads what stands beside `platforms`.
    pub(super) fn read(file: &Object<'_>) -> Self {
        let version = file.text("version").map(str::to_owned);
        let mut lost = members::lost("", file, members::FILE);
        let n_more = lost.len().saturating_sub(MAX_NAMED);
        if n_more > 0 {
            lost.truncate(MAX_NAMED);
            lost.push(format!("{n_more} more members beside `platforms`"));
        }
        Self { version, lost }
    }
}
