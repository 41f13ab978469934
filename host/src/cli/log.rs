//! `switchboard log`: logs one call.

mod ending;
mod input;
mod job;
mod retries;
mod signals;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{ValueEnum, value_parser};
use switchboard_host::{CallOutcome, Fault, FaultCode};

use super::config::Settings;
use super::say;
use ending::{Ending, Purpose};
use job::Job;
use retries::Retries;
use signals::Signals;

/// Log one call into a CRM
///
/// Reads the JSON object of createCallLog, or App Connect's request for one, and prints one JSON object with logId and
/// returnMessage. A call that the ledger knows is not logged again: the outcome of the first request is printed, with
/// "duplicate":true. Exit codes: 0 logged, 1 not logged, 2 the input or the command is wrong, 3 nobody knows yet whether the
/// call is logged. With --dry-run: 0 a write is shown, 1 the call ends before one, 2 as before.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Arguments {
    /// Name of the CRM, as in its manifest
    #[arg(long, value_name = "NAME")]
    crm: String,

    /// What the input is
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Form::Switchboard)]
    from: Form,

    /// File with the user whom App Connect has stored, for --from app-connect; - for stdin
    #[arg(long, value_name = "FILE")]
    user: Option<PathBuf>,

    /// Environment variable whose value becomes the input's authHeader
    #[arg(long, value_name = "NAME")]
    auth_header_env: Option<String>,

    /// Show what would be written instead of writing it: reads are done, the first write is printed with its URL, headers
    /// and body, notes included, and not sent
    #[arg(long)]
    dry_run: bool,

    /// What the ledger knows the call by, in the place of its user and session: 1 to 500 bytes. With the session of another
    /// call it is refused
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,

    /// Try again up to N times if nothing was written and what stood in the way may pass by itself; safe without a
    /// ledger, too. Waits up to 1 s, then 2 s and so on up to a minute, and as long as the CRM asks for. A signal ends
    /// the waiting
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = value_parser!(u8).range(..=100))]
    retry: u8,

    /// File with the input; - or nothing for stdin
    #[arg(value_name = "INPUT", default_value = "-", hide_default_value = true)]
    input: PathBuf,
}

/// What a caller has of a call.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// The JSON object of createCallLog
    Switchboard,
    /// The body of App Connect's POST /callLog; its user comes from --user
    AppConnect,
}

impl Arguments {
    fn purpose(&self) -> Purpose {
        match self.dry_run {
            true => Purpose::DryRun,
            false => Purpose::Log,
        }
    }
}

/// Why a call gets to no host.
enum Refusal {
    Fault(Fault),
    /// The ledger cannot be opened, for this reason.
    Ledger(anyhow::Error),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::Fault(fault)
    }
}

/// Logs the call. Every end prints one JSON object.
pub(super) fn run(arguments: &Arguments, settings: anyhow::Result<Settings>) -> ExitCode {
    let started = Instant::now();
    let ending = ending(arguments, settings);
    ending
        .unwrap_or_else(|refusal| refused(arguments, refusal, started))
        .report()
}

/// Makes the ending of a call that got to no host, and writes its log line in the host's place.
fn refused(arguments: &Arguments, refusal: Refusal, started: Instant) -> Ending {
    let crm = &arguments.crm;
    let (code, ending) = match refusal {
        Refusal::Fault(fault) => (fault.code(), arguments.purpose().failed(crm, &fault)),
        Refusal::Ledger(error) => {
            let outcome = CallOutcome::without_ledger(format!("{error:#}"));
            (FaultCode::Unavailable, Ending::Call(outcome))
        }
    };
    tracing::info!(
        crm,
        outcome = "not logged",
        code = code.as_str(),
        duration_ms = millis(started.elapsed()),
        requests_sent = 0,
        "call ended"
    );
    ending
}

/// As a number of the log: of wider ones JSON makes a text.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn ending(arguments: &Arguments, settings: anyhow::Result<Settings>) -> Result<Ending, Refusal> {
    let settings = settings.map_err(disabled)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::internal(format!("cannot start: {error}")))?;
    let ended = runtime.block_on(prepare_and_log(arguments.clone(), settings));
    // A thread that reads stdin cannot be told to end; nobody waits for it.
    runtime.shutdown_background();
    // The host is dropped here, where its connectors may take their time.
    let (job, ending) = ended?;
    if !job.is_kept() && ending.may_be_logged() {
        warn_of_repetition();
    }
    Ok(ending)
}

fn disabled(error: anyhow::Error) -> Fault {
    Fault::disabled(format!("{error:#}"))
}

/// Reads the input, starts the host and logs the call. Signals are listened to from the first step on.
async fn prepare_and_log(
    arguments: Arguments,
    settings: Settings,
) -> Result<(Job, Ending), Refusal> {
    let started = Instant::now();
    let mut signals = Signals::new();
    let retries = Retries::new(arguments.retry);
    let prepared = tokio::task::spawn_blocking(move || Job::prepare(arguments, &settings));
    let job = tokio::select! {
        biased;
        prepared = prepared => prepared
            .unwrap_or_else(|error| Err(Fault::internal(format!("cannot start: {error}")).into()))?,
        () = signals.next() => {
            let fault = Fault::unavailable("the program was told to stop before anything was sent");
            return Err(fault.into());
        }
    };
    let ended = job.log_patiently(retries, &mut signals).await;
    let ending = ended.unwrap_or_else(|| job.cut_off(started));
    Ok((job, ending))
}

/// Says that nothing prevents a second entry: in the log, whose reader may expect JSON only, and without a log to the
/// person, who has to know it all the same.
fn warn_of_repetition() {
    const NOTICE: &str = "no ledger keeps what was logged: a repeated call is logged again";
    if tracing::enabled!(tracing::Level::WARN) {
        tracing::warn!("{NOTICE}");
    } else {
        say(NOTICE);
    }
}
