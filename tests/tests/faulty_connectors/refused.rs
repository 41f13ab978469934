//! Libraries that are refused before a connector opens.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use switchboard_tests::{Stage, library};

/// Enables the CRM `faulty` with a library of these bytes, and returns the library.
fn with_library(bytes: &[u8]) -> (Stage, PathBuf) {
    let stage = Stage::new().unwrap();
    let file = stage.place.connectors().join("faulty.so");
    fs::write(&file, bytes).unwrap();
    stage.enable("faulty", file.to_str().unwrap(), "").unwrap();
    (stage, file)
}

/// Requires that listing, logging and inspecting all refuse the library of `tests/faulty/NAME`.
fn assert_refused(name: &str, parts: &[&str]) {
    let stage = Stage::with_faulty(name, "").unwrap();
    let file_name = format!("libfaulty_{}.so", name.replace('-', "_"));
    let parts = [&[file_name.as_str()], parts].concat();
    stage.check_disabled(name, &parts).unwrap();
    let file = stage.place.connectors().join(&file_name);
    stage.check_inspect_refuses(&file, &parts[1..]).unwrap();
}

fn assert_bytes_refused(bytes: &[u8], parts: &[&str]) {
    let (stage, file) = with_library(bytes);
    stage.check_disabled("faulty", parts).unwrap();
    stage
        .check_disabled("faulty", &[file.to_str().unwrap()])
        .unwrap();
    stage.check_inspect_refuses(&file, parts).unwrap();
}

fn good_library() -> Vec<u8> {
    fs::read(library("switchboard-connector-example").unwrap()).unwrap()
}

/// Replaces every `from` by `to`, which is as long.
fn patch(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len(), "a patch keeps the length");
    let is_there = |start: &usize| bytes[*start..].starts_with(from);
    let places: Vec<_> = (0..bytes.len()).filter(is_there).collect();
    assert!(!places.is_empty(), "there is nothing to patch");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to);
    }
}

#[test]
fn another_version_of_the_abi_is_refused() {
    assert_refused(
        "another-abi",
        &[
            "speaks ABI 2.0.0",
            "this host speaks ABI 1.0.0",
            "get a build of the connector for ABI 1.0.0",
        ],
    );
}

#[test]
fn a_connector_without_metadata_is_refused() {
    assert_refused(
        "no-metadata",
        &[
            "is not a connector library",
            "without the section .swbmeta",
            "build the connector with `export_connector!`",
        ],
    );
}

#[test]
fn metadata_that_is_no_json_is_refused() {
    assert_refused(
        "metadata-not-json",
        &[
            ".swbmeta section is not the JSON object",
            "build the connector again",
            "line 1 column",
        ],
    );
}

#[test]
fn an_unresolved_symbol_is_refused_at_the_start_and_not_at_the_first_call() {
    let stage = Stage::with_faulty("unresolved-symbol", "").unwrap();
    let parts = [
        "libfaulty_unresolved_symbol.so",
        "needs the symbol switchboard_has_no_such_function",
        "which no library here provides",
        "link the library that has it",
    ];
    stage.check_disabled("unresolved-symbol", &parts).unwrap();
}

#[test]
fn a_library_in_rust_that_is_no_connector_is_refused() {
    assert_refused(
        "plain-library",
        &[
            "is not a connector library",
            "without the section .swbmeta",
            "build the connector with `export_connector!`",
        ],
    );
}

#[test]
fn a_library_in_c_that_is_no_connector_is_refused_before_any_of_it_runs() {
    let stage = Stage::new().unwrap();
    let trace = stage.place.root().join("trace");
    let source = format!(
        "#include <stdio.h>\n\
         __attribute__((constructor)) static void start(void) {{ fclose(fopen({trace:?}, \"w\")); }}\n"
    );
    let file = stage.place.connectors().join("libplain.so");
    compile(stage.place.root(), &source, &file);
    stage.enable("plain", "plain", "").unwrap();
    let parts = [
        "libplain.so",
        "is not a connector library",
        "export_connector!",
    ];
    stage.check_disabled("plain", &parts).unwrap();
    stage.check_inspect_refuses(&file, &parts).unwrap();
    assert!(!trace.exists(), "its constructor ran");
}

fn compile(folder: &Path, source: &str, library: &Path) {
    let code = folder.join("library.c");
    fs::write(&code, source).unwrap();
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-o"])
        .arg(library)
        .arg(&code);
    let output = compiler.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

#[test]
fn a_library_cut_off_at_any_sixteenth_is_refused_and_the_whole_one_works() {
    let stage = Stage::new().unwrap();
    let whole = good_library();
    for sixteenth in 0..16 {
        let name = format!("cut-{sixteenth}");
        let file = stage.place.connectors().join(format!("{name}.so"));
        fs::write(&file, &whole[..whole.len() * sixteenth / 16]).unwrap();
        stage.enable(&name, file.to_str().unwrap(), "").unwrap();
    }
    let list = stage.list().unwrap().json().unwrap();
    assert_eq!(list.as_array().unwrap().len(), 17, "{list:#}");
    for sixteenth in 0..16 {
        let name = format!("cut-{sixteenth}");
        let file = stage.place.connectors().join(format!("{name}.so"));
        let size = format!("the file has {} bytes", whole.len() * sixteenth / 16);
        let parts = match sixteenth {
            0 => ["an empty file", "put the connector's library there"],
            _ => [&*size, "copy the whole file again"],
        };
        let found = list
            .as_array()
            .unwrap()
            .iter()
            .find(|crm| crm["name"] == *name);
        let reason = found.unwrap()["reason"].as_str().unwrap();
        assert!(parts.iter().all(|part| reason.contains(part)), "{reason}");
        assert!(reason.contains(file.to_str().unwrap()), "{reason}");
        stage.check_inspect_refuses(&file, &parts).unwrap();
        let outcome = stage.failure(&name, 1, "disabled").unwrap();
        assert_eq!(outcome["error"]["message"], reason);
    }
}

#[test]
fn an_older_and_a_newer_abi_stable_are_refused() {
    let ours = abi_stable::library::AbiHeader::VALUE;
    let header = |minor: u32| {
        let numbers = [ours.abi_major, minor].map(u32::to_ne_bytes).concat();
        [ours.magic_string.to_vec(), numbers].concat()
    };
    let major = ours.abi_major;
    for minor in [ours.abi_minor - 1, ours.abi_minor + 1] {
        let mut bytes = good_library();
        patch(&mut bytes, &header(ours.abi_minor), &header(minor));
        let found = format!("was built with abi_stable {major}.{minor}");
        let expected = format!("this host with {major}.{}", ours.abi_minor);
        let action = "build the connector with a released switchboard-connector-sdk";
        assert_bytes_refused(&bytes, &[&found, &expected, action]);
    }
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn a_library_for_another_processor_is_refused() {
    const MACHINE: usize = 18;
    const AARCH64: [u8; 2] = 183_u16.to_le_bytes();
    let mut bytes = good_library();
    bytes[MACHINE..MACHINE + 2].copy_from_slice(&AARCH64);
    let parts = [
        "was built for linux-aarch64-gnu",
        "this host runs on linux-x86_64-gnu",
        "get or build the connector for linux-x86_64-gnu",
    ];
    assert_bytes_refused(&bytes, &parts);
}

#[test]
fn what_is_no_library_at_all_is_refused() {
    let action = "expected a shared library";
    assert_bytes_refused(b"", &["an empty file", action]);
    assert_bytes_refused(b"#!/bin/sh\n", &["no file of a known format", action]);
    assert_bytes_refused(&[0; 4096], &["no file of a known format", action]);
}
