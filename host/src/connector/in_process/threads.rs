//! The threads that poll one connector and nothing else.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

use super::holds::LIMIT;

/// So many are left for calls under way when a connector that blocks is left alone.
const RESERVE: usize = 2;

/// A runtime whose end waits for nobody: a connector may block a thread for ever.
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    pub(super) fn start(crm: &str) -> io::Result<Self> {
        let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(n_cores.max(LIMIT + RESERVE))
            .thread_name(format!("connector-{crm}"))
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    pub(super) fn handle(&self) -> &Handle {
        self.0
            .as_ref()
            .expect("the threads run until they are dropped")
            .handle()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
