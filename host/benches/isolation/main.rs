//! What it costs to run a connector in a worker instead of in the host's own process.
//!
//! - *memory*: of one worker that has not been called yet;
//! - *start*: of a host without a connector, with one in process, with one in a worker;
//! - *calls*: the example call, 1 and 64 in flight, without a CRM and with two requests to one;
//! - *libraries*: a host's start with many connectors, no two of them alike, and the memory that it has then.
//!
//! What is compared is measured alternately, in one run: the speed of a machine varies. The workers are this program.
//! Workers exist on Linux only.

use std::env;
use std::error::Error;
use std::io::{self, Write};

use switchboard_host::serve_if_worker;

use effort::Effort;
use setting::Site;

mod calls;
mod effort;
mod libraries;
mod memory;
#[path = "../runs/mod.rs"]
mod runs;
mod setting;
mod start;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    serve_if_worker();
    if !cfg!(target_os = "linux") {
        say("there are no workers on this system");
        return Ok(());
    }
    let effort = Effort::of_arguments();
    if let Some(site) = env::var_os(libraries::SITE) {
        return libraries::measure_here(Site::named(&site)?, &effort);
    }
    memory::measure()?;
    start::measure(&effort)?;
    calls::measure(&effort)?;
    libraries::measure()
}

/// Prints a line of the result.
fn say(line: &str) {
    // Whoever reads it may have gone away.
    let _ = writeln!(io::stdout(), "{line}");
}
