//! A host with many connectors, no two of them alike.
//!
//! Libraries are never unloaded, so each site is measured by a process of its own: the bench runs itself again.

use std::env;
use std::fs;
use std::process::Command;
use std::time::Instant;

use crate::effort::Effort;
use crate::memory::{Memory, words};
use crate::setting::{Setting, Site, build};
use crate::{Failure, say};

/// Tells the bench which site to measure.
pub const SITE: &str = "SWITCHBOARD_BENCH_SITE";

/// Measures both sites.
pub fn measure() -> Result<(), Failure> {
    for site in Site::BOTH {
        let again = Command::new(env::current_exe()?)
            .args(env::args_os().skip(1))
            .env(SITE, site.isolation())
            .status()?;
        if !again.success() {
            return Err(format!("the libraries {} were not measured", site.words()).into());
        }
    }
    Ok(())
}

/// Prints what libraries cost in a host of this process.
pub fn measure_here(site: Site, effort: &Effort) -> Result<(), Failure> {
    let n_libraries = effort.n_libraries;
    let mut setting = Setting::new()?;
    for library_idx in 0..n_libraries {
        let library = setting.place_library()?;
        setting.enable(&format!("bench-{library_idx}"), &library, site, "")?;
    }
    let before = Memory::of_host()?;
    let started = Instant::now();
    let host = build(setting.host(), n_libraries)?;
    let elapsed = started.elapsed();
    say(&format!("{n_libraries} libraries {}", site.words()));
    let each = elapsed / u32::try_from(n_libraries)?;
    say(&format!("  started in {elapsed:.2?}, {each:.2?} each"));
    let more = Memory::of_host()? - before;
    say(&format!("  the host has {more} more"));
    let copies = copies()? as f64 / 1024.0 / 1024.0;
    say(&format!("  it keeps sealed copies of {copies:.1} MiB"));
    if site == Site::Worker {
        say(&format!("  its workers: {}", words(Memory::of_workers())));
    }
    drop(host);
    Ok(())
}

/// Returns how many bytes this process keeps in files that are memory.
fn copies() -> Result<u64, Failure> {
    let mut n_bytes = 0;
    for descriptor in fs::read_dir("/proc/self/fd")? {
        let path = descriptor?.path();
        // The one that lists them is gone.
        let target = fs::read_link(&path).unwrap_or_default();
        if target.to_string_lossy().starts_with("/memfd:") {
            n_bytes += fs::metadata(&path)?.len();
        }
    }
    Ok(n_bytes)
}
