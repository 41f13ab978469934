//! Hands a library that was admitted to the system's loader, and says why that refuses it.

use std::path::Path;

use abi_stable::library::AbiHeaderRef;

use super::{Digest, LoadError, abi_header::SYMBOL, system};

/// Hands a library that was admitted to the system's loader.
pub(super) fn open(path: &Path, digest: &Digest, bytes: &[u8]) -> Result<AbiHeaderRef, LoadError> {
    let by_path = std::env::var_os("SWITCHBOARD_LOAD").is_some_and(|value| value == "path");
    let opened = if by_path {
        open_file(path)
    } else {
        open_bytes(path, digest, bytes)?
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
#[cfg(target_os = "linux")]
fn open_bytes(path: &Path, digest: &Digest, bytes: &[u8]) -> Result<Opened, LoadError> {
    use super::seal::{Sealed, keep_copy};

    match Sealed::new(bytes) {
        Ok(sealed) => {
            let opened = open_file(&sealed.path());
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
    Ok(open_file(&keep_copy(path, digest, bytes)?))
}

/// Opens the file: elsewhere there is no name for bytes in memory.
#[cfg(not(target_os = "linux"))]
fn open_bytes(path: &Path, _: &Digest, _: &[u8]) -> Result<Opened, LoadError> {
    Ok(open_file(path))
}

#[allow(unsafe_code, reason = "loading a library is running it")]
pub(super) fn open_file(path: &Path) -> Opened {
    // A bare name would be looked for in the system's folders.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // SAFETY: `Library::load` comes here after `Image::read` has checked the tables of the bytes and
    // `admit` has seen that they are a library for this machine, whose exported symbol begins with an
    // `AbiHeader` of our version. A sealed file and a private copy hold those very bytes; for a path we
    // rely on nobody changing the file in between, which `Source::check_writable` leaves to users that
    // the operator trusts.
    unsafe { system::open(&path) }
}

/// Returns what the system's loader said.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
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
