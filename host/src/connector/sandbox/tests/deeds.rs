//! What a connector may try.

use std::ffi::{c_int, c_long, c_void};
use std::fs::{self, File};
use std::io::{self, Error, Result};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::Command;
use std::ptr::null_mut;
use std::thread;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getpid, getppid, set_dumpable_behavior};

/// A name, and the deed.
type Deed = (&'static str, fn() -> Result<()>);

/// Each succeeds where nothing denies it.
const DEEDS: &[Deed] = &[
    ("open a file", || File::open("/etc/passwd").map(drop)),
    ("list a folder", || fs::read_dir("/proc").map(drop)),
    ("open the parent's environment", open_environment),
    ("create a file", create_file),
    ("look for a file", || fs::metadata("/etc/passwd").map(drop)),
    ("listen by TCP", || {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(drop)
    }),
    ("connect by UDP", || {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.connect("127.0.0.1:9")
    }),
    ("make a Unix socket", || UnixDatagram::unbound().map(drop)),
    ("make a pair of sockets", || UnixStream::pair().map(drop)),
    ("start a thread", || {
        thread::Builder::new()
            .spawn(|| ())
            .map(|thread| drop(thread.join()))
    }),
    ("start a program", || {
        Command::new("/bin/true").status().map(drop)
    }),
    ("fork", fork),
    ("signal 0 to the parent", || {
        call(libc::SYS_kill, [parent(), 0, 0])
    }),
    ("signal 0 to its thread", || {
        call(libc::SYS_tgkill, [parent(), parent(), 0])
    }),
    ("signal 0 to everybody", || call(libc::SYS_kill, [-1, 0, 0])),
    ("signal 0 to the group", || call(libc::SYS_kill, [0, 0, 0])),
    ("open a process", || {
        call(libc::SYS_pidfd_open, [parent(), 0, 0])
    }),
    ("read a process's memory", read_memory),
    ("set a limit", set_limit),
    ("outlive the parent", || {
        Ok(rustix::process::set_parent_process_death_signal(None)?)
    }),
    ("become dumpable", || {
        Ok(set_dumpable_behavior(DumpableBehavior::Dumpable)?)
    }),
    ("map code", || {
        map(libc::PROT_READ | libc::PROT_EXEC, PRIVATE).map(drop)
    }),
    ("turn memory into code", turn_into_code),
    ("map shared memory", || {
        map(WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS).map(drop)
    }),
    ("map a stack", || {
        map(WRITE, PRIVATE | libc::MAP_GROWSDOWN).map(drop)
    }),
    ("make a file of memory", || {
        call(libc::SYS_memfd_create, [c"x".as_ptr() as c_long, 0, 0])
    }),
    ("make a pipe", || io::pipe().map(drop)),
    ("copy a descriptor", || {
        Ok(rustix::io::dup(io::stderr()).map(drop)?)
    }),
    ("own the signals of a descriptor", || {
        call(libc::SYS_fcntl, [2, F_SETOWN, parent()])
    }),
    ("change a descriptor", || {
        call(libc::SYS_ioctl, [2, libc::FIOCLEX as c_long, 0])
    }),
    ("name the thread", || {
        Ok(rustix::thread::set_name(c"innocent")?)
    }),
];

/// Says of each deed how it ended.
pub(super) fn do_all() -> String {
    let ended = DEEDS.iter().map(|(name, deed)| match deed() {
        Ok(()) => format!("{name}: done\n"),
        Err(error) => format!("{name}: {}\n", named(&error)),
    });
    ended.collect()
}

/// The same text where each deed ended alike.
pub(super) fn all(ending: &str) -> String {
    DEEDS
        .iter()
        .map(|(name, _)| format!("{name}: {ending}\n"))
        .collect()
}

fn named(error: &Error) -> String {
    match error.raw_os_error() {
        Some(libc::EPERM) => "EPERM".to_owned(),
        Some(libc::EACCES) => "EACCES".to_owned(),
        _ => error.to_string(),
    }
}

const PRIVATE: c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
const WRITE: c_int = libc::PROT_READ | libc::PROT_WRITE;
const F_SETOWN: c_long = 8;

pub(super) fn call(number: c_long, [a, b, c]: [c_long; 3]) -> Result<()> {
    // SAFETY: nothing here writes to memory of this process beyond what the kernel is lent for it.
    match unsafe { libc::syscall(number, a, b, c, 0, 0, 0) } {
        -1 => Err(Error::last_os_error()),
        _ => Ok(()),
    }
}

pub(super) fn map(protection: c_int, flags: c_int) -> Result<*mut c_void> {
    // SAFETY: the kernel chooses a free place.
    let place = unsafe { libc::mmap(null_mut(), 4096, protection, flags, -1, 0) };
    if place == libc::MAP_FAILED {
        return Err(Error::last_os_error());
    }
    Ok(place)
}

fn turn_into_code() -> Result<()> {
    let place = map(WRITE, PRIVATE)?;
    // SAFETY: the page is ours, and nothing lies in it.
    match unsafe { libc::mprotect(place, 4096, libc::PROT_READ | libc::PROT_EXEC) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}

fn parent() -> c_long {
    getppid().map_or(1, |parent| parent.as_raw_pid().into())
}

fn open_environment() -> Result<()> {
    File::open(format!("/proc/{}/environ", parent())).map(drop)
}

fn create_file() -> Result<()> {
    let path = std::env::temp_dir().join(format!("switchboard-sandbox-{}", std::process::id()));
    File::create_new(&path)?;
    fs::remove_file(path)
}

fn fork() -> Result<()> {
    // SAFETY: the child does nothing but end.
    match unsafe { libc::fork() } {
        -1 => Err(Error::last_os_error()),
        0 => super::exit_at_once(0),
        child => call(libc::SYS_wait4, [child.into(), 0, 0]),
    }
}

/// Of this process: systems differ in whether the parent's may be read.
fn read_memory() -> Result<()> {
    let byte = 7_u8;
    let part = libc::iovec {
        iov_base: (&raw const byte) as *mut c_void,
        iov_len: 1,
    };
    let mut read = 0_u8;
    let into = libc::iovec {
        iov_base: (&raw mut read).cast(),
        iov_len: 1,
    };
    // SAFETY: both are one byte long.
    match unsafe { libc::process_vm_readv(getpid().as_raw_pid(), &into, 1, &part, 1, 0) } {
        -1 => Err(Error::last_os_error()),
        _ => Ok(()),
    }
}

fn set_limit() -> Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    Ok(rustix::process::setrlimit(Resource::Core, none)?)
}
