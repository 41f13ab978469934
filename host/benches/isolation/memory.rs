//! The memory of processes, as the kernel counts it.

use std::fmt;
use std::fs;
use std::ops::{Add, Sub};
use std::process;

use crate::setting::{Setting, Site, build};
use crate::{Failure, say};

/// What processes have in use, in KiB.
#[derive(Clone, Copy, Default)]
pub struct Memory {
    /// All that is in memory.
    resident: u64,
    /// The same, where what several share counts for each in equal parts.
    proportional: u64,
    /// What nobody else has.
    private: u64,
}

/// Prints what a worker has in use that waits for its first call.
pub fn measure() -> Result<(), Failure> {
    let mut setting = Setting::new()?;
    let library = setting.place_library()?;
    setting.enable("bench", &library, Site::Worker, "")?;
    let host = build(setting.host(), 1)?;
    say("memory of a worker at rest");
    say(&format!("  {}", words(Memory::of_workers())));
    drop(host);
    Ok(())
}

/// Says what was measured, or who could.
pub fn words(memory: Result<Memory, Failure>) -> String {
    memory.map_or_else(
        |error| format!("is for root to read: {error}"),
        |memory| memory.to_string(),
    )
}

impl Memory {
    pub fn of_host() -> Result<Self, Failure> {
        Self::of("self")
    }

    /// Adds up the workers of this process. They hide from all users but root.
    pub fn of_workers() -> Result<Self, Failure> {
        let mut sum = Self::default();
        for worker in children()? {
            sum = sum + Self::of(&worker)?;
        }
        Ok(sum)
    }

    fn of(process: &str) -> Result<Self, Failure> {
        let path = format!("/proc/{process}/smaps_rollup");
        let lines = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let kib = |name: &str| -> u64 {
            let value = lines.lines().find_map(|line| line.strip_prefix(name));
            let value = value.and_then(|value| value.trim().strip_suffix(" kB"));
            value
                .and_then(|value| value.parse().ok())
                .unwrap_or_default()
        };
        Ok(Self {
            resident: kib("Rss:"),
            proportional: kib("Pss:"),
            private: kib("Private_Clean:") + kib("Private_Dirty:"),
        })
    }
}

/// Returns the numbers of the processes that this one has started.
fn children() -> Result<Vec<String>, Failure> {
    let processes =
        fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let own = process::id().to_string();
    let is_child = |process: &String| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // Behind the name, which may hold blanks and brackets: state and parent.
        let behind = stat.rsplit_once(") ").map(|(_, behind)| behind);
        behind.and_then(|fields| fields.split(' ').nth(1)) == Some(&own)
    };
    Ok(processes.filter(is_child).collect())
}

impl Add for Memory {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            resident: self.resident + other.resident,
            proportional: self.proportional + other.proportional,
            private: self.private + other.private,
        }
    }
}

/// What is more than before.
impl Sub for Memory {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            resident: self.resident.saturating_sub(before.resident),
            proportional: self.proportional.saturating_sub(before.proportional),
            private: self.private.saturating_sub(before.private),
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [resident, proportional, private] =
            [self.resident, self.proportional, self.private].map(|kib| kib as f64 / 1024.0);
        write!(
            formatter,
            "{resident:.1} MiB resident, {proportional:.1} MiB with what is shared in parts, {private:.1} MiB private"
        )
    }
}
