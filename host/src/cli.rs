//! The command line: one module a subcommand, over the library's public API.

mod compose;
mod config;
mod inspect;
mod ledger;
mod list;
mod lock;
mod log;
mod logging;
mod manifest;
mod release;
mod source;
mod table;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use switchboard_host::{CrmInfo, CrmState};

use config::{LedgerFlag, LedgerSetting, Settings};

/// The exit code of a command that could not do its work.
pub(crate) const FAILURE: u8 = 1;

/// Logs phone calls into CRMs.
///
/// A CRM is enabled by a manifest (one TOML file) and a connector (a shared library).
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every subcommand. A flag wins over the environment, that over the configuration file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
struct Globals {
    /// Folder of manifests, one TOML file a CRM [env: SWITCHBOARD_MANIFESTS] [default: manifests]
    #[arg(long, global = true, value_name = "DIR")]
    manifests: Option<PathBuf>,

    /// Folder of connector libraries; may be repeated, the first that has a library wins [env: SWITCHBOARD_CONNECTORS,
    /// separated as in PATH] [default: the program's folder, `connectors` in it, and `connectors` beside it]
    #[arg(long, global = true, value_name = "DIR")]
    connectors: Vec<PathBuf>,

    /// PEM file of certificates to trust beside the system's [env: SWITCHBOARD_CA_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// The ledger, which keeps one entry per call: sqlite:PATH, postgres://USER@HOST/DATABASE, or none
    /// [env: SWITCHBOARD_LEDGER] [default: ledger.sqlite in STATE_DIRECTORY, else in the user's state folder]
    #[arg(long, global = true, value_name = "PLACE", value_parser = LedgerFlag)]
    ledger: Option<LedgerSetting>,

    /// Configuration file [env: SWITCHBOARD_CONFIG] [default: switchboard.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// How much to log on stderr [env: SWITCHBOARD_LOG_LEVEL] [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<LogLevel>,

    /// How to write the log [env: SWITCHBOARD_LOG_FORMAT] [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

#[derive(Debug, Clone, Copy, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Debug, Clone, Copy, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Log(log::Arguments),
    Compose(compose::Arguments),
    List(list::Arguments),
    Inspect(inspect::Arguments),
    Lock(lock::Arguments),
    Ledger(ledger::Arguments),
    Manifest(manifest::Arguments),
    Release(release::Arguments),
}

/// Runs the subcommand and returns the program's exit code.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let settings = Settings::read(&arguments.globals);
    match arguments.command {
        Command::Log(log) => Ok(log::run(&log, settings)),
        // These take nothing from the settings, so a mistake in them is no obstacle.
        Command::Compose(compose) => compose::run(&compose),
        Command::Manifest(manifest) => manifest::run(&manifest),
        Command::List(list) => list::run(&list, &settings?),
        Command::Inspect(inspect) => inspect::run(&inspect, &settings?),
        Command::Lock(lock) => lock::run(&lock, &settings?),
        Command::Ledger(ledger) => ledger::run(&ledger, &settings?),
        Command::Release(release) => release::run(&release, &settings?),
    }
}

/// Writes a line for a person on stderr. A closed stderr is no reason to fail.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Shows at length why a CRM cannot be used, for a broken manifest with line and caret; whether that is so.
fn say_if_unusable(crm: &CrmInfo) -> bool {
    let name = &crm.name;
    let text = match &crm.state {
        CrmState::Ready => return false,
        CrmState::Disabled { report, .. } => format!("{name} is disabled:\n{report}"),
        CrmState::Quarantined {
            reason,
            since,
            until,
        } => format!(
            "{name} is in quarantine from {since} to {until}:\nits connector crashed again and again, the last time \
             because {reason}; tell its author, and when it is repaired run `switchboard release --crm {name}`"
        ),
        _ => format!("{name} cannot be used"),
    };
    say(&format!("\n{text}"));
    true
}

/// Writes a result on stdout.
fn print(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Escapes what would break a line or steer a terminal: whoever sends an input names its members and ids.
fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}
