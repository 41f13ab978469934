//! `switchboard release`: ends the quarantine of a CRM.

use std::process::ExitCode;

use super::config::Settings;
use super::{FAILURE, print, say};

/// End the quarantine of a CRM whose connector crashed again and again
///
/// Calls are taken again at once, by programs that are running, too. Exits with 1 if there is no quarantine.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name of the CRM, as in its manifest
    #[arg(long, value_name = "NAME")]
    crm: String,
}

pub(super) fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<ExitCode> {
    let crm = &arguments.crm;
    if !settings.host().release(crm)? {
        say(&format!("{crm} is in no quarantine"));
        return Ok(ExitCode::from(FAILURE));
    }
    print(&format!("the quarantine of {crm} has ended\n"))?;
    Ok(ExitCode::SUCCESS)
}
