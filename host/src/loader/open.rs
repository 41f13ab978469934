//! Hands a library that was admitted to the system's loader, and says why that refuses it.

use std::path::Path;

use abi_stable::library::AbiHeaderRef;

use super::{Digest, LoadError, abi_header::SYMBOL, printable::printable, system};

/// Hands a library that was admitted to the system's loader, which runs its constructors.
///
/// # Safety
///
/// `Image::read` has found the tables of `bytes` whole and `admit` has admitted the image: a library for this
/// machine whose exported symbol begins with an `AbiHeader` of our version. `path` leads to those bytes, as
/// far as `Source::check_writable` can tell: with `SWITCHBOARD_LOAD=path`, and elsewhere than on Linux, the
/// file itself is loaded, which users whom the operator trusts could change in between.
pub(super) unsafe fn open(
    path: &Path,
    digest: &Digest,
    bytes: &[u8],
) -> Result<AbiHeaderRef, LoadError> {
    let by_path = std::env::var_os("SWITCHBOARD_LOAD").is_some_and(|value| value == "path");
    let opened = if by_path {
        // SAFETY: the caller vouches for the bytes and for the path.
        unsafe { open_file(path) }
    } else {
        // SAFETY: the caller vouches for the bytes and for the path.
        unsafe { open_bytes(path, digest, bytes) }?
    };
    let no_module = || LoadError::NoModule {
        path: path.to_owned(),
        symbol: SYMBOL,
    };
    let header = opened.map_err(|error| open_error(path, &error))?;
    header.ok_or_else(no_module)
}

pub(super) type Opened = Result<Option<AbiHeaderRef>, libloading::Error>;

/// Opens exactly these bytes.
///
/// # Safety
///
/// As for [`open`].
#[cfg(target_os = "linux")]
unsafe fn open_bytes(path: &Path, digest: &Digest, bytes: &[u8]) -> Result<Opened, LoadError> {
    use super::seal::{Sealed, keep_copy};

    match Sealed::new(bytes) {
        Ok(sealed) => {
            // SAFETY: the caller vouches for the bytes, and nobody can change them in there.
            let opened = unsafe { open_file(&sealed.path()) };
            let is_refused = opened
                .as_ref()
                .is_err_and(|error| reason(error).contains("failed to map"));
            if opened.is_ok() {
                sealed.leak();
            }
            if !is_refused {
                return Ok(opened);
            }
            tracing::debug!("this system runs no code from memory; loading a copy");
        }
        Err(error) => {
            tracing::debug!(%error, "this system offers no sealed memory; loading a copy")
        }
    }
    let copy = keep_copy(path, digest, bytes)?;
    // SAFETY: the caller vouches for the bytes, and the copy holds them, where only this user can change it.
    Ok(unsafe { open_file(&copy) })
}

/// Opens the file: elsewhere there is no name for bytes in memory.
///
/// # Safety
///
/// As for [`open`].
#[cfg(not(target_os = "linux"))]
unsafe fn open_bytes(path: &Path, _: &Digest, _: &[u8]) -> Result<Opened, LoadError> {
    // SAFETY: the caller vouches for the path.
    Ok(unsafe { open_file(path) })
}

/// Opens a file.
///
/// # Safety
///
/// It holds bytes that were admitted, as for [`open`].
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
