//! Looking at the file of a connector library.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use switchboard_host::inspect;
use tempfile::NamedTempFile;

thread_local! {
    /// Making a file for each try would take most of the time.
    static FILE: NamedTempFile = NamedTempFile::new().expect("a temporary file can be made");
}

/// Looks at the bytes as the file of a connector library. Nothing of them runs.
///
/// # Panics
///
/// Looking does, or another file is looked at.
pub fn library(bytes: &[u8]) {
    FILE.with(|file| {
        overwrite(file.path(), bytes).expect("a temporary file can be written");
        match inspect(file.path()) {
            Ok(inspection) => assert_eq!(inspection.size, bytes.len() as u64),
            Err(error) => assert!(!error.to_string().is_empty(), "refused without a reason"),
        }
    });
}

/// Cuts the file after writing: file systems take one that was emptied first for a replaced one, and sync it.
fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)
}
