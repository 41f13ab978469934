//! Each refusal, by a library that earns it.

use std::fs;

use super::{
    Digest, Libc, Library, LoadError, assert_refusal,
    fixtures::{c_connector, c_library, connector, folder, patched},
    inspect, refusal, refusal_of,
};

#[test]
fn a_missing_file_a_folder_and_a_pipe_are_refused_at_once() {
    let folder = folder();
    let missing = folder.path().join("missing.so");
    assert_refusal!(refusal_of(&missing), Missing, "does not exist");
    assert_refusal!(refusal_of(folder.path()), NotALibrary, "a folder");
    let pipe = folder.path().join("pipe.so");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    assert_refusal!(refusal_of(&pipe), NotALibrary, "a pipe");
}

#[test]
fn what_is_no_library_says_what_it_is() {
    assert_refusal!(refusal(b""), NotALibrary, "an empty file");
    assert_refusal!(
        refusal(b"#!/bin/sh\necho hello\n"),
        NotALibrary,
        "no file of a known format"
    );
    assert_refusal!(
        refusal(b"MZ, a text that begins like a program"),
        NotALibrary,
        "known format"
    );
    let folder = folder();
    let object = c_library(folder.path(), "object", "int one;", &["-c", "-no-pie"]);
    assert_refusal!(refusal_of(&object), NotALibrary, "an object file");
    let program = c_library(
        folder.path(),
        "program",
        "int main(void) { return 0; }",
        &["-no-pie"],
    );
    assert_refusal!(refusal_of(&program), NotALibrary, "a program");
}

#[test]
fn a_plain_library_is_refused_before_its_constructor_runs() {
    let folder = folder();
    let trace = folder.path().join("trace");
    let source = format!(
        r#"
        #include <stdio.h>
        __attribute__((constructor)) static void start(void) {{ fclose(fopen("{}", "w")); }}
        "#,
        trace.display()
    );
    let plain = c_library(folder.path(), "plain", &source, &[]);
    assert_refusal!(
        refusal_of(&plain),
        NoMetadata,
        "without the section .swbmeta",
        "export_connector!"
    );
    assert!(!trace.exists(), "the constructor ran");
}

#[test]
fn broken_metadata_is_refused() {
    let magic = patched(b"SWBMETA1", b"SWBMETA9");
    assert_refusal!(
        refusal(&magic),
        Metadata,
        "does not begin with the bytes SWBMETA1"
    );
    let json = patched(b"{\"name\":", b"{\"name\",");
    assert_refusal!(
        refusal(&json),
        Metadata,
        "is not the JSON object",
        "line 1 column"
    );
}

#[test]
fn another_abi_is_refused() {
    let bytes = patched(br#""abi":"1.0.0""#, br#""abi":"2.0.0""#);
    assert_refusal!(
        refusal(&bytes),
        AbiVersion,
        "speaks ABI 2.0.0, this host speaks ABI 1.0.0"
    );
}

#[test]
fn another_abi_stable_is_refused() {
    let ours = abi_stable::library::AbiHeader::VALUE;
    let header = |minor: u32| {
        let numbers = [ours.abi_major, minor].map(u32::to_ne_bytes).concat();
        [ours.magic_string.to_vec(), numbers].concat()
    };
    for minor in [ours.abi_minor - 1, ours.abi_minor + 1] {
        let bytes = patched(&header(ours.abi_minor), &header(minor));
        let found = format!("abi_stable {}.{minor}, ", ours.abi_major);
        assert_refusal!(refusal(&bytes), AbiStable, &found);
    }
}

#[test]
fn a_changed_layout_is_shown_by_its_first_difference() {
    let (error, message) = refusal_of(&connector("other_layout"));
    assert!(matches!(error, LoadError::Layout { .. }), "{error:?}");
    let difference = "RawFault.retry_after_ms: mismatched type, expected u64, found u32";
    assert!(message.contains(difference), "{message}");
    assert!(message.len() < 600, "{message}");
}

#[test]
fn a_library_that_hides_its_layout_is_refused() {
    let refusal = refusal_of(&connector("unchecked"));
    assert_refusal!(refusal, Layout, "without the description of its types");
}

#[test]
fn other_metadata_than_the_sections_is_refused() {
    assert_refusal!(
        refusal_of(&connector("other_metadata")),
        MetadataDiffers,
        "other metadata"
    );
}

#[test]
fn a_panic_while_loading_is_a_refusal() {
    assert_refusal!(
        refusal_of(&connector("panics")),
        Start,
        "making its module panicked"
    );
}

#[test]
fn an_unresolved_symbol_is_named() {
    let folder = folder();
    let source = c_connector(
        "extern int missing_function(void); int call(void) { return missing_function(); }",
    );
    let library = c_library(folder.path(), "unresolved", &source, &[]);
    assert_refusal!(
        refusal_of(&library),
        UnresolvedSymbol,
        "needs the symbol missing_function"
    );
}

#[test]
fn a_missing_library_is_named() {
    let folder = folder();
    let other = c_library(
        folder.path(),
        "libother",
        "int other(void) { return 1; }",
        &[],
    );
    let source = c_connector("extern int other(void); int call(void) { return other(); }");
    let other_argument = other.to_str().unwrap().to_owned();
    let library = c_library(folder.path(), "needs", &source, &[&other_argument]);
    fs::remove_file(&other).unwrap();
    assert_refusal!(
        refusal_of(&library),
        NeededLibrary,
        "libother.so, which cannot be loaded"
    );
}

#[test]
fn metadata_without_a_module_is_refused() {
    let symbol = abi_stable::library::ROOT_MODULE_LOADER_NAME.as_bytes();
    let mut other = symbol.to_vec();
    other[1] = b'X';
    assert_refusal!(
        refusal(&patched(symbol, &other)),
        NoModule,
        "does not export _1as_0lib"
    );
}

#[test]
fn a_newer_glibc_is_refused() {
    let needed = inspect(&connector("good")).unwrap().needs_glibc;
    let needed = format!("GLIBC_{}\0", needed.expect("it needs glibc"));
    let newer = "GLIBC_2.99\0";
    assert_refusal!(
        refusal(&patched(needed.as_bytes(), newer.as_bytes())),
        Glibc,
        "needs 2.99, this machine has 2."
    );
}

#[test]
fn a_library_for_musl_is_refused_by_glibc() {
    let folder = folder();
    let soname = "-Wl,-soname,libc.musl-x86_64.so.1";
    let libc = c_library(
        folder.path(),
        "libc",
        "int puts(const char *t) { return 0; }",
        &["-nostdlib", soname],
    );
    let source =
        c_connector("extern int puts(const char *); int call(void) { return puts(\"\"); }");
    let libc = libc.to_str().unwrap().to_owned();
    let library = c_library(
        folder.path(),
        "musl",
        &source,
        &["-nostdlib", "-fno-builtin", &libc],
    );
    assert_eq!(inspect(&library).unwrap().platform.libc, Some(Libc::Musl));
    assert_refusal!(
        refusal_of(&library),
        Platform,
        "was built for linux-x86_64-musl"
    );
}

#[test]
fn another_pinned_digest_is_refused() {
    let pin = Digest::of(b"another library");
    let error = Library::load(&connector("good"), Some(&pin)).unwrap_err();
    assert!(matches!(error, LoadError::Digest { .. }), "{error:?}");
    assert!(
        error.to_string().contains(&format!("expected {pin}")),
        "{error}"
    );
}
