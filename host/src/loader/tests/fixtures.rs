//! Real libraries: connectors written against the ABI crate alone, and small ones in C.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

/// What the connector of the fixtures says about itself.
pub(super) const METADATA: &str = concat!(
    r#"{"name":"acme","version":"1.2.0","abi":"1.0.0","sdk":"1.0.0","#,
    r#""operations":["createCallLog"]}"#,
);

/// A folder that only its owner may write to.
pub(super) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    folder
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Builds the connectors, once, and returns the path of one: `good`, `other_metadata`, `panics`,
/// `unchecked` or `other_layout`.
pub(super) fn connector(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(build_connectors);
    built.join(format!("libfixture_{name}.so"))
}

/// Returns the bytes of the good connector with every `from` replaced by `to`, which is as long.
pub(super) fn patched(from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "a patch keeps the length");
    let mut bytes = fs::read(connector("good")).unwrap();
    let places: Vec<_> = memchr_all(&bytes, from);
    assert!(!places.is_empty(), "nothing to patch");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to);
    }
    bytes
}

fn memchr_all(bytes: &[u8], part: &[u8]) -> Vec<usize> {
    let is_there = |(idx, window): (usize, &[u8])| (window == part).then_some(idx);
    bytes
        .windows(part.len())
        .enumerate()
        .filter_map(is_there)
        .collect()
}

/// Compiles a C library into `folder`.
pub(super) fn c_library(folder: &Path, name: &str, source: &str, arguments: &[&str]) -> PathBuf {
    let code = folder.join(format!("{name}.c"));
    let library = folder.join(format!("{name}.so"));
    fs::write(&code, source).unwrap();
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&code);
    let output = compiler.args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    library
}

/// C code of a library that passes every look at its file: metadata, and the first bytes of a module.
pub(super) fn c_connector(more: &str) -> String {
    let header = abi_stable::library::AbiHeader::VALUE;
    let magic: Vec<_> = header.magic_string.iter().map(u8::to_string).collect();
    let metadata = METADATA.replace('"', "\\\"");
    let length = METADATA.len();
    let symbol = abi_stable::library::ROOT_MODULE_LOADER_NAME;
    format!(
        r#"
        struct {{ char magic[8]; unsigned length; char text[{length}]; }} metadata
            __attribute__((section(".swbmeta"))) = {{ "SWBMETA1", {length}, "{metadata}" }};
        struct {{ unsigned char magic[32]; unsigned major, minor; }} {symbol} =
            {{ {{ {} }}, {}, {} }};
        {more}
        "#,
        magic.join(","),
        header.abi_major,
        header.abi_minor,
    )
}

fn build_connectors() -> PathBuf {
    // target/debug/deps/<this test>: beside `debug` a later run finds what it needs already built.
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap().join("loader-fixtures");
    let home = target.join("source");
    write_workspace(&home);
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--offline", "--quiet", "--target-dir"])
        .arg(&target);
    let output = cargo.current_dir(&home).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    target.join("debug")
}

fn write_workspace(home: &Path) {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let abi = repository.join("connector-sdk/abi");
    let changed_abi = home.join("abi");
    copy_changed_abi(&abi, &changed_abi);
    let members = [
        ("good", "METADATA", "Yes", &abi),
        ("other_metadata", "\"{}\"", "Yes", &abi),
        ("panics", "METADATA", "Yes", &abi),
        ("unchecked", "METADATA", "No", &abi),
        ("other_layout", "METADATA", "Yes", &changed_abi),
    ];
    for (name, metadata, check, abi) in members {
        let manifest = include_str!("connector.toml")
            .replace("@NAME", name)
            .replace("@ABI", abi.to_str().unwrap());
        let code = include_str!("connector.rs")
            .replace("@TEXT", METADATA)
            .replace("@METADATA", metadata)
            .replace("@CHECK", check)
            .replace("@PANICS", if name == "panics" { "true" } else { "false" });
        write_if_changed(&home.join(name).join("Cargo.toml"), &manifest);
        write_if_changed(&home.join(name).join("src/lib.rs"), &code);
    }
    let names: Vec<_> = members
        .iter()
        .map(|(name, ..)| format!("{name:?}"))
        .collect();
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n[profile.dev]\ndebug = false\n",
        names.join(", ")
    );
    write_if_changed(&home.join("Cargo.toml"), &manifest);
    // The versions that the workspace has, so that nothing is fetched.
    let lock = fs::read_to_string(repository.join("Cargo.lock")).unwrap();
    write(&home.join("Cargo.lock"), &lock);
}

/// The boundary with one field that is wider: what an author gets who edits a frozen type.
fn copy_changed_abi(abi: &Path, to: &Path) {
    for name in ["lib.rs", "tables.rs", "metadata.rs"] {
        let code = fs::read_to_string(abi.join("src").join(name)).unwrap();
        let code = code.replace("pub retry_after_ms: u64", "pub retry_after_ms: u32");
        write_if_changed(&to.join("src").join(name), &code);
    }
    write_if_changed(&to.join("Cargo.toml"), include_str!("abi.toml"));
}

/// Cargo builds again whatever has a newer time.
fn write_if_changed(path: &Path, text: &str) {
    if !fs::read_to_string(path).is_ok_and(|found| found == text) {
        write(path, text);
    }
}

/// Never leaves half a file to a cargo that another test process runs.
fn write(path: &Path, text: &str) {
    let folder = path.parent().unwrap();
    fs::create_dir_all(folder).unwrap();
    let file = tempfile::NamedTempFile::new_in(folder).unwrap();
    fs::write(&file, text).unwrap();
    file.persist(path).unwrap();
}
