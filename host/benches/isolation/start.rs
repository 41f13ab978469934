//! How long a host takes to start, and which part of it is the worker's.

use std::time::{Duration, Instant};

use crate::effort::Effort;
use crate::setting::{Setting, Site, build};
use crate::{Failure, say};

/// Starts hosts alternately without a connector, with one in process and with one in a worker, and prints the medians.
pub fn measure(effort: &Effort) -> Result<(), Failure> {
    let mut setting = Setting::new()?;
    let mut times = [const { Vec::new() }; 3];
    // One more than is counted: the first of all finds nothing in the system's caches.
    for _ in 0..=effort.n_starts {
        let library = setting.place_library()?;
        for site in Site::BOTH {
            setting.enable(site.isolation(), &library, site, "")?;
        }
        times[0].push(start(&setting, "none", 0)?);
        for (site, times) in Site::BOTH.into_iter().zip(&mut times[1..]) {
            times.push(start(&setting, site.isolation(), 1)?);
        }
    }
    let [nothing, in_process, worker] = times.map(|times| median(times[1..].to_vec()));
    say("start of a host");
    say(&format!("  without a connector  {nothing:.2?}"));
    say(&format!("  with one in process  {in_process:.2?}"));
    let more = worker.saturating_sub(in_process);
    say(&format!(
        "  with one in a worker {worker:.2?}, {more:.2?} more"
    ));
    Ok(())
}

/// Returns how long a host takes that has this CRM only, or none if there is no such.
fn start(setting: &Setting, crm: &str, n_crms: usize) -> Result<Duration, Failure> {
    let builder = setting.host().only(crm);
    let started = Instant::now();
    let host = build(builder, n_crms)?;
    let elapsed = started.elapsed();
    drop(host);
    Ok(elapsed)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
