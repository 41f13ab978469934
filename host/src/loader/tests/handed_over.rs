//! Libraries that one process checks and another loads: the bytes go over as a descriptor.

use std::{
    fs::{self, File},
    io::Read,
    os::fd::OwnedFd,
    path::Path,
    process::Command,
};

use super::{
    Digest, Library, LoadError, assert_refusal,
    fixtures::{METADATA, connector, folder, patched},
};
use crate::loader::seal::{Kept, PrivateCopy, write_copy};

fn read(descriptor: OwnedFd) -> Vec<u8> {
    let mut bytes = Vec::new();
    File::from(descriptor).read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn every_worker_gets_the_bytes_that_were_checked_whatever_becomes_of_the_file() {
    let home = folder();
    let path = home.path().join("connector.so");
    fs::copy(connector("good"), &path).unwrap();
    let good = fs::read(&path).unwrap();
    let checked = Library::check(&path, Some(&Digest::of(&good))).unwrap();
    assert_eq!(checked.path(), path);
    assert_eq!(*checked.digest(), Digest::of(&good));
    assert_eq!(checked.size(), good.len() as u64);
    assert_eq!(checked.metadata().name, "acme");

    fs::write(&path, "another").unwrap();
    assert!(read(checked.hand_over().unwrap()) == good);
    fs::remove_file(&path).unwrap();
    let [first, second] = [(); 2].map(|()| checked.hand_over().unwrap());
    // Each has a place in the file of its own.
    assert!(read(first) == good && read(second) == good);
}

#[test]
fn what_is_handed_over_cannot_be_written_to() {
    let checked = Library::check(&connector("good"), None).unwrap();
    let descriptor = checked.hand_over().unwrap();
    assert_eq!(
        rustix::io::write(&descriptor, b"x"),
        Err(rustix::io::Errno::BADF)
    );
    let name = crate::loader::seal::name_of(&descriptor);
    let writer = fs::OpenOptions::new().write(true).open(name);
    let written = writer.and_then(|file| std::os::unix::fs::FileExt::write_at(&file, b"x", 0));
    assert!(written.is_err());
}

/// Runs alone: this process may have loaded the library by another way.
#[test]
fn a_library_is_loaded_from_its_descriptor_alone() {
    const NAME: &str = "loader::tests::handed_over::a_library_is_loaded_from_its_descriptor_alone";
    if std::env::var_os("SWITCHBOARD_LOAD").is_none() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        // Not even this makes a worker look for the file.
        child
            .args([NAME, "--exact"])
            .env("SWITCHBOARD_LOAD", "path");
        let output = child.output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && shown.contains("1 passed"),
            "{shown}"
        );
        return;
    }
    let checked = Library::check(&connector("good"), None).unwrap();
    let descriptor = checked.hand_over().unwrap();
    let digest = *checked.digest();
    drop(checked);
    let path = Path::new("/nowhere/connector.so");
    let library = Library::from_descriptor(descriptor, path).unwrap();
    assert_eq!((library.path(), library.digest()), (path, &digest));
    assert_eq!(library.metadata().name, "acme");
    assert_eq!(library.module().metadata()().as_str(), METADATA);
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(maps.contains("/memfd:switchboard-connector"), "{maps}");
}

/// What follows a library that was loaded must not take over its descriptor: glibc would know it by that name.
#[test]
fn two_libraries_from_descriptors_are_two() {
    let home = folder();
    let [one, two] = ["dcme", "ecme"].map(|name| {
        let path = home.path().join(name);
        let text = format!("\"{name}\"");
        fs::write(&path, patched(b"\"acme\"", text.as_bytes())).unwrap();
        let checked = Library::check(&path, None).unwrap();
        Library::from_descriptor(checked.hand_over().unwrap(), &path).unwrap()
    });
    let text = |library: &Library| library.module().metadata()().as_str().to_owned();
    assert_eq!(text(&one), METADATA.replace("acme", "dcme"));
    assert_eq!(text(&two), METADATA.replace("acme", "ecme"));
}

#[test]
fn a_private_copy_is_handed_over_where_memory_does_not_serve() {
    let home = folder();
    let bytes = patched(b"\"acme\"", b"\"fcme\"");
    let digest = Digest::of(&bytes);
    let path = write_copy(home.path(), &digest, &bytes).unwrap();
    let kept = Kept::Copy(PrivateCopy::new(path.clone(), &digest).unwrap());
    // What lies at its path later is another file.
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"another").unwrap();
    assert!(read(kept.open().unwrap()) == bytes);
    let library =
        Library::from_descriptor(kept.open().unwrap(), Path::new("connector.so")).unwrap();
    assert_eq!(library.metadata().name, "fcme");
}

#[test]
fn a_private_copy_that_was_changed_is_not_handed_over() {
    let home = folder();
    let digest = Digest::of(b"library");
    let path = write_copy(home.path(), &digest, b"library").unwrap();
    let kept = Kept::Copy(PrivateCopy::new(path.clone(), &digest).unwrap());
    fs::write(&path, b"changed").unwrap();
    let error = kept.open().unwrap_err();
    let expected = format!("its copy {} was changed", path.display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_worker_checks_what_it_gets() {
    let home = folder();
    let path = home.path().join("connector.so");
    let refusal = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let descriptor = File::open(&path).unwrap().into();
        let error = Library::from_descriptor(descriptor, &path).unwrap_err();
        let message = error.to_string();
        (error, message)
    };
    let good = fs::read(connector("good")).unwrap();
    assert_refusal!(refusal(b""), NotALibrary, "an empty file");
    assert_refusal!(refusal(&good[..good.len() / 2]), Truncated, "is cut short");
    let other = patched(br#""abi":"1.0.0""#, br#""abi":"2.0.0""#);
    assert_refusal!(refusal(&other), AbiVersion, "speaks ABI 2.0.0");
    let pipe = std::io::pipe().unwrap().0.into();
    let error = Library::from_descriptor(pipe, &path).unwrap_err();
    assert!(matches!(error, LoadError::NotALibrary { .. }), "{error}");
}
