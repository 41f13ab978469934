//! Clients that log calls all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use switchboard_tests::{Client, input};

const N_CLIENTS: usize = 2;

/// A call into a CRM that nothing is wrong with ends long before.
const PATIENCE: Duration = Duration::from_secs(30);

/// Two clients that log calls into one CRM until they are told to stop. Every call has to be logged.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<(Arc<AtomicUsize>, JoinHandle<Result<()>>)>,
}

impl Load {
    /// Lets the clients begin.
    pub fn begin(gateway: Client, crm: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |n: usize| {
            let (stop, n_logged) = (Arc::clone(&stop), Arc::new(AtomicUsize::new(0)));
            let counter = Arc::clone(&n_logged);
            let log = move || {
                while !stop.load(Ordering::Relaxed) {
                    let call = counter.load(Ordering::Relaxed);
                    log(gateway, crm, &format!("load-{n}-{call}"))?;
                    counter.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            };
            (n_logged, thread::spawn(log))
        };
        let clients = (0..N_CLIENTS).map(client).collect();
        Self { stop, clients }
    }

    /// Waits until every client has had a call logged that it began after this moment.
    pub fn check_works(&self) {
        let deadline = Instant::now() + PATIENCE;
        for (n_logged, client) in &self.clients {
            // The next one may have begun before.
            let enough = n_logged.load(Ordering::Relaxed) + 2;
            while n_logged.load(Ordering::Relaxed) < enough && !client.is_finished() {
                assert!(Instant::now() < deadline, "a client waits for {PATIENCE:?}");
                thread::yield_now();
            }
        }
    }

    /// Lets the clients finish.
    ///
    /// # Errors
    ///
    /// One was not.
    pub fn end(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        for (_, client) in self.clients {
            let ended = client.join().ok().context("a client panicked")?;
            ended.context("a call beside the hostile ones was not logged")?;
        }
        Ok(())
    }
}

fn log(gateway: Client, crm: &str, session: &str) -> Result<()> {
    let (status, outcome) = gateway.log(crm, &input(session)?)?;
    let is_logged = status == 200 && outcome["logId"].is_string();
    ensure!(is_logged, "{session}: {status} {outcome}");
    Ok(())
}
