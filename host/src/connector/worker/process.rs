//! A worker's process: started, watched, ended.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use tokio::sync::{oneshot, watch};

/// The first argument of a program that is started as a worker.
pub(super) const ARGUMENT: &str = "__switchboard-worker";

const WATCHER_STACK_BYTES: usize = 64 * 1024;

/// A running worker. Dropping it ends it.
pub(super) struct Process {
    pid: Pid,
    /// True when the process has ended, whoever still holds its socket.
    exit: watch::Receiver<bool>,
    /// Until it has been waited for; then its number may be another process's.
    child: Mutex<Option<Child>>,
}

/// What a new worker is reached by.
pub(super) struct Ends {
    pub(super) socket: UnixStream,
    pub(super) stderr: OwnedFd,
}

type Spawned = io::Result<(Child, UnixStream)>;

/// What the starting thread is asked for.
struct Order {
    command: Command,
    reply: oneshot::Sender<Spawned>,
}

/// The thread that starts workers, once there is one. The system ends a worker with the *thread* that started it, so
/// this one lives as long as the process.
static STARTER: Mutex<Option<mpsc::Sender<Order>>> = Mutex::new(None);

fn starter() -> io::Result<mpsc::Sender<Order>> {
    // Nothing panics while it holds the lock.
    let mut starter = STARTER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(starter) = &*starter {
        return Ok(starter.clone());
    }
    let (orders, incoming) = mpsc::channel::<Order>();
    let thread = thread::Builder::new().name("start-workers".to_owned());
    thread.spawn(move || {
        for Order { command, reply } in incoming {
            // Whoever asked may have gone away; the worker then ends, as nobody holds its socket.
            let _ = reply.send(spawn(command));
        }
    })?;
    Ok(starter.insert(orders).clone())
}

impl Process {
    /// Starts `program` as a worker. Must be called within a runtime.
    pub(super) async fn start(program: &Path, crm: &str) -> io::Result<(Self, Ends)> {
        let mut command = Command::new(program);
        command
            .arg0("switchboard-worker")
            .args([ARGUMENT, crm])
            .env_clear()
            .current_dir("/")
            // A signal from the terminal is for the host, which ends its workers itself.
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let (reply, spawned) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts workers has ended");
        starter()?
            .send(Order { command, reply })
            .map_err(|_| gone())?;
        let (mut child, socket) = spawned.await.map_err(|_| gone())??;
        let stderr = child.stderr.take().map(OwnedFd::from);
        let process = Self::watched(child, crm)?;
        let stderr = stderr.ok_or_else(|| io::Error::other("it has no stderr"))?;
        Ok((process, Ends { socket, stderr }))
    }

    fn watched(mut child: Child, crm: &str) -> io::Result<Self> {
        let pid = Pid::from_child(&child);
        match watch_exit(pid, crm) {
            Ok(exit) => Ok(Self {
                pid,
                exit,
                child: Mutex::new(Some(child)),
            }),
            Err(error) => {
                // Neither fails for a child that was not waited for.
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Waits until the process has ended by itself.
    pub(super) async fn exited(&self) {
        let mut exit = self.exit.clone();
        // Without the thread that tells, the process was waited for.
        let _ = exit.wait_for(|has_ended| *has_ended).await;
    }

    /// Ends the process, with all that it may have started. To be followed by [`ended`](Self::ended).
    pub(super) fn kill(&self) {
        if let Some(child) = &mut *self.child() {
            self.kill_all(child);
        }
    }

    /// Waits for the end of a process that was killed or has ended, and says how it ended; nothing the second time.
    pub(super) async fn ended(&self) -> Option<String> {
        self.exited().await;
        self.child().take().map(|mut child| ending(child.wait()))
    }

    fn kill_all(&self, child: &mut Child) {
        // Both may be gone already.
        let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
        let _ = child.kill();
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        // Nothing panics while it holds the lock.
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.child().take();
        if let Some(mut child) = child {
            self.kill_all(&mut child);
            // Nobody is left who could be told.
            let _ = child.wait();
        }
    }
}

/// Tells when a process has ended. Nothing asynchronous does without unsafe code, so a thread waits; it needs next to no
/// stack.
fn watch_exit(pid: Pid, crm: &str) -> io::Result<watch::Receiver<bool>> {
    let (sender, exit) = watch::channel(false);
    let thread = thread::Builder::new()
        .name(format!("worker-{crm}"))
        .stack_size(WATCHER_STACK_BYTES);
    thread.spawn(move || {
        // It is left to be waited for: until then nobody else gets its number.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
        sender.send_replace(true);
    })?;
    Ok(exit)
}

/// Starts a worker with one end of a socket pair as its stdin.
fn spawn(mut command: Command) -> Spawned {
    let (ours, theirs) = UnixStream::pair()?;
    let child = command.stdin(OwnedFd::from(theirs)).spawn()?;
    Ok((child, ours))
}

/// Hands a descriptor over, with one byte that says nothing.
pub(super) fn hand_over(socket: &UnixStream, descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor];
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    let byte = [IoSlice::new(&[0])];
    rustix::net::sendmsg(socket.as_fd(), &byte, &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Says how a process ended, in words.
fn ending(status: io::Result<ExitStatus>) -> String {
    let status = match status {
        Ok(status) => status,
        Err(error) => return format!("ended, nobody knows how ({error})"),
    };
    match (status.signal(), status.code()) {
        (Some(signal), _) => match signal_name(signal) {
            Some(name) => format!("was ended by signal {signal} ({name})"),
            None => format!("was ended by signal {signal}"),
        },
        (None, Some(code)) => format!("ended itself with exit code {code}"),
        (None, None) => "ended".to_owned(),
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    let signal = Signal::from_named_raw(signal)?;
    Some(match signal {
        Signal::ABORT => "SIGABRT: it aborted, or there was no memory left",
        Signal::SEGV => "SIGSEGV",
        Signal::BUS => "SIGBUS",
        Signal::ILL => "SIGILL",
        Signal::FPE => "SIGFPE",
        Signal::SYS => "SIGSYS",
        Signal::KILL => "SIGKILL",
        Signal::TERM => "SIGTERM",
        _ => return None,
    })
}
