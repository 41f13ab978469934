//! `switchboard list`: the CRMs and whether they can be used.

use std::io::IsTerminal;
use std::process::ExitCode;

use serde_json::json;
use switchboard_host::{CrmInfo, CrmState};

use super::config::Settings;
use super::{FAILURE, print, say_if_disabled};

/// List the CRMs that manifests enable
///
/// Prints a line a CRM: name, display name, connector, version, state, library. Loads every connector, as a gateway does
/// when it starts. What is wrong with a manifest is shown on stderr with its line.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Exit with 1 if a CRM is disabled
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<ExitCode> {
    let crms = settings.host().build()?.crms();
    let text = if arguments.json {
        format!("{:#}\n", json!(crms))
    } else {
        table(&crms, std::io::stdout().is_terminal())
    };
    print(&text)?;
    let n_disabled = crms.iter().filter(|crm| say_if_disabled(crm)).count();
    let failed = arguments.check && n_disabled > 0;
    Ok(if failed {
        ExitCode::from(FAILURE)
    } else {
        ExitCode::SUCCESS
    })
}

/// One line a CRM: columns for a person, tabs for a program.
fn table(crms: &[CrmInfo], for_person: bool) -> String {
    const TITLES: [&str; 6] = [
        "NAME",
        "DISPLAY NAME",
        "CONNECTOR",
        "VERSION",
        "STATE",
        "LIBRARY",
    ];
    let mut rows: Vec<[String; 6]> = crms.iter().map(row).collect();
    if !for_person {
        return rows.iter().map(|row| row.join("\t") + "\n").collect();
    }
    rows.insert(0, TITLES.map(str::to_owned));
    let widths: Vec<_> = (0..TITLES.len())
        .map(|column| width(rows.iter().map(|row| row[column].as_str())))
        .collect();
    rows.iter().map(|row| aligned(row, &widths)).collect()
}

fn row(crm: &CrmInfo) -> [String; 6] {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let state = match &crm.state {
        CrmState::Disabled { reason, .. } => format!("disabled: {reason}"),
        _ if crm.proxy => "ready (proxy resolves names)".to_owned(),
        _ => "ready".to_owned(),
    };
    let mut library = crm
        .library
        .as_ref()
        .map_or("-".to_owned(), |path| path.display().to_string());
    for shadowed in &crm.shadowed {
        library.push_str(&format!(" (shadows {})", shadowed.display()));
    }
    let names = [crm.name.clone(), crm.display_name.clone()];
    let [name, display_name] = names;
    [
        name,
        display_name,
        or_dash(&crm.connector),
        or_dash(&crm.version),
        state,
        library,
    ]
    .map(|cell| cell.replace(['\t', '\n', '\r'], " "))
}

fn width<'a>(cells: impl Iterator<Item = &'a str>) -> usize {
    cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
}

fn aligned(row: &[String; 6], widths: &[usize]) -> String {
    let cells = row
        .iter()
        .zip(widths)
        .map(|(cell, &width)| format!("{cell:width$}"));
    let line = cells.collect::<Vec<_>>().join("  ");
    format!("{}\n", line.trim_end())
}
