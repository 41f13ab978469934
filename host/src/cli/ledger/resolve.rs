//! `switchboard ledger resolve`: a person says what became of a call.

use std::env;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::builder::NonEmptyStringValueParser;
use switchboard_host::ledger::state::{Decision, State, StateName};
use switchboard_host::ledger::{CallKey, LOOK_UP, Ledger, Row};
use switchboard_host::manifest::{Entry, read_folder};

use crate::cli::config::Settings;
use crate::cli::{on_one_line, print, say};

/// The longest quarantine that a manifest may have.
const LONGEST_QUARANTINE: Duration = Duration::from_secs(24 * 60 * 60);

/// Say what became of a call that is UNKNOWN
///
/// Look it up in the CRM first. Prints the new state: DONE, so that the call is never logged again, or FAILED, so that
/// it may be. Exits with 1 and changes nothing if the ledger has no such call, if it is not UNKNOWN, or, for
/// --not-logged, while a write may still be on its way: from when it became UNKNOWN for the `quarantine` of the CRM's
/// manifest.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("decision").required(true)))]
pub(super) struct Arguments {
    /// The call, as `ledger list` prints it
    #[arg(value_name = "KEY")]
    key: CallKey,

    /// The CRM has the entry; ID is the entry's
    #[arg(long, value_name = "ID", group = "decision", value_parser = NonEmptyStringValueParser::new())]
    logged: Option<String>,

    /// The CRM has no entry
    #[arg(long, group = "decision")]
    not_logged: bool,

    /// Who decides; kept in the ledger
    #[arg(long, value_name = "WHO", value_parser = person)]
    by: String,
}

fn person(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("expected a name"),
        LOOK_UP => Err("that is what the ledger calls its own look-ups; expected a person's name"),
        name => Ok(name.to_owned()),
    }
}

impl Arguments {
    fn decision(&self) -> Decision {
        match &self.logged {
            Some(log_id) => Decision::Logged {
                log_id: log_id.clone(),
            },
            None => Decision::NotLogged,
        }
    }
}

pub(super) async fn run(
    arguments: &Arguments,
    ledger: &Ledger,
    settings: &Settings,
) -> anyhow::Result<()> {
    let key = &arguments.key;
    let row = ledger.read(key).await?;
    let row = row.with_context(|| format!("the ledger has no call {key}"))?;
    refuse_certainty(&row)?;
    if let Some(log_id) = &arguments.logged
        && let Some(other) = ledger.holder(&row, log_id).await?
    {
        bail!("entry {log_id:?} is that of call {other}; nothing is changed");
    }
    let (token, decision) = (row.standing.token, arguments.decision());
    let quarantine = match decision {
        Decision::Logged { .. } => Duration::ZERO,
        Decision::NotLogged => quarantine(key.crm(), settings.manifests()),
    };
    let resolved = ledger.resolve(key, token, decision, quarantine, &arguments.by);
    resolved.await?;
    print(&match &arguments.logged {
        Some(log_id) => format!(
            "{key}: {}, entry {}\n",
            StateName::Done,
            on_one_line(log_id)
        ),
        None => format!("{key}: {}, may be logged again\n", StateName::Failed),
    })?;
    Ok(())
}

/// Returns how long a write may be on its way to this CRM. A manifest that is broken keeps nobody from deciding.
fn quarantine(crm: &str, folder: &Path) -> Duration {
    // What the manifest needs for calls need not be set for whoever decides.
    let environment = |name: &str| env::var_os(name).or_else(|| Some("unset".into()));
    let manifests = read_folder(folder, &environment).map(|manifests| manifests.entries);
    let mut manifests = manifests.into_iter().flatten();
    let found = manifests.find_map(|entry| match entry {
        Entry::Ready(manifest) if manifest.crm.name == crm => Some(manifest.ledger.quarantine),
        Entry::Ready(_) | Entry::Broken { .. } => None,
    });
    found.unwrap_or_else(|| {
        say(&format!(
            "note: no manifest here says how long a write to {crm} may be on its way; the most is assumed, a day; \
             --manifests names the folder"
        ));
        LONGEST_QUARANTINE
    })
}

/// Says at length why there is nothing to decide.
fn refuse_certainty(row: &Row) -> anyhow::Result<()> {
    let key = &row.key;
    match &row.standing.state {
        State::Unknown => Ok(()),
        State::Claimed { lease_until } | State::Sending { lease_until } => bail!(
            "call {key} is being logged by a program that has until {lease_until}; nothing is to be decided yet"
        ),
        State::Done { log_id } => bail!(
            "call {key} is DONE since {} with entry {}; nothing is to be decided",
            row.standing.since,
            on_one_line(log_id)
        ),
        State::Failed { .. } | State::Rejected => bail!(
            "call {key} is {} since {}: it is known not to be logged; nothing is to be decided",
            row.standing.state.name(),
            row.standing.since
        ),
    }
}
