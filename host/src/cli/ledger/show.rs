//! `switchboard ledger show`: one call.

use anyhow::Context;
use switchboard_host::ledger::{CallKey, Ledger};

use super::history::History;
use crate::cli::print;

/// Show all that is known of a call
///
/// Its state, its attempts with their times, and what they sent. Exits with 1 if the ledger has no such call.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The call, as `ledger list` prints it
    #[arg(value_name = "KEY")]
    key: CallKey,

    /// Print JSON, as `ledger export` does
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, ledger: &Ledger) -> anyhow::Result<()> {
    let key = &arguments.key;
    let row = ledger.read(key).await?;
    let row = row.with_context(|| format!("the ledger has no call {key}"))?;
    let history = History::read(ledger, row).await?;
    let text = match arguments.json {
        true => format!("{}\n", serde_json::to_string_pretty(&history)?),
        false => history.to_text(),
    };
    print(&text)?;
    Ok(())
}
