//! `switchboard compose`: prints the body of a call's log entry.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use switchboard_host::compose::{Draft, Format, read_input};

use super::{on_one_line, print, say, source};

/// The exit code where the input is wrong or cannot be read.
const WRONG_INPUT: u8 = 2;

/// Print the body of a call's log entry, as the host composes it
///
/// Sends nothing, so the input may lack authHeader. It is the JSON object of createCallLog, or that of the parameters
/// of App Connect's composer, with subject, startTime, duration, result and recordingLink beside callLog. Prints the
/// body byte for byte, without a line break behind it but in a terminal. A call that brings a body of its own,
/// composedLogDetails, is logged with that one: a note on stderr says so, and the body is composed all the same. Exits
/// with 2 if the input is wrong, and says on stderr all that is, a line a fault.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How to write it: text/plain, text/html or text/markdown
    #[arg(long, value_name = "FORMAT")]
    format: Format,

    /// File with the input; - or nothing for stdin
    #[arg(value_name = "INPUT", default_value = "-", hide_default_value = true)]
    input: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let input = match source::read(&arguments.input) {
        Ok(input) => input,
        Err(error) => return Ok(refuse([format!("error: {error:#}")])),
    };
    let draft = match read_input(&input) {
        Ok(draft) => draft,
        Err(invalid) => return Ok(refuse(invalid.faults().iter().map(ToString::to_string))),
    };
    remark_on_own_details(&draft);
    let mut details = draft.compose(arguments.format);
    if std::io::stdout().is_terminal() && !details.ends_with('\n') {
        details.push('\n');
    }
    print(&details)?;
    Ok(ExitCode::SUCCESS)
}

/// Says that what is printed is not what would be logged.
fn remark_on_own_details(draft: &Draft) {
    if draft.brings_details() {
        say("note: the call brings composedLogDetails, which is what log would write, unchanged");
    }
}

fn refuse(faults: impl IntoIterator<Item = String>) -> ExitCode {
    for fault in faults {
        say(&on_one_line(&fault));
    }
    ExitCode::from(WRONG_INPUT)
}
