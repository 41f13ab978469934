//! `switchboard ledger list`: the calls.

use std::io::{self, IsTerminal};

use jiff::Timestamp;
use switchboard_host::ledger::state::{State, StateName};
use switchboard_host::ledger::{Filter, Ledger, Row};

use super::moment;
use super::pages::{Pages, all};
use crate::cli::{on_one_line, print, say, table};

/// List calls, the one that was claimed first at the top
///
/// Prints a line a call: key, state, since when, number of attempts, id of the entry; in a terminal a table. An empty
/// list says so on stderr.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only calls in this state: CLAIMED, SENDING, DONE, FAILED, REJECTED or UNKNOWN
    #[arg(long, value_name = "STATE")]
    state: Option<StateName>,

    /// Only calls of this CRM
    #[arg(long, value_name = "NAME")]
    crm: Option<String>,

    /// Only calls that are in their state since this moment or later: 2h, 7d, 2026-11-22 or 2026-11-22T11:30:00Z
    #[arg(long, value_name = "TIME", value_parser = moment::parse)]
    since: Option<Timestamp>,

    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, ledger: &Ledger) -> anyhow::Result<()> {
    let filter = Filter {
        state: arguments.state,
        crm: arguments.crm.clone(),
        since: arguments.since,
        ..all()
    };
    let n_calls = if arguments.json {
        print_json(Pages::new(ledger, filter)).await?
    } else {
        print_lines(Pages::new(ledger, filter)).await?
    };
    if n_calls == 0 {
        say("no such call is in the ledger");
    }
    Ok(())
}

/// Prints a line a call, and returns how many there are.
async fn print_lines(mut pages: Pages<'_>) -> anyhow::Result<usize> {
    let is_table = io::stdout().is_terminal();
    let mut n_calls = 0;
    while let Some(page) = pages.next().await? {
        let mut rows: Vec<_> = page.iter().map(cells).collect();
        if !is_table {
            print(&table::separated(&rows))?;
        } else {
            if n_calls == 0 {
                let titles = ["KEY", "STATE", "SINCE", "ATTEMPTS", "ENTRY"];
                rows.insert(0, titles.map(str::to_owned));
            }
            print(&table::aligned(&rows))?;
        }
        n_calls += page.len();
    }
    Ok(n_calls)
}

fn cells(row: &Row) -> [String; 5] {
    let entry = match &row.standing.state {
        State::Done { log_id } => on_one_line(log_id),
        _ => "-".to_owned(),
    };
    [
        row.key.to_string(),
        row.standing.state.name().to_string(),
        row.standing.since.to_string(),
        row.standing.token.to_string(),
        entry,
    ]
}

/// Prints an array, and returns how many calls are in it.
async fn print_json(mut pages: Pages<'_>) -> anyhow::Result<usize> {
    let mut n_calls = 0;
    while let Some(page) = pages.next().await? {
        let mut text = String::new();
        for row in &page {
            text.push_str(if n_calls == 0 { "[\n" } else { ",\n" });
            text.push_str(&serde_json::to_string(row)?);
            n_calls += 1;
        }
        print(&text)?;
    }
    print(if n_calls == 0 { "[]\n" } else { "\n]\n" })?;
    Ok(n_calls)
}
