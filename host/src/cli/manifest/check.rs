//! `switchboard manifest check`: every fault of every manifest.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use switchboard_host::manifest::{Checked, Severity, check_files};

use super::WRONG;
use crate::cli::{print, say};

/// Show every fault of every manifest, with its line
///
/// Prints faults and warnings on stderr, and on stdout a line for each manifest without a fault. Exits with 2 if there
/// is a fault; warnings are none. Two manifests with one CRM name are a fault. No connector is loaded: what it expects
/// of `[settings]` is checked by `switchboard list`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The manifests; a folder stands for every *.toml directly in it
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Refuse ${VARIABLE} and ${file:PATH} that have no value here, as `log` does; otherwise they are warnings
    #[arg(long)]
    env: bool,

    /// Print JSON instead: every manifest with its faults and warnings
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let unset = if arguments.env {
        Severity::Error
    } else {
        Severity::Warning
    };
    let checked = check_files(&arguments.files, &|name| std::env::var_os(name), unset);
    if arguments.json {
        let files: Vec<_> = checked.iter().map(described).collect();
        print(&format!("{:#}\n", json!(files)))?;
    } else {
        show(&checked)?;
    }
    Ok(if checked.iter().any(Checked::is_faulty) {
        ExitCode::from(WRONG)
    } else {
        ExitCode::SUCCESS
    })
}

fn show(checked: &[Checked]) -> std::io::Result<()> {
    let is_terminal = std::io::stderr().is_terminal();
    for diagnostic in checked.iter().flat_map(|file| &file.diagnostics) {
        let shown = if is_terminal {
            diagnostic.render_styled()
        } else {
            diagnostic.render()
        };
        say(&format!("{shown}\n"));
    }
    let good = checked.iter().filter(|file| !file.is_faulty());
    print(&good.map(line).collect::<String>())
}

/// What is said of a manifest without a fault.
fn line(file: &Checked) -> String {
    let path = file.path.display();
    match file.n_warnings() {
        0 => format!("{path}: ok\n"),
        1 => format!("{path}: ok, 1 warning\n"),
        n_warnings => format!("{path}: ok, {n_warnings} warnings\n"),
    }
}

fn described(file: &Checked) -> Value {
    let diagnostics = file.diagnostics.iter().map(|diagnostic| {
        let (line, column) = diagnostic.position().unzip();
        json!({
            "severity": diagnostic.severity().as_str(),
            "line": line,
            "column": column,
            "message": diagnostic.message(),
            "summary": diagnostic.summary(),
            "count": diagnostic.count(),
        })
    });
    json!({
        // A path need not be UTF-8, JSON has to be.
        "file": file.path.to_string_lossy(),
        "crm": file.crm,
        "ok": !file.is_faulty(),
        "diagnostics": diagnostics.collect::<Vec<_>>(),
    })
}
