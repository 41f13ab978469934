//! One call: made ready, logged, tried again, given up.

use std::time::{Duration, Instant};

use switchboard_host::{CallInput, CallOptions, Host};
use tokio::time::sleep;

use super::ending::{Ending, Purpose};
use super::retries::Retries;
use super::signals::Signals;
use super::{Arguments, Refusal, disabled, input, millis};
use crate::cli::config::Settings;
use crate::cli::{say, say_if_unusable};

/// A call that is ready to be logged.
pub(super) struct Job {
    host: Host,
    crm: String,
    purpose: Purpose,
    input: CallInput,
    options: CallOptions,
    /// Whether a ledger keeps what is logged.
    is_kept: bool,
}

impl Job {
    /// Reads the input, opens the ledger and starts the host.
    pub(super) fn prepare(arguments: Arguments, settings: &Settings) -> Result<Self, Refusal> {
        let input = input::read(&arguments)?;
        let purpose = arguments.purpose();
        let ledger = match purpose {
            Purpose::Log => settings.ledger().and_then(|setting| setting.open()),
            // It neither asks nor tells a ledger.
            Purpose::DryRun => Ok(None),
        };
        let ledger = ledger.map_err(Refusal::Ledger)?;
        let is_kept = ledger.is_some();
        let mut builder = settings.host().only(&arguments.crm).wait_for_requests();
        if let Some(ledger) = ledger {
            builder = builder.ledger(ledger);
        }
        let host = builder.build().map_err(|error| disabled(error.into()))?;
        for crm in host.crms() {
            say_if_unusable(&crm);
        }
        let mut options = CallOptions::default();
        options.idempotency_key = arguments.idempotency_key;
        Ok(Self {
            host,
            crm: arguments.crm,
            purpose,
            input,
            options,
            is_kept,
        })
    }

    /// Whether a ledger keeps what is logged.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Logs the call, and tries again as long as that makes sense. After a signal nothing is tried.
    /// `None` if a second signal has ended the waiting.
    pub(super) async fn log_patiently(
        &self,
        mut retries: Retries,
        signals: &mut Signals,
    ) -> Option<Ending> {
        loop {
            let ending = self.log(signals).await?;
            let wait = match &ending {
                Ending::Call(outcome) if !signals.have_come() => retries.wait_after(outcome),
                _ => None,
            };
            let Some(wait) = wait else {
                return Some(ending);
            };
            tracing::info!(
                crm = self.crm,
                wait_ms = millis(wait),
                retries_left = retries.n_left(),
                "trying again"
            );
            tokio::select! {
                biased;
                () = signals.next() => return Some(ending),
                () = sleep(wait) => {}
            }
        }
    }

    /// Logs the call. The first signal ends what has not been written; a write under way is waited for. The second ends
    /// the waiting, too: then nobody knows the outcome.
    async fn log(&self, signals: &mut Signals) -> Option<Ending> {
        let (input, options) = (self.input.clone(), self.options.clone());
        let call = self
            .purpose
            .carry_out(&self.host, &self.crm, input, options);
        let interrupted = async {
            signals.next().await;
            say("stopping: waiting for what is being written; a second signal ends the waiting");
            tokio::select! {
                () = self.host.shutdown(Duration::ZERO) => std::future::pending().await,
                () = signals.next() => {}
            }
        };
        tokio::select! {
            biased;
            ending = call => Some(ending),
            () = interrupted => None,
        }
    }

    /// Makes the outcome of a call that nobody waits for any longer, and writes its log line in the host's place.
    pub(super) fn cut_off(&self, started: Instant) -> Ending {
        let Job {
            host, crm, purpose, ..
        } = self;
        let fault = purpose.interruption();
        tracing::info!(
            crm,
            outcome = purpose.word_of_interruption(),
            code = fault.code().as_str(),
            error = fault.message(),
            duration_ms = millis(started.elapsed()),
            "call ended"
        );
        let crms = host.crms();
        let known = crms.iter().find(|known| known.name == *crm);
        purpose.failed(known.map_or(crm, |known| &known.display_name), &fault)
    }
}
