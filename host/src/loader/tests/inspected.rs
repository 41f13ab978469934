//! What inspecting tells, of this platform's libraries and others'.

use std::path::Path;

use super::{
    LoadError, Platform,
    fixtures::{c_library, connector, folder},
    inspect,
};
use crate::loader::{abi_header::AbiHeader, image::Image};

#[test]
fn inspecting_tells_what_loading_would_find() {
    let path = connector("good");
    let inspection = inspect(&path).unwrap();
    assert_eq!(inspection.platform, Platform::host());
    assert_eq!(inspection.size, path.metadata().unwrap().len());
    assert_eq!(inspection.metadata.unwrap().version, "1.2.0");
    assert!(
        inspection
            .needed_libraries
            .contains(&"libc.so.6".to_owned())
    );
    assert!(inspection.refusal.is_none(), "{:?}", inspection.refusal);
    assert_eq!(inspection.network_imports, [""; 0]);
}

#[test]
fn a_library_with_a_network_of_its_own_is_known() {
    let folder = folder();
    let source = "extern int sendto(void), fork(void), connect(void), listen(void);
        int call(void) { return sendto() + fork() + connect() + listen(); }";
    let library = c_library(folder.path(), "network", source, &[]);
    let imports = inspect(&library).unwrap().network_imports;
    assert_eq!(imports, ["connect", "fork", "sendto"]);
}

fn foreign(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/loader/tests/foreign")
        .join(name)
}

#[test]
fn libraries_of_other_platforms_are_read_here() {
    for (name, os, needed) in [
        ("acme.dll", "windows", &["ws2_32.dll"][..]),
        ("libacme.dylib", "macos", &[]),
    ] {
        let inspection = inspect(&foreign(name)).unwrap();
        let platform = Platform {
            os,
            arch: "x86_64",
            libc: None,
        };
        assert_eq!(inspection.platform, platform, "{name}");
        assert_eq!(inspection.metadata.unwrap().name, "acme");
        assert_eq!(inspection.needed_libraries, needed, "{name}");
        assert_eq!(inspection.network_imports, ["connect"], "{name}");
        let refusal = inspection
            .refusal
            .expect("it is for another platform")
            .to_string();
        let expected = format!(
            "was built for {platform}, this host runs on {}",
            Platform::host()
        );
        assert!(refusal.contains(&expected), "{refusal}");
    }
}

#[test]
fn the_module_of_another_platforms_library_is_found() {
    for name in ["acme.dll", "libacme.dylib"] {
        let bytes = std::fs::read(foreign(name)).unwrap();
        let image = Image::read(Path::new(name), &bytes).unwrap();
        assert!(
            image.abi_header.is_some_and(AbiHeader::is_compatible),
            "{name}"
        );
    }
}

#[test]
fn libraries_of_other_platforms_are_refused_cut_at_every_sixteenth() {
    for name in ["acme.dll", "libacme.dylib"] {
        let bytes = std::fs::read(foreign(name)).unwrap();
        for sixteenth in 0..16 {
            let cut = &bytes[..bytes.len() * sixteenth / 16];
            let refused = Image::read(Path::new(name), cut);
            assert!(refused.is_err(), "{name} cut to {} bytes", cut.len());
        }
    }
}

#[test]
fn a_universal_binary_is_read_by_the_part_that_fits() {
    let part = std::fs::read(foreign("libacme.dylib")).unwrap();
    let universal = universal_binary(&part);
    let image = Image::read(Path::new("universal.dylib"), &universal).unwrap();
    assert_eq!(image.metadata.unwrap().metadata.name, "acme");
    let cut = &universal[..universal.len() - 1];
    let error = Image::read(Path::new("universal.dylib"), cut).unwrap_err();
    assert!(matches!(error, LoadError::Truncated { .. }), "{error:?}");
}

/// A header in front of one part for x86_64, from byte 4096 on; all numbers are big endian.
fn universal_binary(part: &[u8]) -> Vec<u8> {
    let size = u32::try_from(part.len()).unwrap();
    let numbers: [u32; 7] = [0xcafe_babe, 1, 0x0100_0007, 3, 4096, size, 12];
    let mut bytes: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect();
    bytes.resize(4096, 0);
    bytes.extend(part);
    bytes
}
