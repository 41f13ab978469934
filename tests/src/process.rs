//! What Linux tells of a process: `/proc/ID`.

use std::{
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// A process of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process(u32);

/// Tells when a process has ended, though somebody else started it, and though its id may be given out again.
pub struct End(OwnedFd);

impl Process {
    /// Names a process by its id.
    pub fn new(id: u32) -> Self {
        Self(id)
    }

    /// Returns the processes that this one has started and not yet waited for, whatever their state.
    ///
    /// # Errors
    ///
    /// `/proc` cannot be read.
    pub fn children(self) -> Result<Vec<Self>> {
        let entries = fs::read_dir("/proc").context("cannot list /proc")?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let all = names.filter_map(|name| name.parse().ok()).map(Self);
        // What has ended meanwhile is nobody's child.
        Ok(all.filter(|it| it.parent() == Some(self)).collect())
    }

    /// Sends a signal, e.g. `Signal::KILL`. Whoever started it must not have waited for it: its id may be another's then.
    ///
    /// # Errors
    ///
    /// It has ended, or is none of ours.
    pub fn signal(self, signal: Signal) -> Result<()> {
        kill_process(self.id()?, signal).with_context(|| format!("cannot signal {self:?}"))
    }

    /// Whether it has ended and nobody has waited for it.
    pub fn is_zombie(self) -> bool {
        self.stat(0).is_some_and(|state| state == "Z")
    }

    /// Whether a signal has stopped it.
    pub fn is_stopped(self) -> bool {
        self.stat(0).is_some_and(|state| state == "T")
    }

    /// Returns how many descriptors it has open.
    ///
    /// # Errors
    ///
    /// It has ended, or is none of ours.
    pub fn n_descriptors(self) -> Result<usize> {
        let folder = self.folder().join("fd");
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        Ok(entries.count())
    }

    /// Returns how much memory it has in use, in KiB: `VmRSS`.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub fn resident_kib(self) -> Result<u64> {
        let size = self.status("VmRSS")?;
        let size = size.strip_suffix(" kB").context("VmRSS is not in kB")?;
        Ok(size.parse()?)
    }

    /// Returns a line of `/proc/ID/status`.
    ///
    /// # Errors
    ///
    /// It has ended, or there is no such line.
    pub fn status(self, name: &str) -> Result<String> {
        let status = fs::read_to_string(self.folder().join("status"))?;
        let named = |line: &str| {
            Some(
                line.strip_prefix(name)?
                    .strip_prefix(':')?
                    .trim()
                    .to_owned(),
            )
        };
        let found = status.lines().find_map(named);
        found.with_context(|| format!("{self:?} has no {name}"))
    }

    /// Returns the limit of a resource as `/proc/ID/limits` names it, soft and hard.
    ///
    /// # Errors
    ///
    /// It has ended, or there is no such limit.
    pub fn limit(self, name: &str) -> Result<[String; 2]> {
        let limits = fs::read_to_string(self.folder().join("limits"))?;
        let found = limits.lines().find_map(|line| line.strip_prefix(name));
        let found = found.with_context(|| format!("{self:?} has no {name}"))?;
        let mut both = found.split_whitespace().map(str::to_owned);
        let (soft, hard) = (both.next(), both.next());
        Ok([soft.unwrap_or_default(), hard.unwrap_or_default()])
    }

    /// Returns what `/proc` shows of its arguments and its environment.
    ///
    /// # Errors
    ///
    /// It has ended, or hides them from us.
    pub fn arguments_and_environment(self) -> Result<[String; 2]> {
        let read = |path: &Path| fs::read(path).with_context(|| format!("{}", path.display()));
        let text = |name| read(&self.folder().join(name));
        let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok([lossy(text("cmdline")?), lossy(text("environ")?)])
    }

    /// Prepares to wait for its end.
    ///
    /// # Errors
    ///
    /// It has ended already.
    pub fn end(self) -> Result<End> {
        let file = pidfd_open(self.id()?, PidfdFlags::NONBLOCK);
        Ok(End(file.with_context(|| format!("{self:?} has ended"))?))
    }

    fn id(self) -> Result<Pid> {
        let id = i32::try_from(self.0).ok().and_then(Pid::from_raw);
        id.context("0 is no process")
    }

    fn parent(self) -> Option<Self> {
        self.stat(1)?.parse().ok().map(Self)
    }

    /// Returns a field of `/proc/ID/stat`, counted behind the name, which may hold blanks and brackets.
    fn stat(self, field_idx: usize) -> Option<String> {
        let stat = fs::read_to_string(self.folder().join("stat")).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        fields.split(' ').nth(field_idx).map(str::to_owned)
    }

    fn folder(self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.0))
    }
}

impl End {
    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// It lives on after this time.
    pub fn wait(self, time: Duration) -> Result<()> {
        let deadline = Instant::now() + time;
        let mut waited = [PollFd::new(&self.0, PollFlags::IN)];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match poll(&mut waited, Some(&left.try_into()?)) {
                Ok(0) => bail!("a process still lives after {time:?}"),
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error).context("cannot wait for a process"),
            }
        }
    }
}
