//! `switchboard manifest schema`: the shape of a manifest, for editors.

use std::process::ExitCode;

use crate::cli::print;

/// Print the JSON Schema of a manifest
///
/// Editors complete keys and mark mistakes with it: those that use Taplo, if a manifest begins with the line
/// `#:schema ./manifest.schema.json`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let schema = switchboard_host::manifest::json_schema();
    print(&format!("{schema:#}\n"))?;
    Ok(ExitCode::SUCCESS)
}
