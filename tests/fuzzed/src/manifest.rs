//! Reading a manifest.

use std::path::Path;

use switchboard_host::manifest::Manifest;

/// So many faults are shown: showing a hundred would take most of the time, and each is shown in the same way.
const N_SHOWN: usize = 5;

/// Reads the bytes as a manifest, with no variable set.
///
/// # Panics
///
/// Reading does, or showing a fault, or a fault shows none.
pub fn manifest(bytes: &[u8]) {
    match Manifest::parse(Path::new("acme.toml"), bytes, &|_| None) {
        Ok(manifest) => {
            let name = &manifest.crm.name;
            assert!((1..=64).contains(&name.len()), "{name:?} is no name");
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "refused without a fault");
            for fault in faults.iter().take(N_SHOWN) {
                assert!(fault.summary().starts_with("acme.toml"), "{fault}");
                assert!(!fault.message().is_empty() && !fault.render_styled().is_empty());
                assert!(
                    fault
                        .position()
                        .is_none_or(|(line, column)| line > 0 && column > 0)
                );
            }
        }
    }
}
