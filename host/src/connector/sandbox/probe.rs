//! Tries what must be denied, by calls that do no harm where they are not.
//!
//! They are made by their numbers: a C library's function could be another one by now.

use std::ffi::{c_long, c_ulong};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use rustix::process::{Resource, getppid, getrlimit};

use super::enforced::{Enforced, Guard};

/// The guards that were put on, by what [`super::deny_files`] and [`super::Filter::apply`] returned.
#[derive(Debug, Clone, Copy)]
pub(in crate::connector) struct Guards {
    /// The version of Landlock's interface, if every thread denies itself all files.
    pub(in crate::connector) landlock: Option<u32>,
    /// Whether the last filter of system calls is in force.
    pub(in crate::connector) seccomp: bool,
}

/// From this version on Landlock denies signals to processes outside.
const WITH_SIGNALS: u32 = 6;

/// Finds out what is denied to the calling thread.
pub(in crate::connector) fn probe(guards: Guards) -> Enforced {
    let landlock = guards.landlock.is_some();
    let landlock_on_signals = guards
        .landlock
        .is_some_and(|version| version >= WITH_SIGNALS);
    Enforced {
        files: guards.behind(&files(), landlock),
        sockets: guards.behind(&sockets(), false),
        processes: guards.behind(&processes(), false),
        signals: guards.behind(&signals(), landlock_on_signals),
        threads: guards.behind(&threads(), false),
        landlock: guards.landlock,
        memory_bytes: getrlimit(Resource::Data).maximum,
    }
}

impl Guards {
    /// Names the guards that have refused; none if something was let through. The filter refuses with EPERM and before
    /// all others.
    fn behind(self, tried: &[Tried], by_landlock: bool) -> Vec<Guard> {
        if tried.contains(&Tried::Allowed) {
            return Vec::new();
        }
        let by_seccomp = self.seccomp && tried.iter().all(|tried| *tried == Tried::NotPermitted);
        let own = [(by_landlock, Guard::Landlock), (by_seccomp, Guard::Seccomp)];
        let own: Vec<_> = own
            .into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, guard)| guard)
            .collect();
        if own.is_empty() {
            vec![Guard::System]
        } else {
            own
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// With EPERM.
    NotPermitted,
    /// With EACCES.
    NoAccess,
    /// Done, or refused for another reason than that it is denied.
    Allowed,
}

/// Opens the topmost folder, which everyone may.
fn files() -> [Tried; 1] {
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    let root = c"/".as_ptr() as c_ulong;
    [opened(
        libc::SYS_openat,
        [libc::AT_FDCWD as c_ulong, root, flags as c_ulong, 0, 0, 0],
    )]
}

/// Makes sockets that go nowhere.
fn sockets() -> [Tried; 4] {
    [
        (libc::AF_UNIX, libc::SOCK_STREAM),
        (libc::AF_INET, libc::SOCK_STREAM),
        (libc::AF_INET, libc::SOCK_DGRAM),
        (libc::AF_NETLINK, libc::SOCK_RAW),
    ]
    .map(|(family, kind)| {
        let kind = kind | libc::SOCK_CLOEXEC;
        opened(
            libc::SYS_socket,
            [family as c_ulong, kind as c_ulong, 0, 0, 0, 0],
        )
    })
}

/// Starts processes and a program in ways that cannot be, reads nothing of the parent's memory, traces nobody.
fn processes() -> [Tried; 5] {
    let parent = parent();
    [
        // No arguments, of no size.
        tried(libc::SYS_clone3, NOTHING),
        // Shared signal handlers need shared memory.
        tried(
            libc::SYS_clone,
            [libc::CLONE_SIGHAND as c_ulong, 0, 0, 0, 0, 0],
        ),
        // No path.
        tried(libc::SYS_execve, NOTHING),
        // Not a byte.
        tried(libc::SYS_process_vm_readv, [parent, 0, 0, 0, 0, 0]),
        // There is no process 0.
        tried(
            libc::SYS_ptrace,
            [libc::PTRACE_PEEKDATA as c_ulong, 0, 0, 0, 0, 0],
        ),
    ]
}

/// Signal 0 only asks whether one could be sent.
fn signals() -> [Tried; 3] {
    let parent = parent();
    [
        tried(libc::SYS_kill, [parent, 0, 0, 0, 0, 0]),
        tried(libc::SYS_tkill, [parent, 0, 0, 0, 0, 0]),
        tried(libc::SYS_tgkill, [parent, parent, 0, 0, 0, 0]),
    ]
}

/// A thread needs shared signal handlers.
fn threads() -> [Tried; 2] {
    let thread = libc::CLONE_THREAD | libc::CLONE_VM;
    [
        tried(libc::SYS_clone3, NOTHING),
        tried(libc::SYS_clone, [thread as c_ulong, 0, 0, 0, 0, 0]),
    ]
}

/// Where the parent lives in another space of numbers it has none here, and 1 stands for it.
fn parent() -> c_ulong {
    getppid().map_or(1, |parent| parent.as_raw_pid() as c_ulong)
}

/// Ends what was opened.
fn opened(number: c_long, arguments: Arguments) -> Tried {
    let opened = call(number, arguments);
    let opened = opened.map(|number| {
        // SAFETY: the kernel has just given this number to us and nobody else.
        drop(unsafe { OwnedFd::from_raw_fd(number as RawFd) });
    });
    Tried::from(opened)
}

fn tried(number: c_long, arguments: Arguments) -> Tried {
    Tried::from(call(number, arguments).map(drop))
}

impl From<io::Result<()>> for Tried {
    fn from(result: io::Result<()>) -> Self {
        match result.map_err(|error| error.raw_os_error()) {
            Err(Some(libc::EPERM)) => Self::NotPermitted,
            Err(Some(libc::EACCES)) => Self::NoAccess,
            _ => Self::Allowed,
        }
    }
}

/// All that a system call takes; what it does not look at is 0.
type Arguments = [c_ulong; 6];

const NOTHING: Arguments = [0; 6];

fn call(number: c_long, [a, b, c, d, e, f]: Arguments) -> io::Result<c_long> {
    // SAFETY: of the calls of this module none writes to memory, and none reads any but the name of a folder that is
    // a constant. One that starts something is given what cannot be started.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}
