//! `switchboard manifest import`: App Connect's manifest as manifests of Switchboard.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use switchboard_host::manifest::{ImportedManifest, MAX_IMPORT_LEN, import};
use tempfile::TempPath;

use super::WRONG;
use crate::cli::source::STDIN;
use crate::cli::{print, say};

/// Turn App Connect's manifest into manifests, one for each platform
///
/// Prints the files that were written on stdout, and on stderr what could not be carried over; the same stands in the
/// files as comments. Exits with 2 if FILE is wrong, and with 1 if the manifests cannot be written.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// App Connect's manifest, a JSON file; - for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Import this platform only
    #[arg(long, value_name = "NAME")]
    platform: Option<String>,

    /// The folder to write into; it is created if there is none
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,

    /// Replace files that exist; otherwise nothing is written if one does
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match imported(arguments) {
        Ok(manifests) => write_all(arguments, &manifests),
        Err(error) => {
            say(&format!("error: {error:#}"));
            Ok(ExitCode::from(WRONG))
        }
    }
}

fn imported(arguments: &Arguments) -> anyhow::Result<Vec<ImportedManifest>> {
    let is_stdin = arguments.file == Path::new(STDIN);
    let name = if is_stdin {
        "stdin".to_owned()
    } else {
        arguments.file.display().to_string()
    };
    let attempt = || format!("cannot import {name}");
    let source: Box<dyn Read> = if is_stdin {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(&arguments.file).with_context(attempt)?)
    };
    let mut json = Vec::new();
    // One byte more than is accepted tells that there is more.
    let limit = MAX_IMPORT_LEN as u64 + 1;
    source
        .take(limit)
        .read_to_end(&mut json)
        .with_context(attempt)?;
    import(&json, arguments.platform.as_deref()).with_context(attempt)
}

/// A manifest that only has to be moved to its place. It is closed: there may be more of them than files may be open.
struct Staged {
    file: TempPath,
    place: PathBuf,
}

fn write_all(arguments: &Arguments, manifests: &[ImportedManifest]) -> anyhow::Result<ExitCode> {
    let place = |manifest: &ImportedManifest| arguments.out.join(format!("{}.toml", manifest.name));
    let places: Vec<_> = manifests.iter().map(place).collect();
    for place in &places {
        refuse_folder(place)?;
    }
    if !arguments.force {
        refuse_existing(&places)?;
    }
    fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot create the folder {}", arguments.out.display()))?;
    let staged: Vec<_> = manifests
        .iter()
        .zip(&places)
        .map(|(manifest, place)| Staged::new(&arguments.out, place.clone(), &manifest.toml))
        .collect::<anyhow::Result<_>>()?;
    let mut n_written = 0;
    let outcome = staged.into_iter().try_for_each(|staged| {
        staged.move_to_place(arguments.force)?;
        n_written += 1;
        anyhow::Ok(())
    });
    tell(&places[..n_written], manifests)?;
    outcome.with_context(|| format!("{n_written} of {} files were written", places.len()))?;
    Ok(ExitCode::SUCCESS)
}

/// Names the files that were written, then what is not in them.
fn tell(written: &[PathBuf], manifests: &[ImportedManifest]) -> std::io::Result<()> {
    let lines = written.iter().map(|path| format!("{}\n", path.display()));
    print(&lines.collect::<String>())?;
    for (path, manifest) in written.iter().zip(manifests) {
        for note in &manifest.notes {
            say(&format!("{}: not carried over: {note}", path.display()));
        }
    }
    Ok(())
}

fn refuse_folder(place: &Path) -> anyhow::Result<()> {
    if place.is_dir() {
        bail!("nothing was written: {} is a folder", place.display());
    }
    Ok(())
}

fn refuse_existing(places: &[PathBuf]) -> anyhow::Result<()> {
    // A link that leads nowhere is in the way, too.
    let existing = places
        .iter()
        .filter(|place| place.symlink_metadata().is_ok());
    let existing: Vec<_> = existing.map(|place| place.display().to_string()).collect();
    if existing.is_empty() {
        return Ok(());
    }
    let exist = if existing.len() == 1 {
        "exists"
    } else {
        "exist"
    };
    bail!(
        "nothing was written: {} {exist} already; replace with --force, or name another folder with --out",
        existing.join(", ")
    );
}

impl Staged {
    fn new(folder: &Path, place: PathBuf, text: &str) -> anyhow::Result<Self> {
        let mut builder = tempfile::Builder::new();
        // A host that reads the folder meanwhile leaves out files whose name starts with a dot.
        builder.prefix(".import-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let attempt = || format!("cannot write into the folder {}", folder.display());
        let file = builder.tempfile_in(folder);
        // The error itself would show the name of a file that nobody asked for.
        let mut file = file
            .map_err(|error| std::io::Error::from(error.kind()))
            .with_context(attempt)?;
        file.write_all(text.as_bytes()).with_context(attempt)?;
        if let Ok(existing) = fs::metadata(&place) {
            let permissions = existing.permissions();
            file.as_file()
                .set_permissions(permissions)
                .with_context(attempt)?;
        }
        file.as_file().sync_all().with_context(attempt)?;
        Ok(Self {
            file: file.into_temp_path(),
            place,
        })
    }

    fn move_to_place(self, force: bool) -> anyhow::Result<()> {
        let moved = if force {
            self.file.persist(&self.place)
        } else {
            // Somebody may have put a file there since.
            self.file.persist_noclobber(&self.place)
        };
        let attempt = || format!("cannot write {}", self.place.display());
        moved.map_err(|error| error.error).with_context(attempt)?;
        Ok(())
    }
}
