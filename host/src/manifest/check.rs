//! Manifests that are checked without being used, on the machine of whoever writes them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    diagnostic::{Diagnostic, Place, Severity},
    folder::{ReadFolderError, break_namesakes, list},
    parse::{self, Parsed},
    source::Source,
    variables::Environment,
};

/// What the check of one file found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The file, as it was named, or as its folder was.
    pub path: PathBuf,
    /// The CRM's name, if it can be read.
    pub crm: Option<String>,
    /// Every fault and every warning.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks manifests, and that no two of them have one CRM name. A folder stands for every manifest in it; a file that
/// is named twice is checked once.
///
/// A variable that has no value is as bad as `unset` says: a warning, where the manifests are meant for another
/// machine. A text with such a variable is not judged; everything else is.
pub fn check_files(
    paths: &[PathBuf],
    environment: Environment<'_>,
    unset: Severity,
) -> Vec<Checked> {
    let read = |found| match found {
        Found::Named(path) => {
            let parsed = parse::read_named(&path, environment, unset);
            (path, parsed)
        }
        Found::Listed(path) => {
            let parsed = parse::read(&path, environment, unset);
            (path, parsed)
        }
        Found::UselessFolder(path, fault) => (path, Parsed::broken(vec![fault])),
    };
    let mut files: Vec<_> = expand(paths).map(read).collect();
    break_namesakes(&mut files);
    let files = files.into_iter();
    files
        .map(|(path, parsed)| Checked::new(path, parsed))
        .collect()
}

impl Checked {
    fn new(path: PathBuf, parsed: Parsed) -> Self {
        Self {
            path,
            crm: parsed.crm.map(|(name, _)| name),
            diagnostics: parsed.manifest.err().unwrap_or_default(),
        }
    }

    /// Whether the manifest has a fault; warnings are none.
    pub fn is_faulty(&self) -> bool {
        let mut severities = self.diagnostics.iter().map(Diagnostic::severity);
        severities.any(|severity| severity == Severity::Error)
    }

    /// Returns how many warnings there are.
    pub fn n_warnings(&self) -> usize {
        let diagnostics = self.diagnostics.iter();
        let warnings = diagnostics.filter(|it| it.severity() == Severity::Warning);
        warnings.map(Diagnostic::count).sum()
    }
}

/// What stands where an operator pointed.
enum Found {
    Named(PathBuf),
    /// It is in a folder that was named.
    Listed(PathBuf),
    /// There is nothing to check in it.
    UselessFolder(PathBuf, Diagnostic),
}

/// Puts the files of a folder in its place, and leaves out what came before, whichever way led there.
fn expand(paths: &[PathBuf]) -> impl Iterator<Item = Found> {
    let mut seen = BTreeSet::new();
    let found = paths.iter().flat_map(|path| files_of(path));
    found.filter(move |found| {
        let (Found::Named(path) | Found::Listed(path) | Found::UselessFolder(path, _)) = found;
        seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone()))
    })
}

fn files_of(path: &Path) -> Vec<Found> {
    if !path.is_dir() {
        return vec![Found::Named(path.to_owned())];
    }
    match list(path) {
        Ok(files) => files.into_iter().map(Found::Listed).collect(),
        Err(error) => vec![Found::UselessFolder(path.to_owned(), useless(path, &error))],
    }
}

fn useless(folder: &Path, error: &ReadFolderError) -> Diagnostic {
    let message = match error {
        ReadFolderError::List { source, .. } => format!("cannot list this folder: {source}"),
        _ => "no manifest is in this folder".to_owned(),
    };
    let place = Place::file(&Arc::new(Source::unreadable(folder)));
    Diagnostic::new(place, message).help("a manifest stands directly in it and ends in .toml")
}
