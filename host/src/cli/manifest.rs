//! `switchboard manifest`: for whoever writes manifests.

mod check;
mod import;
mod schema;

use std::process::ExitCode;

/// The exit code for files that are wrong.
const WRONG: u8 = 2;

/// Check manifests, describe them to editors, import those of App Connect
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(check::Arguments),
    Schema(schema::Arguments),
    Import(import::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        Command::Check(check) => check::run(check),
        Command::Schema(_) => schema::run(),
        Command::Import(import) => import::run(import),
    }
}
