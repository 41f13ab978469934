//! The loader on real libraries, whole, wrong and damaged.

use std::{error::Error, fs, path::Path};

use super::{Digest, Libc, Library, LoadError, Platform, inspect};
use fixtures::folder;

mod damaged;
mod fixtures;
mod handed_over;
mod inspected;
mod loaded;
mod permissions;
mod refused;

/// Loads bytes from a file `connector.so` and returns the refusal with its whole chain of reasons.
fn refusal(bytes: &[u8]) -> (LoadError, String) {
    let folder = folder();
    let path = folder.path().join("connector.so");
    fs::write(&path, bytes).unwrap();
    refusal_of(&path)
}

/// Every refusal names the file.
fn refusal_of(path: &Path) -> (LoadError, String) {
    let error = Library::load(path, None).expect_err("the library is loaded");
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        message = format!("{message}: {error}");
        source = error.source();
    }
    assert!(message.contains(path.to_str().unwrap()), "{message}");
    (error, message)
}

macro_rules! assert_refusal {
    ($refusal:expr, $variant:ident, $($part:expr),+) => {
        let (error, message) = $refusal;
        assert!(matches!(error, LoadError::$variant { .. }), "{error:?}");
        $(assert!(message.contains($part), "{message}");)+
    };
}
use assert_refusal;
