//! `switchboard ledger reconcile`: looks for the entries of unclear calls.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use switchboard_host::ledger::state::StateName;
use switchboard_host::ledger::{CallKey, Filter, Ledger, StoreError};
use switchboard_host::{Host, Reconciled};
use tokio::task::JoinSet;

use super::pages::all;
use crate::cli::config::Settings;
use crate::cli::{on_one_line, print, say, say_if_unusable, table};

/// How many entries are looked for at a time. Each CRM has limits of its own beside this.
const AT_A_TIME: usize = 8;

/// The exit code where calls are left of which nobody knows.
const STILL_UNCLEAR: u8 = 3;

/// Look for the entries of all calls that are UNKNOWN
///
/// Asks the connectors, which may only read. What requests to a CRM are authorized with comes from `[auth]` of its
/// manifest. Prints a line a call: key, DONE with the id of its entry, FAILED if it may be logged again, or UNKNOWN and
/// why. Exits with 0 if no call is left unclear, 3 if one is, 1 if the ledger or the manifests cannot be used.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only calls of this CRM
    #[arg(long, value_name = "NAME")]
    crm: Option<String>,
}

pub(super) async fn run(
    arguments: &Arguments,
    ledger: &Ledger,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let mut builder = settings.host().ledger(ledger.clone()).wait_for_requests();
    if let Some(crm) = &arguments.crm {
        builder = builder.only(crm);
    }
    let host = tokio::task::spawn_blocking(|| builder.build());
    let host = host.await.context("cannot start")??;
    for crm in host.crms() {
        say_if_unusable(&crm);
    }
    let unclear = host.unclear_calls().await?.into_iter().map(|row| row.key);
    let is_asked = |key: &CallKey| arguments.crm.as_ref().is_none_or(|crm| key.crm() == crm);
    let unclear: Vec<_> = unclear.filter(is_asked).collect();
    if let Some(crm) = &arguments.crm
        && unclear.is_empty()
        && host.crms().is_empty()
    {
        bail!("no manifest enables {crm:?}, and the ledger has no unclear call of it");
    }
    let n_left = reconcile(&host, unclear).await;
    host.shutdown(Duration::ZERO).await;
    say_what_is_sending(ledger, arguments.crm.as_deref()).await?;
    Ok(match n_left? {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(STILL_UNCLEAR),
    })
}

/// Looks for the entries of these calls, and returns how many are still unclear.
async fn reconcile(host: &Host, calls: Vec<CallKey>) -> anyhow::Result<usize> {
    let n_calls = calls.len();
    if n_calls == 0 {
        say("no call is unclear");
        return Ok(0);
    }
    let bar = bar(n_calls);
    let (mut calls, mut searches) = (calls.into_iter(), JoinSet::new());
    let mut n_left = 0;
    loop {
        while searches.len() < AT_A_TIME
            && let Some(key) = calls.next()
        {
            searches.spawn(search(host.clone(), key));
        }
        let Some(found) = searches.join_next().await else {
            break;
        };
        let (key, found) = found.context("a search ended in a fault of the program")?;
        let (state, detail) = said(&found?);
        n_left += usize::from(state == StateName::Unknown);
        let cells = [key.to_string(), state.to_string(), on_one_line(&detail)];
        let line = table::separated(&[cells]);
        // Whoever reads may have seen enough; the searches go on.
        let _ = bar.suspend(|| print(&line));
        bar.inc(1);
    }
    bar.finish_and_clear();
    say(&format!(
        "{} of {n_calls} unclear calls are clear now",
        n_calls - n_left
    ));
    Ok(n_left)
}

/// Tells of calls that may become unclear: their programs write, or have ended while they did.
async fn say_what_is_sending(ledger: &Ledger, crm: Option<&str>) -> anyhow::Result<()> {
    let filter = Filter {
        state: Some(StateName::Sending),
        crm: crm.map(str::to_owned),
        ..all()
    };
    let sending = ledger.list(filter).await?;
    if let Some(first) = sending.first() {
        let (n_calls, key) = (sending.len(), &first.key);
        say(&format!(
            "{n_calls} more are SENDING until their time is over, {key} the first of them; see `switchboard ledger list`"
        ));
    }
    Ok(())
}

async fn search(host: Host, key: CallKey) -> (CallKey, Result<Reconciled, StoreError>) {
    let found = host.reconcile(&key).await;
    (key, found)
}

/// Says what became of a call: its state, and more.
fn said(found: &Reconciled) -> (StateName, String) {
    use StateName::{Done, Failed, Unknown};
    match found {
        Reconciled::Logged { log_id } => (Done, log_id.clone()),
        Reconciled::NotLogged => (Failed, "may be logged again".to_owned()),
        Reconciled::TooEarly { until } => {
            let why = format!("a write may still be on its way; look again after {until}");
            (Unknown, why)
        }
        Reconciled::Several => (
            Unknown,
            "several entries could be the call's; see `switchboard ledger resolve`".to_owned(),
        ),
        Reconciled::WaitingForCredentials => {
            (Unknown, "waiting for a request with credentials".to_owned())
        }
        Reconciled::CannotLookUp { reason } => (
            Unknown,
            format!("{reason}; see `switchboard ledger resolve`"),
        ),
        Reconciled::Failed(fault) => {
            let (code, why) = (fault.code(), fault.message());
            (Unknown, format!("the search failed: {code}: {why}"))
        }
        // What a later host may say.
        other => (Unknown, format!("{other:?}")),
    }
}

fn bar(n_calls: usize) -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let style = ProgressStyle::with_template("looking for entries {bar:40} {pos}/{len}");
    let bar = ProgressBar::with_draw_target(Some(n_calls as u64), target);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
