//! Hands a library that was admitted to the system's loader, and says why that refuses it.

use std::path::Path;

use abi_stable::library::AbiHeaderRef;

use super::{LoadError, printable::printable, system};

/// Hands a library that was admitted to the system's loader, which runs its constructors, and returns the header of its
/// module, if it exports one. `name` leads to its bytes, `path` is where the library was found, for messages.
///
/// # Safety
///
/// As for [`open_file`].
pub(super) unsafe fn open(path: &Path, name: &Path) -> Result<Option<AbiHeaderRef>, LoadError> {
    // SAFETY: the caller vouches for the file.
    let opened = unsafe { open_file(name) };
    opened.map_err(|error| open_error(path, &error))
}

pub(super) type Opened = Result<Option<AbiHeaderRef>, libloading::Error>;

/// Opens a file.
///
/// # Safety
///
/// `Image::read` has found the tables of the bytes in it whole and `admit` has admitted the image: a library for
/// this machine whose exported symbol begins with an `AbiHeader` of our version. Nobody changes them meanwhile.
pub(super) unsafe fn open_file(path: &Path) -> Opened {
    // A bare name would be looked for in the system's folders.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // SAFETY: the caller vouches for the file: tables that were checked, and the symbol's header.
    unsafe { system::open(&path) }
}

/// Returns what the system's loader said. It quotes names from the file.
fn reason(error: &libloading::Error) -> String {
    let reason = std::error::Error::source(error);
    printable(&reason.map_or_else(|| error.to_string(), ToString::to_string))
}

/// Tells the usual reasons apart by the texts of glibc and musl, which are the only thing that they give.
fn open_error(path: &Path, error: &libloading::Error) -> LoadError {
    let reason = reason(error);
    // The name of sealed memory says nothing to a reader.
    let named = reason
        .strip_prefix("/proc/self/fd/")
        .and_then(|rest| rest.split_once(": "));
    let reason = named.map_or(reason.as_str(), |(_, rest)| rest);
    let path = path.to_owned();
    if let Some((_, symbol)) = reason.split_once("undefined symbol: ") {
        let symbol = symbol.to_owned();
        return LoadError::UnresolvedSymbol { path, symbol };
    }
    if let Some(symbol) = reason.strip_suffix(": symbol not found") {
        let symbol = symbol.rsplit(": ").next().unwrap_or(symbol).to_owned();
        return LoadError::UnresolvedSymbol { path, symbol };
    }
    let missing = reason
        .split_once(": cannot open shared object file")
        .map(|(library, _)| library);
    let missing = missing.or_else(|| {
        let rest = reason.strip_prefix("Error loading shared library ")?;
        rest.split_once(": ").map(|(library, _)| library)
    });
    match missing {
        Some(library) => LoadError::NeededLibrary {
            path,
            library: library.to_owned(),
        },
        None => LoadError::Open {
            path,
            reason: reason.to_owned(),
        },
    }
}
