//! What a search starts from: good inputs that the project has anyway.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A small library that passes every look at its file but the one for the boundary's own symbol.
const CONNECTOR: &str = r#"
    static const char text[] = "{\"name\":\"acme\",\"version\":\"1.2.0\",\"abi\":\"1.0.0\",\"operations\":[]}";
    struct { char magic[8]; unsigned length; char text[sizeof text - 1]; } metadata
        __attribute__((section(".swbmeta"))) = { "SWBMETA1", sizeof text - 1,
        "{\"name\":\"acme\",\"version\":\"1.2.0\",\"abi\":\"1.0.0\",\"operations\":[]}" };
    extern int connect(int, const void *, unsigned);
    int reach(void) { return connect(0, 0, 0); }
"#;

/// Returns the seeds of a target.
///
/// # Errors
///
/// A file of the project cannot be read, or a C compiler is missing.
pub fn seeds(target: &str) -> Result<Vec<Vec<u8>>> {
    match target {
        "library" => Ok(vec![library()?]),
        "manifest" => files(&["manifests", "tests/manifests"], "toml"),
        "import" => files(&["tests/manifests"], "json"),
        _ => calls(),
    }
}

/// The example call, and the inputs of all vectors.
fn calls() -> Result<Vec<Vec<u8>>> {
    let mut calls = files(&["connector-sdk/src/testing"], "json")?;
    let folders = [
        "tests/vectors/composer",
        "tests/vectors/pipedrive",
        "tests/vectors/pipedrive-contract",
    ];
    for vector in files(&folders, "json")? {
        let mut vector: Value = serde_json::from_slice(&vector)?;
        let mut input = vector["input"].take();
        // The composer's own vectors have none.
        if input["authHeader"].is_null() {
            input["authHeader"] = "".into();
        }
        calls.push(input.to_string().into_bytes());
    }
    Ok(calls)
}

/// Reads every file with this ending that lies directly in one of the folders.
fn files(folders: &[&str], ending: &str) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for folder in folders {
        for path in list(&root().join(folder))? {
            if path.extension().is_some_and(|it| it == ending) {
                let text = fs::read(&path);
                found.push(text.with_context(|| format!("cannot read {}", path.display()))?);
            }
        }
    }
    ensure!(!found.is_empty(), "no *.{ending} in {folders:?}");
    Ok(found)
}

/// Lists the files of a folder in order; none if it is not there.
///
/// # Errors
///
/// The folder is there and cannot be read.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Returns the folder of the workspace's `Cargo.toml`.
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .ancestors()
        .nth(2)
        .expect("this package is two folders below the workspace's")
}

fn library() -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let (code, library) = (folder.path().join("seed.c"), folder.path().join("seed.so"));
    fs::write(&code, CONNECTOR)?;
    let compiled = Command::new("cc")
        .args([
            "-shared",
            "-fPIC",
            "-nostdlib",
            "-s",
            "-Wl,-z,noseparate-code",
            "-o",
        ])
        .args([&library, &code])
        .status()
        .context("cannot run cc")?;
    ensure!(compiled.success(), "cc failed");
    Ok(fs::read(&library)?)
}
