//! The worker's side: what this program does when it is started as one.
//!
//! Threads: *main* sets everything up and then sleeps; one thread reads frames and never waits for anything else; a
//! fixed number polls the connector's futures. All are there before the sandbox closes, which lets no more be started.

mod calls;
mod channel;
mod proxy;
mod set_up;
mod threads;

use std::env;
use std::io::{self, Write};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::frame::ToHost;
use super::process::ARGUMENT;
use crate::connector::sandbox::exit_at_once;
use crate::hardening::harden_process;

/// Whether this program's `main` asks if it is a worker.
static ASKS: AtomicBool = AtomicBool::new(false);

/// The exit codes of a worker that does not serve: it found no host, it told the host why, or a fault of its own.
const NO_HOST: u8 = 2;
const REFUSED: u8 = 3;
const PANICKED: u8 = 101;

/// Serves as the worker of a host if this program was started as one; then it never returns.
///
/// A program that embeds a host calls this first of all in its `main`, before it starts threads, reads arguments or opens
/// files. Its hosts then start this very program for connectors with `isolation = "process"`. A program that does not
/// names another one ([`HostBuilder::worker_program`](crate::HostBuilder::worker_program)).
///
/// Workers exist on Linux only; elsewhere this does nothing.
pub fn serve_if_worker() {
    ASKS.store(true, Ordering::Relaxed);
    if env::args_os().nth(1).is_some_and(|first| first == ARGUMENT) {
        exit_at_once(catch_unwind(serve).unwrap_or(PANICKED));
    }
}

/// Whether this program can be started as a worker.
pub(in crate::connector) fn is_worker_program() -> bool {
    ASKS.load(Ordering::Relaxed)
}

/// Does a worker's work; returns its exit code if it has none.
fn serve() -> u8 {
    // Before anything of the settings is in memory. What does not succeed ends the worker in `enclose`.
    harden_process();
    let (channel, greeting) = match set_up::meet_host() {
        Ok(met) => met,
        Err(error) => {
            let words = "a worker is started by a host, not by hand";
            // There is nobody else to tell.
            let _ = writeln!(io::stderr(), "{words}: {error}");
            return NO_HOST;
        }
    };
    let channel = Arc::new(channel);
    match set_up::open(&channel, greeting) {
        Ok(opened) => {
            opened.serve(&channel);
            loop {
                thread::park();
            }
        }
        Err(refused) => {
            channel.send(&ToHost::Refused { refused });
            REFUSED
        }
    }
}
