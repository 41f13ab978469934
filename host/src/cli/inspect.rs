//! `switchboard inspect`: what a library says of itself, read without running it.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use switchboard_host::Inspection;

use super::config::Settings;
use super::{FAILURE, print};

/// Show what a connector library is, without running any of it
///
/// Among it are the libraries that it needs, and the functions by which it could talk to the network or start programs by
/// itself. Works on libraries for other platforms, too. Exits with 1 if this host cannot load the library, and says why.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The library
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, _: &Settings) -> anyhow::Result<ExitCode> {
    let inspection = switchboard_host::inspect(&arguments.file)?;
    let facts = facts(&inspection);
    if arguments.json {
        let json: Map<_, _> = facts
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        print(&format!("{:#}\n", Value::from(json)))?;
    } else {
        print(&text(&facts))?;
    }
    let refused = inspection.refusal.is_some();
    Ok(if refused {
        ExitCode::from(FAILURE)
    } else {
        ExitCode::SUCCESS
    })
}

fn facts(inspection: &Inspection) -> Vec<(&'static str, Value)> {
    let refusal = inspection.refusal.as_ref().map(|error| {
        let chain = anyhow::Chain::new(error).map(ToString::to_string);
        chain.collect::<Vec<_>>().join(": ")
    });
    vec![
        // A path need not be UTF-8, JSON has to be.
        ("file", json!(inspection.path.to_string_lossy())),
        ("size", json!(inspection.size)),
        ("sha256", json!(inspection.digest)),
        ("platform", json!(inspection.platform.to_string())),
        (
            "needs_glibc",
            json!(inspection.needs_glibc.map(|version| version.to_string())),
        ),
        ("needed_libraries", json!(inspection.needed_libraries)),
        ("network_imports", json!(inspection.network_imports)),
        ("metadata", json!(inspection.metadata.as_ref().ok())),
        ("loadable", json!(refusal.is_none())),
        ("refusal", json!(refusal)),
    ]
}

/// One fact a line; the metadata's stand among those of the file.
fn text(facts: &[(&str, Value)]) -> String {
    let mut lines = String::new();
    for (name, value) in facts {
        match value {
            Value::Object(metadata) => {
                metadata
                    .iter()
                    .for_each(|(name, value)| line(&mut lines, name, value));
            }
            value => line(&mut lines, name, value),
        }
    }
    lines
}

fn line(lines: &mut String, name: &str, value: &Value) {
    const WIDTH: usize = 18;
    let shown = match value {
        Value::Null => return,
        // The schema is for programs; --json has it.
        Value::Object(_) => "yes (see --json)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            let items = items.iter().filter_map(Value::as_str);
            items.collect::<Vec<_>>().join(", ")
        }
        value => value.to_string(),
    };
    let name = name.replace('_', " ");
    lines.push_str(&format!("{name:WIDTH$}{}\n", shown.replace('\n', " ")));
}
