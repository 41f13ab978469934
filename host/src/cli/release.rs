//! `switchboard release`: ends the quarantine of a CRM.

use std::process::ExitCode;

use switchboard_host::default_state_folder;

use super::config::Settings;
use super::{FAILURE, print, say};

/// End the quarantine of a CRM whose connector crashed again and again
///
/// Calls are taken again at once, by programs that are running, too, if they have the same state folder: set
/// STATE_DIRECTORY to that of a service. Exits with 1 if there is no quarantine.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name of the CRM, as in its manifest
    #[arg(long, value_name = "NAME")]
    crm: String,
}

pub(super) fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<ExitCode> {
    let crm = &arguments.crm;
    if !settings.host().release(crm)? {
        say(&match default_state_folder() {
            Some(folder) => format!(
                "{crm} is in no quarantine in the state folder {}",
                folder.display()
            ),
            None => {
                format!("{crm} is in no quarantine: no state folder is known; set STATE_DIRECTORY")
            }
        });
        return Ok(ExitCode::from(FAILURE));
    }
    print(&format!("the quarantine of {crm} has ended\n"))?;
    Ok(ExitCode::SUCCESS)
}
