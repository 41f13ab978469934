//! The program `switchboard`: logs a call into a CRM, composes its entry, shows CRMs, libraries and manifests.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // First of all: this program is its own worker.
    switchboard_host::serve_if_worker();
    switchboard_host::harden_process();
    let arguments = cli::Arguments::parse();
    match cli::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            cli::say(&format!("error: {error:#}"));
            ExitCode::from(cli::FAILURE)
        }
    }
}
