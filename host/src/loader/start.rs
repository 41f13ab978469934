//! Takes a loaded library's module, with all of `abi_stable`'s checks.

use std::path::Path;

use abi_stable::library::{AbiHeaderRef, LibraryError, RootModuleError};
use switchboard_abi::{ABI_VERSION, ConnectorModRef};

use super::{
    LoadError,
    abi_header::{AbiHeader, SYMBOL},
    layout,
    metadata::MetadataText,
};

/// Returns the module of a library, which is asked for its metadata to see that it is the library of that
/// file.
pub(super) fn start(
    path: &Path,
    header: Option<AbiHeaderRef>,
    metadata: &MetadataText,
) -> Result<ConnectorModRef, LoadError> {
    let header = header.ok_or_else(|| LoadError::NoModule {
        path: path.to_owned(),
        symbol: SYMBOL,
    })?;
    let refused = |error| load_error(path, &metadata.metadata.abi, error);
    let library = header.upgrade().map_err(refused)?;
    if library.layout().is_none() {
        return Err(LoadError::Layout {
            path: path.to_owned(),
            abi: metadata.metadata.abi.clone(),
            difference: "it was built without the description of its types".to_owned(),
        });
    }
    let module = library
        .init_root_module::<ConnectorModRef>()
        .map_err(refused)?;
    if module.metadata()().as_str() == metadata.text {
        Ok(module)
    } else {
        Err(LoadError::MetadataDiffers {
            path: path.to_owned(),
        })
    }
}

fn load_error(path: &Path, abi: &str, error: LibraryError) -> LoadError {
    let path = path.to_owned();
    match error {
        LibraryError::IncompatibleVersionNumber { actual_version, .. } => LoadError::AbiVersion {
            path,
            found: actual_version.to_string(),
            expected: ABI_VERSION,
        },
        LibraryError::InvalidAbiHeader(header) => LoadError::AbiStable {
            path,
            found: format!("{}.{}", header.abi_major, header.abi_minor),
            expected: AbiHeader::ours().to_string(),
        },
        LibraryError::AbiInstability(text) => LoadError::Layout {
            path,
            abi: abi.to_owned(),
            difference: layout::first_difference(&text.to_string()),
        },
        LibraryError::InvalidCAbi { .. } => LoadError::Start {
            path,
            reason: "its compiler passes values between functions in another way".to_owned(),
        },
        LibraryError::RootModule {
            err: RootModuleError::Unwound,
            ..
        } => LoadError::Start {
            path,
            reason: "making its module panicked".to_owned(),
        },
        other => LoadError::Start {
            path,
            reason: layout::first_difference(&other.to_string()),
        },
    }
}
