//! A workspace of its own beside this one: what an author has, who knows nothing of this one but its crates.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{built, workspace_root};

/// Copies of packages of the workspace, changed, with a target folder of their own.
///
/// Cargo takes a package of the same name, version and place in its workspace for the same one, which is why the target
/// folder of the workspace itself cannot be shared.
pub struct ForeignWorkspace {
    folder: PathBuf,
    members: Vec<String>,
}

impl ForeignWorkspace {
    /// Makes a workspace without members in `folder`. One that is there already is taken over, so that only what has
    /// changed since is built again.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            members: Vec::new(),
        }
    }

    /// Copies a package of the workspace, without its dev-dependencies, as the member in the folder `to`.
    ///
    /// `edit` returns what becomes of a file, by its path in the package.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written.
    pub fn copy(
        &mut self,
        package: &str,
        to: &str,
        edit: impl Fn(&str, String) -> String,
    ) -> Result<()> {
        let from = workspace_root().join(package);
        for file in files(&from)? {
            let path = file.strip_prefix(&from)?.to_str().context("not UTF-8")?;
            let text = fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let text = match path {
                "Cargo.toml" => without_dev_dependencies(&text),
                _ => text,
            };
            self.write(&format!("{to}/{path}"), &edit(path, text))?;
        }
        self.members.push(to.to_owned());
        Ok(())
    }

    /// Adds a library crate of one file as the member in the folder of its name.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn add(&mut self, name: &str, code: &str) -> Result<()> {
        let manifest = format!("[package]\nname = {name:?}\nedition = \"2024\"\n");
        self.write(&format!("{name}/Cargo.toml"), &manifest)?;
        self.write(&format!("{name}/src/lib.rs"), code)?;
        self.members.push(name.to_owned());
        Ok(())
    }

    /// Writes what makes the members a workspace: the workspace's own manifest with other members.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written.
    pub fn finish(self) -> Result<Self> {
        self.write("Cargo.toml", &self.manifest()?)?;
        // The versions that the workspace has: nothing else is there without a network.
        let lock = fs::read_to_string(workspace_root().join("Cargo.lock"))?;
        self.write("Cargo.lock", &lock)?;
        Ok(self)
    }

    /// Builds a member in the dev profile, with the tests' toolchain or the one that rustup knows by this name, and
    /// returns its shared library.
    ///
    /// # Errors
    ///
    /// It cannot be built, or is no shared library.
    pub fn library(&self, package: &str, toolchain: Option<&str>) -> Result<PathBuf> {
        let cargo = match toolchain {
            None => built::cargo(),
            Some(name) => of_toolchain(name, "cargo"),
        };
        let arguments = ["--offline", "--target-dir", "target"];
        let artifacts = built::run(cargo, &self.folder, package, &arguments)?;
        built::only_library(package, artifacts)
    }

    /// Returns the workspace's manifest with these members; its paths lead back to it.
    fn manifest(&self) -> Result<String> {
        let root = workspace_root();
        let text = fs::read_to_string(root.join("Cargo.toml"))?;
        let (before, rest) = text.split_once("members = [").context("no members")?;
        let (_, after) = rest.split_once(']').context("no end of the members")?;
        let path = format!("{{ path = \"{}/", root.display());
        let after = after.replace("{ path = \"", &path);
        Ok(format!("{before}members = {:?}{after}", self.members))
    }

    /// Writes a file, unless it is so already: cargo builds again whatever has a newer time.
    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.folder.join(path);
        if fs::read_to_string(&path).is_ok_and(|found| found == text) {
            return Ok(());
        }
        let folder = path.parent().context("a file has a folder")?;
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Whether rustup has a toolchain of this name.
pub fn has_toolchain(name: &str) -> bool {
    let version = of_toolchain(name, "rustc").arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

fn of_toolchain(name: &str, program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", name, program]);
    // Set by the cargo that runs the tests, for its own toolchain.
    for variable in [
        "CARGO",
        "RUSTC",
        "RUSTDOC",
        "LD_LIBRARY_PATH",
        "RUSTUP_TOOLCHAIN",
    ] {
        command.env_remove(variable);
    }
    command
}

/// Lists what makes up a package: its manifest, its sources and the files beside the manifest.
fn files(package: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![package.join("src")];
    for entry in fs::read_dir(package)? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    Ok(files)
}

fn without_dev_dependencies(manifest: &str) -> String {
    let Some((before, section)) = manifest.split_once("\n[dev-dependencies]") else {
        return manifest.to_owned();
    };
    let after = section.find("\n[").map_or("", |end| &section[end + 1..]);
    format!("{before}\n{after}")
}
