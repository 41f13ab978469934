//! One file: from its bytes to a manifest or its faults.

use std::{io, ops::Range, path::Path, sync::Arc};

use toml::de::DeTable;

use super::{
    Manifest,
    diagnostic::{Diagnostic, Place, Severity},
    faults::Faults,
    grammar,
    reader::Reader,
    source::Source,
    variables::{Environment, ReadTextError, Variables, read_file},
};
use crate::secret::Secret;

/// What became of one file.
pub(super) struct Parsed {
    pub(super) manifest: Result<Manifest, Vec<Diagnostic>>,
    /// What could be read of a manifest in which only values of variables are missing.
    pub(super) without_values: Option<Box<Manifest>>,
    /// The CRM's name and where it stands, if it could be read, whatever else is wrong.
    pub(super) crm: Option<(String, Place)>,
}

impl Parsed {
    /// Adds a fault that shows only beside other files.
    pub(super) fn add_fault(&mut self, fault: Diagnostic) {
        match &mut self.manifest {
            Ok(_) => self.manifest = Err(vec![fault]),
            Err(faults) => faults.push(fault),
        }
    }

    pub(super) fn broken(faults: Vec<Diagnostic>) -> Self {
        Self {
            manifest: Err(faults),
            without_values: None,
            crm: None,
        }
    }
}

/// Reads a file. A variable without a value is as bad as `unset` says; without it there is no manifest.
pub(super) fn read(path: &Path, environment: Environment<'_>, unset: Severity) -> Parsed {
    match read_file(path) {
        Ok(bytes) => parse(path, &bytes, environment, unset),
        Err(error) => Parsed::broken(vec![unreadable(path, &error, HELP_IN_FOLDER)]),
    }
}

const HELP_IN_FOLDER: &str =
    "put a readable TOML file here, or rename it so that it does not end in .toml";

/// Reads a file that somebody named, rather than found in a folder.
pub(super) fn read_named(path: &Path, environment: Environment<'_>, unset: Severity) -> Parsed {
    let fault = match read_file(path) {
        Ok(bytes) => return parse(path, &bytes, environment, unset),
        Err(_) if path == Path::new("-") => {
            let place = Place::file(&Arc::new(Source::unreadable(path)));
            Diagnostic::new(
                place,
                "a manifest is not read from stdin: it has to be a file",
            )
            .help("what a manifest names by a path begins in its folder")
        }
        Err(ReadTextError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            let place = Place::file(&Arc::new(Source::unreadable(path)));
            Diagnostic::new(place, "there is no such file")
                .help("name a manifest, or a folder of manifests")
        }
        Err(error) => unreadable(path, &error, "name a readable TOML file"),
    };
    Parsed::broken(vec![fault])
}

/// Reads the content of the file `path`.
pub(super) fn parse(
    path: &Path,
    bytes: &[u8],
    environment: Environment<'_>,
    unset: Severity,
) -> Parsed {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Parsed::broken(vec![not_utf8(path, bytes, error.valid_up_to())]),
    };
    let (tree, errors) = DeTable::parse_recoverable(text);
    let tree = tree.get_ref();
    let source = Arc::new(if errors.is_empty() {
        Source::new(path, text, tree)
    } else {
        Source::of_broken(path, text, tree)
    });
    let crm = crm_of(tree).map(|(name, span)| (name, Place::at(&source, span)));
    if !errors.is_empty() {
        let faults = syntax_faults(&source, errors);
        return Parsed {
            manifest: Err(faults),
            without_values: None,
            crm,
        };
    }
    let variables = Variables {
        environment,
        folder: path.parent().unwrap_or(Path::new("")),
        unset,
    };
    let (manifest, without_values) = check(&source, tree, path, variables);
    let read = manifest.as_ref().ok().or(without_values.as_deref());
    let crm = crm.and_then(|(written, place)| match read {
        Some(read) => Some((read.crm.name.clone(), place)),
        // What the variable stands for is not known here.
        None if written.contains("${") => None,
        None => Some((written, place)),
    });
    Parsed {
        manifest,
        without_values,
        crm,
    }
}

fn check(
    source: &Arc<Source>,
    tree: &DeTable<'_>,
    path: &Path,
    variables: Variables<'_>,
) -> (Result<Manifest, Vec<Diagnostic>>, Option<Box<Manifest>>) {
    let reader = Reader::new(source, variables);
    let manifest = grammar::manifest(reader.root(tree), path);
    let secrets = reader.secrets_after(0);
    let faults = reader.into_faults();
    let Some(manifest) = manifest else {
        return (Err(faults), None);
    };
    if faults.is_empty() {
        let secrets = secrets.into_iter().map(Secret::new).collect();
        let manifest = Manifest {
            secrets,
            ..manifest
        };
        return (Ok(manifest), None);
    }
    let is_warning = |fault: &Diagnostic| fault.severity() == Severity::Warning;
    let without_values = faults.iter().all(is_warning).then(|| Box::new(manifest));
    (Err(faults), without_values)
}

fn syntax_faults(source: &Arc<Source>, errors: Vec<toml::de::Error>) -> Vec<Diagnostic> {
    let mut faults = Faults::default();
    for error in errors {
        let place = match error.span() {
            Some(span) => Place::at(source, span),
            None => Place::file(source),
        };
        faults.push(Diagnostic::new(
            place,
            format!("not TOML: {}", error.message()),
        ));
    }
    faults.into_vec(source)
}

fn unreadable(path: &Path, error: &ReadTextError, help: &str) -> Diagnostic {
    let source = Arc::new(Source::unreadable(path));
    let message = format!("cannot use this: {error}");
    Diagnostic::new(Place::file(&source), message).help(help)
}

fn not_utf8(path: &Path, bytes: &[u8], offset: usize) -> Diagnostic {
    let text = String::from_utf8_lossy(bytes);
    let source = Arc::new(Source::of_broken(path, &text, &DeTable::new()));
    Diagnostic::new(Place::at(&source, offset..offset + 1), "not UTF-8")
        .label("this is no character")
        .help("save the file in the encoding UTF-8")
}

fn crm_of(tree: &DeTable<'_>) -> Option<(String, Range<usize>)> {
    let name = tree.get("crm")?.get_ref().get("name")?;
    Some((name.get_ref().as_str()?.to_owned(), name.span()))
}
