//! Importing App Connect's manifests.

use std::path::Path;

use switchboard_host::manifest::{Manifest, import as import_manifest};

/// Imports the bytes as a manifest of App Connect.
///
/// # Panics
///
/// What was imported is no manifest without a fault, or bears another name.
pub fn import(bytes: &[u8]) {
    let Ok(imported) = import_manifest(bytes, None) else {
        return;
    };
    for one in imported {
        let path = Path::new("imported.toml");
        match Manifest::parse(path, one.toml.as_bytes(), &|_| None) {
            Ok(manifest) => assert_eq!(manifest.crm.name, one.name),
            Err(faults) => panic!("{faults:?} in\n{}", one.toml),
        }
    }
}
