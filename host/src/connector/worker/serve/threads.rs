//! The threads of a worker: those that poll the connector, and the one that reads frames.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};

use super::PANICKED;
use super::calls::Calls;
use super::channel::Channel;
use crate::connector::sandbox::{deny_files, exit_at_once};
use crate::connector::worker::frame::Incoming;

/// How many threads poll the connector, at least: calls of a connector that blocks some of them go on on the others.
const MIN_POLLING: usize = 4;

/// And at most, however many cores the machine has: each takes memory, and there are other connectors.
const MAX_POLLING: usize = 8;

/// Rust's own default, whatever the libraries of this program have for one.
const STACK_BYTES: usize = 2 << 20;

/// Threads that wait for work. No other one is ever started.
pub(super) struct Threads {
    /// Never dropped: a worker ends as a whole.
    polling: Runtime,
    work: mpsc::Sender<(Calls, Incoming)>,
    landlock: Option<u32>,
}

impl Threads {
    /// Returns how much memory the stacks of all threads but main take, used or not.
    pub(super) fn stack_bytes() -> u64 {
        ((n_polling() + 1) * STACK_BYTES) as u64
    }

    /// Starts all threads of a worker, each of which can open no file, and waits until that is so.
    pub(super) fn start(channel: &Arc<Channel>) -> io::Result<Self> {
        let n_polling = n_polling();
        let (denied, outcomes) = mpsc::channel();
        let (work, incoming_work) = mpsc::channel();

        let (channel, denied_here) = (Arc::clone(channel), denied.clone());
        let reader = thread::Builder::new()
            .name("frames".to_owned())
            .stack_size(STACK_BYTES);
        reader.spawn(move || {
            let _ = denied_here.send(deny_files());
            if let Ok((calls, incoming)) = incoming_work.recv() {
                read_frames(&channel, &calls, incoming);
            }
        })?;
        let polling = Builder::new_multi_thread()
            .worker_threads(n_polling)
            .thread_name("connector")
            .thread_stack_size(STACK_BYTES)
            .on_thread_start(move || {
                let _ = denied.send(deny_files());
            })
            .build()?;
        let versions: io::Result<Vec<_>> = outcomes.iter().take(n_polling + 1).collect();
        let landlock = versions?.into_iter().min().flatten();
        Ok(Self {
            polling,
            work,
            landlock,
        })
    }

    /// Returns by which version of Landlock all of them can open no file.
    pub(super) fn landlock(&self) -> Option<u32> {
        self.landlock
    }

    pub(super) fn polling(&self) -> Handle {
        self.polling.handle().clone()
    }

    /// Lets the thread that reads frames begin.
    pub(super) fn serve(&self, calls: Calls, incoming: Incoming) {
        // The thread waits for it.
        let _ = self.work.send((calls, incoming));
    }
}

fn n_polling() -> usize {
    let n_cores = thread::available_parallelism().map_or(1, usize::from);
    n_cores.clamp(MIN_POLLING, MAX_POLLING)
}

/// Reads frames until the host ends, and ends the process then.
fn read_frames(channel: &Channel, calls: &Calls, mut incoming: Incoming) -> ! {
    let read = || {
        loop {
            while let Ok(Some((frame, _))) = incoming.next() {
                if calls.take(frame).is_err() {
                    return;
                }
            }
            if !matches!(channel.read(&mut incoming), Ok(1..)) {
                return;
            }
        }
    };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(()) => exit_at_once(0),
        Err(_) => exit_at_once(PANICKED),
    }
}
