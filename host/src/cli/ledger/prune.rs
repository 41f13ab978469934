//! `switchboard ledger prune`: forgets old calls.

use jiff::Timestamp;
use switchboard_host::ledger::Ledger;

use super::moment;
use crate::cli::print;

/// Forget old calls
///
/// Only calls that are DONE or REJECTED since before the given time; nothing is ever pruned by itself. A forgotten call
/// that is sent again is logged again. Prints how many were forgotten, and asks nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How old: 90d, 12w, 2026-11-22 or 2026-11-22T11:30:00Z
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    older_than: Timestamp,
}

pub(super) async fn run(arguments: &Arguments, ledger: &Ledger) -> anyhow::Result<()> {
    let before = arguments.older_than;
    let n_pruned = ledger.prune(before).await?;
    let calls = match n_pruned {
        1 => "call forgotten that was",
        _ => "calls forgotten that were",
    };
    print(&format!(
        "{n_pruned} {calls} DONE or REJECTED before {before}; such a call is logged again if it is sent again\n"
    ))?;
    Ok(())
}
