//! `switchboard ledger`: what is known of calls, and what a person decides of them.

mod export;
mod history;
mod list;
mod moment;
mod pages;
mod prune;
mod reconcile;
mod resolve;
mod show;

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use anyhow::Context;
use switchboard_host::ledger::Ledger;
use tokio::runtime;

use super::config::Settings;
use super::say;

/// See what the ledger knows of calls, and decide what it cannot know
///
/// Needs no connectors but for reconcile, and manifests only for that and for resolve. A call whose program was ended while it wrote is shown as UNKNOWN once its
/// time is over. All exit with 1 if there is no ledger or it cannot be used, and say why.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(list::Arguments),
    Show(show::Arguments),
    Resolve(resolve::Arguments),
    Reconcile(reconcile::Arguments),
    Prune(prune::Arguments),
    Export(export::Arguments),
}

pub(super) fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<ExitCode> {
    let ledger = settings.ledger()?.open_existing()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start")?;
    match runtime.block_on(carry_out(&arguments.command, &ledger, settings)) {
        // Whoever reads has seen enough.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        done => done,
    }
}

async fn carry_out(
    command: &Command,
    ledger: &Ledger,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    if let Err(error) = ledger.expire().await {
        // Reading goes on: of a ledger on a full disk, too.
        let error = anyhow::Error::from(error);
        say(&format!(
            "warning: calls whose program has ended may still be shown as SENDING: {error:#}"
        ));
    }
    match command {
        Command::List(list) => list::run(list, ledger).await,
        Command::Show(show) => show::run(show, ledger).await,
        Command::Resolve(resolve) => resolve::run(resolve, ledger, settings).await,
        Command::Reconcile(reconcile) => return reconcile::run(reconcile, ledger, settings).await,
        Command::Prune(prune) => prune::run(prune, ledger).await,
        Command::Export(_) => export::run(ledger).await,
    }?;
    Ok(ExitCode::SUCCESS)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
