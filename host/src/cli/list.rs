//! `switchboard list`: the CRMs and whether they can be used.

use std::io::IsTerminal;
use std::process::ExitCode;

use serde_json::json;
use switchboard_host::manifest::Isolation;
use switchboard_host::{CrmInfo, CrmState};

use super::config::Settings;
use super::{FAILURE, print, say_if_unusable, table};

/// List the CRMs that manifests enable
///
/// Prints a line a CRM: name, display name, connector, version, state, library, where the connector runs; in a
/// terminal a table. Loads every connector, as a gateway does when it starts. What is wrong with a manifest is shown on stderr with its line.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Exit with 1 if a CRM is disabled or in quarantine
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<ExitCode> {
    let crms = settings.host().build()?.crms();
    let text = if arguments.json {
        format!("{:#}\n", json!(crms))
    } else if std::io::stdout().is_terminal() {
        aligned(&crms)
    } else {
        lines(&crms)
    };
    print(&text)?;
    let n_unusable = crms.iter().filter(|crm| say_if_unusable(crm)).count();
    let failed = arguments.check && n_unusable > 0;
    Ok(if failed {
        ExitCode::from(FAILURE)
    } else {
        ExitCode::SUCCESS
    })
}

/// What the list says of a CRM, in the order of a program's columns.
type Row = [String; 7];

/// One line a CRM, for a program: cells between tabs.
fn lines(crms: &[CrmInfo]) -> String {
    table::separated(&crms.iter().map(row).collect::<Vec<_>>())
}

/// One line a CRM, for a person: aligned columns under titles. The state comes last, for its reason may be long.
fn aligned(crms: &[CrmInfo]) -> String {
    let titles = [
        "NAME",
        "DISPLAY NAME",
        "CONNECTOR",
        "VERSION",
        "LIBRARY",
        "RUNS",
        "STATE",
    ];
    let mut rows = vec![titles.map(str::to_owned)];
    rows.extend(crms.iter().map(|crm| {
        let [name, display_name, connector, version, state, library, runs] = row(crm);
        [name, display_name, connector, version, library, runs, state]
    }));
    table::aligned(&rows)
}

fn row(crm: &CrmInfo) -> Row {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let state = match &crm.state {
        CrmState::Disabled { reason, .. } => format!("disabled: {reason}"),
        CrmState::Quarantined { reason, until, .. } => {
            format!("quarantined until {until}: {reason}")
        }
        _ if crm.proxy => "ready (proxy resolves names)".to_owned(),
        _ => "ready".to_owned(),
    };
    let mut library = crm
        .library
        .as_ref()
        .map_or("-".to_owned(), |path| path.display().to_string());
    if crm.locked {
        library.push_str(" (locked)");
    }
    for shadowed in &crm.shadowed {
        library.push_str(&format!(" (shadows {})", shadowed.display()));
    }
    [
        crm.name.clone(),
        crm.display_name.clone(),
        or_dash(&crm.connector),
        or_dash(&crm.version),
        state,
        library,
        runs(crm),
    ]
    .map(|cell| cell.replace(['\t', '\n', '\r'], " "))
}

/// Says where a connector runs, and how far it is trusted.
fn runs(crm: &CrmInfo) -> String {
    match (crm.isolation, &crm.sandbox) {
        (None, _) => "-".to_owned(),
        (Some(Isolation::InProcess), _) => "in process (trusted)".to_owned(),
        (Some(_), None) => "in a worker".to_owned(),
        (Some(_), Some(sandbox)) => match &sandbox.missing()[..] {
            [] => "in a worker (sandboxed)".to_owned(),
            missing => format!("in a worker (not denied: {})", missing.join(", ")),
        },
    }
}

#[cfg(test)]
mod tests {
    use switchboard_host::Host;

    use super::*;

    #[test]
    fn a_long_reason_moves_no_column() {
        let folder = tempfile::tempdir().unwrap();
        let fault = "x = 1\n"
            .repeat(10)
            .replace('x', "unknown_key_of_the_manifest");
        let manifest = format!("manifest_version = 1\n{fault}[crm]\nname = \"acme\"\n");
        std::fs::write(folder.path().join("acme.toml"), manifest).unwrap();
        let host = Host::builder().manifests(folder.path()).build().unwrap();
        let crms = host.crms();
        let table = aligned(&crms);
        let (titles, line) = table.split_once('\n').unwrap();
        assert!(titles.ends_with("LIBRARY  RUNS  STATE"), "{table}");
        let state = titles.find("STATE").unwrap();
        assert!(line[state..].starts_with("disabled: "), "{table}");
        assert!(line.len() > 3 * titles.len(), "{table}");
        let cells: Vec<_> = lines(&crms)
            .trim_end()
            .split('\t')
            .map(str::to_owned)
            .collect();
        assert_eq!(cells[..4], ["acme", "acme", "-", "-"]);
        assert!(
            cells[4].starts_with("disabled: ") && cells[5..] == ["-", "-"],
            "{cells:?}"
        );
    }
}
