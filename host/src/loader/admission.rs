//! Judges whether this machine can load a library, by its file alone.

use std::path::Path;

use switchboard_abi::ABI_VERSION;

use super::{
    LoadError, MetadataError,
    abi_header::{AbiHeader, SYMBOL},
    image::Image,
    metadata::MetadataText,
    platform::Machine,
};

/// Returns the library's metadata if `machine` can load it; `path` is for messages only.
pub(super) fn admit<'image>(
    path: &Path,
    image: &'image Image,
    machine: &Machine,
) -> Result<&'image MetadataText, LoadError> {
    let path = || path.to_owned();
    if !machine.platform.accepts(&image.platform) {
        return Err(LoadError::Platform {
            path: path(),
            found: image.platform,
            expected: machine.platform,
        });
    }
    if let (Some(needed), Some(found)) = (image.needs_glibc, machine.glibc)
        && needed > found
    {
        return Err(LoadError::Glibc {
            path: path(),
            needed,
            found,
        });
    }
    let metadata = match &image.metadata {
        Ok(metadata) => metadata,
        Err(MetadataError::Missing) => return Err(LoadError::NoMetadata { path: path() }),
        Err(error) => {
            let (path, source) = (path(), error.clone());
            return Err(LoadError::Metadata { path, source });
        }
    };
    if !speaks_our_abi(&metadata.metadata.abi) {
        return Err(LoadError::AbiVersion {
            path: path(),
            found: metadata.metadata.abi.clone(),
            expected: ABI_VERSION,
        });
    }
    match image.abi_header {
        Some(header) if header.is_compatible() => Ok(metadata),
        Some(header) => Err(LoadError::AbiStable {
            path: path(),
            found: header.to_string(),
            expected: AbiHeader::ours().to_string(),
        }),
        None => Err(LoadError::NoModule {
            path: path(),
            symbol: SYMBOL,
        }),
    }
}

/// Within a major version the tables are frozen and the JSON grows, so only that one has to be the same.
fn speaks_our_abi(version: &str) -> bool {
    let major = |version: &str| version.split('.').next()?.parse::<u32>().ok();
    major(version).is_some() && major(version) == major(ABI_VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::{GlibcVersion, Libc, Platform};

    fn platform(libc: Libc) -> Platform {
        Platform {
            os: "linux",
            arch: "x86_64",
            libc: Some(libc),
        }
    }

    fn machine() -> Machine {
        Machine {
            platform: platform(Libc::Gnu),
            glibc: Some(GlibcVersion {
                major: 2,
                minor: 36,
            }),
        }
    }

    fn image() -> Image {
        let text = r#"{"name":"acme","version":"1.2.0","abi":"1.7.0","operations":[]}"#;
        Image {
            platform: platform(Libc::Gnu),
            needed_libraries: Vec::new(),
            needs_glibc: None,
            network_imports: Vec::new(),
            metadata: Ok(MetadataText {
                metadata: serde_json::from_str(text).unwrap(),
                text: text.to_owned(),
            }),
            abi_header: Some(AbiHeader::ours()),
        }
    }

    fn refusal(image: &Image) -> String {
        let refused = admit(Path::new("lib.so"), image, &machine());
        refused.expect_err("the library is admitted").to_string()
    }

    #[test]
    fn a_newer_minor_version_of_the_abi_is_admitted() {
        admit(Path::new("lib.so"), &image(), &machine()).unwrap();
    }

    #[test]
    fn another_libc_is_named() {
        let image = Image {
            platform: platform(Libc::Musl),
            ..image()
        };
        let message = refusal(&image);
        assert!(message.contains("built for linux-x86_64-musl"), "{message}");
        assert!(message.contains("runs on linux-x86_64-gnu"), "{message}");
    }

    #[test]
    fn a_newer_glibc_is_named_with_ours() {
        let needs_glibc = Some(GlibcVersion {
            major: 2,
            minor: 38,
        });
        let message = refusal(&Image {
            needs_glibc,
            ..image()
        });
        assert!(
            message.contains("needs 2.38, this machine has 2.36"),
            "{message}"
        );
    }

    #[test]
    fn missing_metadata_and_a_missing_module_are_told_apart() {
        let metadata = Err(MetadataError::Missing);
        let message = refusal(&Image {
            metadata,
            ..image()
        });
        assert!(
            message.contains("without the section .swbmeta"),
            "{message}"
        );
        let message = refusal(&Image {
            abi_header: None,
            ..image()
        });
        assert!(message.contains("does not export"), "{message}");
    }

    #[test]
    fn another_abi_is_named_whatever_its_text() {
        for abi in ["2.0.0", "0.9.0", "", "one", "10.0.0"] {
            let mut image = image();
            if let Ok(metadata) = &mut image.metadata {
                metadata.metadata.abi = abi.to_owned();
            }
            let message = refusal(&image);
            assert!(
                message.contains(&format!("speaks ABI {abi}, ")),
                "{message}"
            );
        }
    }

    #[test]
    fn another_abi_stable_is_named() {
        let ours = abi_stable::library::AbiHeader::VALUE;
        let older = ours.abi_minor - 1;
        let mut bytes = ours.magic_string.to_vec();
        bytes.extend(ours.abi_major.to_ne_bytes());
        bytes.extend(older.to_ne_bytes());
        let abi_header = Some(AbiHeader::parse(&bytes));
        let message = refusal(&Image {
            abi_header,
            ..image()
        });
        let found = format!("built with abi_stable {}.{older}, ", ours.abi_major);
        assert!(message.contains(&found), "{message}");
        let abi_header = Some(AbiHeader::parse(b"garbage"));
        let message = refusal(&Image {
            abi_header,
            ..image()
        });
        assert!(message.contains("of an unknown version"), "{message}");
    }
}
