//! `switchboard lock`: which libraries may be loaded.

use std::process::ExitCode;

use anyhow::bail;
use switchboard_host::LockError;
use switchboard_host::lock::Lock;

use super::config::Settings;
use super::{FAILURE, on_one_line, print, say};

/// Write down which libraries may be loaded
///
/// Writes switchboard.lock into the folder of manifests: the SHA-256 and size of the library of every CRM, for every
/// platform that its manifest names. Where that file is, a library that differs or is not in it is not loaded. Nothing is
/// written if a manifest cannot be read, or a library is missing or damaged. No library is run, and variables in the
/// manifests need no value here, but those that name a CRM or a library.
///
/// A library that a manifest names for all platforms is locked for the platform on which this runs: name one for each
/// in [connector.library] to lock several. Libraries that a library needs itself are not locked.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Write nothing; name every library that is not the locked one, and exit with 1 if there is any
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<ExitCode> {
    let found = match settings.host().lock() {
        Ok(found) => found,
        Err(LockError::Faults(faults)) => {
            faults.iter().for_each(|fault| say(&format!("{fault}\n")));
            let outcome = match arguments.check {
                true => "nothing was checked",
                false => "nothing was written",
            };
            bail!("{outcome}: {}", LockError::Faults(faults));
        }
        Err(error) => return Err(error.into()),
    };
    match arguments.check {
        true => check(settings, &found),
        false => write(&found),
    }
}

fn write(found: &Lock) -> anyhow::Result<ExitCode> {
    let path = found.path().display();
    if let Err(error) = found.write() {
        bail!(
            "cannot write the lock file {path}: {error}; the one that was there, if any, is unchanged"
        );
    }
    print(&format!("{path}: {}\n", libraries(found)))?;
    Ok(ExitCode::SUCCESS)
}

fn check(settings: &Settings, found: &Lock) -> anyhow::Result<ExitCode> {
    let path = found.path().display();
    let Some(lock) = Lock::read(settings.manifests())? else {
        bail!("there is no lock file {path}; `switchboard lock` writes it");
    };
    let differences = lock.differences(found);
    if differences.is_empty() {
        print(&format!("{path}: {} as locked\n", libraries(found)))?;
        return Ok(ExitCode::SUCCESS);
    }
    for difference in differences {
        say(&on_one_line(&difference.to_string()));
    }
    say(&format!(
        "{path} is not what is there; put the locked libraries back, or run `switchboard lock` if you trust these"
    ));
    Ok(ExitCode::from(FAILURE))
}

fn libraries(lock: &Lock) -> String {
    match lock.libraries().len() {
        1 => "1 library".to_owned(),
        n => format!("{n} libraries"),
    }
}
