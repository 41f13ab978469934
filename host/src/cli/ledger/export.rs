//! `switchboard ledger export`: every call, for programs.

use switchboard_host::ledger::Ledger;

use super::history::History;
use super::pages::{Pages, all};
use crate::cli::print;

/// Print every call with its attempts, a JSON object a line
///
/// The call that was claimed first comes first. Calls that change meanwhile may be printed as before or as after.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) async fn run(ledger: &Ledger) -> anyhow::Result<()> {
    let mut pages = Pages::new(ledger, all());
    while let Some(page) = pages.next().await? {
        let mut text = String::new();
        for row in page {
            let history = History::read(ledger, row).await?;
            text.push_str(&serde_json::to_string(&history)?);
            text.push('\n');
        }
        print(&text)?;
    }
    Ok(())
}
