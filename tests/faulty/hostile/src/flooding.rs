//! More words than anybody reads.

use std::io::{self, Write};

use switchboard_connector_sdk::CallContext;

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
