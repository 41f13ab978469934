//! `switchboard manifest`: for whoever writes manifests.

mod check;

use std::process::ExitCode;

use super::config::Settings;

/// The exit code for files that are wrong.
const WRONG: u8 = 2;

/// Check manifests
///
/// No connector is loaded, so `[settings]` are not compared with what the connector expects: `switchboard list` does that.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(check::Arguments),
}

pub(super) fn run(arguments: &Arguments, _: &Settings) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Check(check) => check::run(check),
    }
}
