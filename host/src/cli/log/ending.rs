//! How the program's work on a call ends, and what is printed of it.

use std::process::ExitCode;

use switchboard_host::{CallInput, CallOptions, CallOutcome, DryRun, Fault, Host};

use crate::cli::{FAILURE, print, say};

/// The exit codes of a call that is logged, and of one of which nobody knows.
const LOGGED: u8 = 0;
const UNKNOWN: u8 = 3;

/// The exit code of a dry run that came to a write.
const CAPTURED: u8 = 0;

/// What is to be done with a call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Log,
    DryRun,
}

/// What became of it.
pub(super) enum Ending {
    Call(CallOutcome),
    DryRun(DryRun),
}

impl Purpose {
    pub(super) async fn carry_out(
        self,
        host: &Host,
        crm: &str,
        input: CallInput,
        options: CallOptions,
    ) -> Ending {
        match self {
            Purpose::Log => Ending::Call(host.create_call_log(crm, input, options).await),
            Purpose::DryRun => Ending::DryRun(host.dry_run(crm, input, options).await),
        }
    }

    /// Makes the ending of a call that no host has brought to one.
    pub(super) fn failed(self, crm: &str, fault: &Fault) -> Ending {
        match self {
            Purpose::Log => Ending::Call(CallOutcome::not_logged(crm, fault)),
            Purpose::DryRun => Ending::DryRun(DryRun::not_begun(crm, fault)),
        }
    }

    /// Says what a second signal means for a call that it has cut off.
    pub(super) fn interruption(self) -> Fault {
        match self {
            Purpose::Log => Fault::unknown_outcome(
                "the program was ended while a request may have been under way",
            ),
            Purpose::DryRun => Fault::unavailable("the program was ended; nothing was written"),
        }
    }

    /// Says so in a word, for the log.
    pub(super) fn word_of_interruption(self) -> &'static str {
        match self {
            Purpose::Log => "unknown",
            Purpose::DryRun => "not logged",
        }
    }
}

impl Ending {
    /// Whether the same call, once more, may make a second entry.
    pub(super) fn may_be_logged(&self) -> bool {
        match self {
            Ending::Call(outcome) => matches!(outcome.exit_code(), LOGGED | UNKNOWN),
            Ending::DryRun(_) => false,
        }
    }

    /// Prints the one JSON object of this end.
    pub(super) fn report(&self) -> ExitCode {
        let json = self.to_json();
        let Err(error) = print(&format!("{json}\n")) else {
            return ExitCode::from(self.exit_code());
        };
        say(&match self {
            // The outcome must not be lost with the pipe that should have taken it.
            Ending::Call(_) => {
                format!("error: cannot write to stdout: {error}; the outcome was {json}")
            }
            // It can be had again, and holds what stderr is not for.
            Ending::DryRun(_) => format!("error: cannot write to stdout: {error}"),
        });
        ExitCode::from(self.unread_exit_code())
    }

    fn to_json(&self) -> String {
        let json = match self {
            Ending::Call(outcome) => serde_json::to_string(outcome),
            Ending::DryRun(ended) => serde_json::to_string(ended),
        };
        json.expect("an outcome is JSON")
    }

    fn exit_code(&self) -> u8 {
        match self {
            Ending::Call(outcome) => outcome.exit_code(),
            Ending::DryRun(ended) => ended.exit_code(),
        }
    }

    /// Returns the exit code if nobody has read the object: a logged call must look neither logged nor worth
    /// repeating.
    fn unread_exit_code(&self) -> u8 {
        match (self, self.exit_code()) {
            (Ending::Call(_), LOGGED) => UNKNOWN,
            (Ending::DryRun(_), CAPTURED) => FAILURE,
            (_, code) => code,
        }
    }
}
