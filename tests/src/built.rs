//! Builds packages of the workspace and learns from cargo where the results are.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::workspace_root;

/// What a package was built into: kind of the target (`bin`, `example`, `cdylib`), its name, its file.
pub(crate) type Artifacts = Vec<(String, String, PathBuf)>;

/// Builds `package`, once per process, and returns its program `name`.
///
/// # Errors
///
/// It cannot be built (the message holds cargo's), or has no such program.
pub fn program(package: &str, name: &str) -> Result<PathBuf> {
    let artifacts = build(package, own_profile(), None)?;
    let found = artifacts
        .into_iter()
        .find(|(kind, found, _)| kind == "bin" && found == name);
    let (_, _, file) = found.with_context(|| format!("{package} has no program {name}"))?;
    Ok(file)
}

/// Builds the example `name` of `package`, once per process, and returns it.
///
/// # Errors
///
/// As [`program`].
pub fn example_program(package: &str, name: &str) -> Result<PathBuf> {
    let artifacts = build(package, own_profile(), Some(name))?;
    let found = artifacts
        .into_iter()
        .find(|(kind, found, _)| kind == "example" && found == name);
    let (_, _, file) = found.with_context(|| format!("{package} has no example {name}"))?;
    Ok(file)
}

/// Builds `package`, once per process, and returns its shared library.
///
/// # Errors
///
/// It cannot be built (the message holds cargo's), or has no shared library.
pub fn library(package: &str) -> Result<PathBuf> {
    library_in(package, own_profile())
}

/// As [`library`], in a profile of the workspace: `release` is what is shipped, and a bench compares code that was built
/// alike.
///
/// # Errors
///
/// As [`library`].
pub fn library_in(package: &str, profile: &str) -> Result<PathBuf> {
    only_library(package, build(package, profile, None)?)
}

/// Returns the cargo that runs the tests.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from(env!("CARGO"))))
}

/// Takes out of the environment what cargo says there about the package under test: crates whose build scripts watch
/// it, such as `ring`, would be built again, with all that depends on them.
fn forget_package(cargo: &mut Command) {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let about_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    for name in names.filter(|name| about_package.iter().any(|start| name.starts_with(start))) {
        cargo.env_remove(name);
    }
}

/// Returns the shared library of a package that has one.
pub(crate) fn only_library(package: &str, artifacts: Artifacts) -> Result<PathBuf> {
    let mut found = artifacts.into_iter().filter(|(kind, ..)| kind == "cdylib");
    let library = found
        .next()
        .with_context(|| format!("{package} is no cdylib"))?;
    ensure!(
        found.next().is_none(),
        "{package} was built into several cdylibs"
    );
    Ok(library.2)
}

/// Returns the profile that the tests themselves were built in.
fn own_profile() -> &'static str {
    if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    }
}

/// What was built: package, profile, example.
type Built = (String, String, Option<String>);

fn build(package: &str, profile: &str, example: Option<&str>) -> Result<Artifacts> {
    static BUILT: Mutex<BTreeMap<Built, Artifacts>> = Mutex::new(BTreeMap::new());
    let key = (
        package.to_owned(),
        profile.to_owned(),
        example.map(str::to_owned),
    );
    // A test that panicked meanwhile has left a map that is still true.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(artifacts) = built.get(&key) {
        return Ok(artifacts.clone());
    }
    let mut arguments = vec!["--profile", profile];
    if let Some(example) = example {
        arguments.extend(["--example", example]);
    }
    let artifacts = run(cargo(), workspace_root(), package, &arguments)?;
    built.insert(key, artifacts.clone());
    Ok(artifacts)
}

/// Runs `cargo build` in `folder` and reads what came out of it.
pub(crate) fn run(
    mut cargo: Command,
    folder: &Path,
    package: &str,
    arguments: &[&str],
) -> Result<Artifacts> {
    forget_package(&mut cargo);
    cargo
        .current_dir(folder)
        .args(["build", "--quiet", "--package", package])
        .arg("--message-format=json-render-diagnostics")
        .args(arguments);
    let output = cargo.output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!(
            "cannot build {package}:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let messages = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    let mut artifacts = Artifacts::new();
    for message in messages {
        let message = message.context("cannot read cargo's messages")?;
        if message["reason"] == "compiler-artifact" {
            artifacts.extend(artifact(&message));
        }
    }
    Ok(artifacts)
}

/// Returns the program or shared library that a message is about; most are about neither.
fn artifact(message: &Value) -> Option<(String, String, PathBuf)> {
    let target = &message["target"];
    let kind = |wanted: &str| {
        target["kind"]
            .as_array()
            .is_some_and(|kinds| kinds.contains(&Value::from(wanted)))
    };
    let name = target["name"].as_str()?.to_owned();
    if let Some(program) = ["bin", "example"].into_iter().find(|it| kind(it)) {
        let file = message["executable"].as_str()?;
        return Some((program.to_owned(), name, PathBuf::from(file)));
    }
    if !kind("cdylib") {
        return None;
    }
    let mut files = message["filenames"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str);
    let file = files.find(|file| file.ends_with(env::consts::DLL_SUFFIX))?;
    Some(("cdylib".to_owned(), name, PathBuf::from(file)))
}
