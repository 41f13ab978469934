//! Why a manifest of App Connect cannot be imported.

use std::fmt;

use crate::manifest::diagnostic::listed;

/// Why a manifest of App Connect cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It is larger than [`MAX_IMPORT_LEN`](super::MAX_IMPORT_LEN).
    #[error("it is larger than 1 MiB, which no manifest of App Connect is")]
    TooLarge,
    /// It begins with a byte order mark, which JSON does not have.
    #[error("it begins with a byte order mark: save it as UTF-8 without one")]
    ByteOrderMark,
    /// It is not JSON.
    #[error("it is not JSON")]
    NotJson(#[from] serde_json::Error),
    /// It is JSON in another shape.
    #[error("it is not a manifest of App Connect:{}", shown(.0))]
    Shape(Vec<ImportFault>),
    /// No platform has the name that was asked for.
    #[error("it has no platform {wanted:?}; it has {}", listed(.known.iter().map(String::as_str)))]
    UnknownPlatform {
        /// The name.
        wanted: String,
        /// The names that there are.
        known: Vec<String>,
    },
}

/// How much of a pointer is shown, in characters.
const MAX_SHOWN_POINTER: usize = 200;

/// A place where App Connect's manifest is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportFault {
    /// The place, as a JSON pointer.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for ImportFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.pointer.chars().take(MAX_SHOWN_POINTER);
        let shown: String = shown.flat_map(char::escape_debug).collect();
        let is_whole = self.pointer.chars().nth(MAX_SHOWN_POINTER).is_none();
        let rest = if is_whole { "" } else { "..." };
        let shown = if shown.is_empty() { "the file" } else { &shown };
        write!(formatter, "{shown}{rest}: {}", self.message)
    }
}

/// One fault a line, below the sentence that announces them.
fn shown(faults: &[ImportFault]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}
