//! More words than anybody reads, and words that nobody may.

use std::io::{self, Write};

use switchboard_connector_sdk::{CallContext, CreateCallLog};

const ALL_BYTES: usize = 1024 * 1024 * 1024;
const LINE_BYTES: usize = 64 * 1024;

/// Logs 1 GB in lines that are longer than they may be.
pub(crate) fn flood_log(ctx: &CallContext) -> String {
    let line = "l".repeat(LINE_BYTES);
    for _ in 0..ALL_BYTES / LINE_BYTES {
        ctx.log().info(&line);
    }
    "flooded".to_owned()
}

/// Writes 1 GB to stderr, in lines.
pub(crate) fn flood_stderr() -> String {
    let line = "e".repeat(LINE_BYTES - 1) + "\n";
    let mut stderr = io::stderr().lock();
    for _ in 0..ALL_BYTES / LINE_BYTES {
        if let Err(error) = stderr.write_all(line.as_bytes()) {
            return format!("stopped: {error}");
        }
    }
    "flooded".to_owned()
}

/// Says the whole input of a call, and what nobody may read of it once more by itself, in the log and on stderr.
pub(crate) fn tell_everything(ctx: &CallContext, call: &CreateCallLog) -> String {
    let ai_note = call.ai_note().unwrap_or_default();
    let text = format!("{}\n{ai_note}\n{}\n", call.raw().get(), call.auth_header());
    ctx.log().info(&text);
    match io::stderr().write_all(text.as_bytes()) {
        Ok(()) => "told".to_owned(),
        Err(error) => format!("told the log alone: {error}"),
    }
}
