//! What loading yields.

use std::{fs, process::Command};

use super::{
    Digest, Library,
    fixtures::{METADATA, connector, folder, patched},
};
use crate::loader::{open::open_file, seal::write_copy};

#[test]
fn a_connector_is_loaded_with_its_metadata_and_module() {
    let path = connector("good");
    let bytes = fs::read(&path).unwrap();
    let library = Library::load(&path, Some(&Digest::of(&bytes))).unwrap();
    assert_eq!(library.path(), path);
    assert_eq!(library.metadata().name, "acme");
    assert_eq!(library.module().metadata()().as_str(), METADATA);
    assert_eq!(*library.digest(), Digest::of(&bytes));
}

#[test]
fn two_libraries_are_two_and_the_same_bytes_are_one() {
    let good = Library::load(&connector("good"), None).unwrap();
    let folder = folder();
    let renamed = folder.path().join("renamed.so");
    fs::write(&renamed, patched(b"\"acme\"", b"\"bcme\"")).unwrap();
    let renamed = Library::load(&renamed, None).unwrap();
    assert_eq!(renamed.metadata().name, "bcme");
    let text = METADATA.replace("acme", "bcme");
    assert_eq!(renamed.module().metadata()().as_str(), text);

    let copy = folder.path().join("copy.so");
    fs::copy(connector("good"), &copy).unwrap();
    let copy = Library::load(&copy, None).unwrap();
    let address = |library: &Library| library.module().metadata()().as_ptr();
    assert_eq!(address(&copy), address(&good));
    assert_ne!(address(&renamed), address(&good));
}

/// Runs one test of this program in a process of its own, with a variable set.
fn run_alone(test: &str, variable: (&str, &str)) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([test, "--exact"]).env(variable.0, variable.1);
    let output = child.output().unwrap();
    let ran_one = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    output.status.success() && ran_one
}

#[test]
fn the_bytes_run_from_memory_unless_the_environment_asks_for_the_file() {
    const NAME: &str =
        "loader::tests::loaded::the_bytes_run_from_memory_unless_the_environment_asks_for_the_file";
    let path = connector("good");
    Library::load(&path, None).unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let is_mapped = |name: &str| maps.contains(name);
    if std::env::var_os("SWITCHBOARD_LOAD").is_some() {
        assert!(is_mapped(path.to_str().unwrap()), "{maps}");
    } else {
        assert!(is_mapped("/memfd:switchboard-connector"), "{maps}");
        assert!(!is_mapped(path.to_str().unwrap()), "{maps}");
        assert!(run_alone(NAME, ("SWITCHBOARD_LOAD", "path")));
    }
}

#[test]
#[allow(unsafe_code, reason = "loading a library is running it")]
fn a_private_copy_serves_where_memory_does_not() {
    let state = folder();
    let bytes = patched(b"\"acme\"", b"\"copy\"");
    let copy = write_copy(state.path(), &Digest::of(&bytes), &bytes).unwrap();
    // SAFETY: the copy holds the bytes of the good connector, which is built from `tests/connector.rs`.
    let header = unsafe { open_file(&copy) }.unwrap();
    assert!(header.is_some_and(|header| header.upgrade().is_ok()));
}
