//! A folder of manifests.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Manifest,
    diagnostic::{Diagnostic, Place, Severity},
    parse::{self, Parsed},
    variables::Environment,
};

/// What a folder of manifests holds.
#[derive(Debug)]
pub struct Manifests {
    /// One for each file, by file name.
    pub entries: Vec<Entry>,
}

/// What became of one file.
#[derive(Debug)]
pub enum Entry {
    /// A manifest without a fault.
    Ready(Box<Manifest>),
    /// A manifest that disables its CRM.
    Broken {
        /// The file.
        path: PathBuf,
        /// The CRM's name, if it can be read.
        crm: Option<String>,
        /// What is wrong; at least one.
        diagnostics: Vec<Diagnostic>,
    },
}

/// Why a folder holds no manifests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFolderError {
    /// There is no such folder.
    #[error(
        "there is no manifests folder {}: create it and copy the manifest of a CRM into it, \
         or name another one with --manifests",
        .path.display()
    )]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be listed.
    #[error("cannot list the manifests folder {}", .path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No manifest is in it.
    #[error(
        "no CRM is enabled: the manifests folder {} holds no *.toml file; copy the manifest of a CRM \
         into it and put the connector's library into a connectors folder",
        .path.display()
    )]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// How many other manifests with the same name one fault shows.
const MAX_NAMESAKES: usize = 5;

/// Reads every `*.toml` that stands directly in a folder; files whose name starts with a dot are left out.
///
/// # Errors
///
/// [`ReadFolderError`] if there is nothing to read. Faults of a file are no error: they are its entry.
pub fn read_folder(
    folder: &Path,
    environment: Environment<'_>,
) -> Result<Manifests, ReadFolderError> {
    read_each(folder, |path| {
        parse::read(path, environment, Severity::Error)
    })
}

/// As [`read_folder`], for those who need no more of a manifest than the names of the CRM and of its libraries: elsewhere
/// in it, values of variables may be missing.
pub(crate) fn read_folder_without_values(
    folder: &Path,
    environment: Environment<'_>,
) -> Result<Manifests, ReadFolderError> {
    read_each(folder, |path| {
        let mut parsed = parse::read(path, environment, Severity::Warning);
        if let Some(manifest) = parsed.without_values.take() {
            parsed.manifest = Ok(*manifest);
        }
        parsed
    })
}

fn read_each(folder: &Path, read: impl Fn(&Path) -> Parsed) -> Result<Manifests, ReadFolderError> {
    let paths = list(folder)?;
    let mut files: Vec<_> = paths
        .into_iter()
        .map(|path| {
            let parsed = read(&path);
            (path, parsed)
        })
        .collect();
    break_namesakes(&mut files);
    let entries = files.into_iter().map(|(path, file)| Entry::new(path, file));
    Ok(Manifests {
        entries: entries.collect(),
    })
}

impl Entry {
    fn new(path: PathBuf, file: Parsed) -> Self {
        match file.manifest {
            Ok(manifest) => Entry::Ready(Box::new(manifest)),
            Err(diagnostics) => Entry::Broken {
                path,
                crm: file.crm.map(|(name, _)| name),
                diagnostics,
            },
        }
    }
}

/// Lists the files of a folder that are manifests, by file name.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, ReadFolderError> {
    let path = || folder.to_owned();
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => ReadFolderError::Missing { path: path() },
        _ => ReadFolderError::List {
            path: path(),
            source,
        },
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let file = Path::new(&name);
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        if !is_hidden && file.extension().is_some_and(|ending| ending == "toml") {
            paths.push(folder.join(file));
        }
    }
    if paths.is_empty() {
        return Err(ReadFolderError::Empty { path: path() });
    }
    paths.sort();
    Ok(paths)
}

/// Breaks every manifest whose CRM has the name of another's: a call for that name could mean either.
pub(super) fn break_namesakes(files: &mut [(PathBuf, Parsed)]) {
    let mut places: BTreeMap<String, Vec<(usize, Place)>> = BTreeMap::new();
    for (index, (_, file)) in files.iter().enumerate() {
        if let Some((name, place)) = &file.crm {
            let same_name = places.entry(name.clone()).or_default();
            same_name.push((index, place.clone()));
        }
    }
    for (name, same_name) in places.iter().filter(|(_, files)| files.len() > 1) {
        for (index, place) in same_name {
            let mut fault = Diagnostic::new(
                place.clone(),
                format!(
                    "the CRM name `{name}` is used by {} manifests",
                    same_name.len()
                ),
            )
            .label("expected a name of its own");
            let others = same_name.iter().filter(|(other, _)| other != index);
            for (_, other) in others.take(MAX_NAMESAKES) {
                fault = fault.related(other.clone(), "also used here");
            }
            files[*index]
                .1
                .add_fault(fault.help("rename one of them, or remove its file"));
        }
    }
}

#[cfg(test)]
mod tests;
