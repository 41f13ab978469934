//! What was given to the process, and what it would like to have.

use std::{env, io};

use crate::{Attempt, system};

pub(crate) const ATTEMPTS: [(&str, Attempt); 10] = [
    ("raise-memory-limit", |_| set_limit(system::own(), u64::MAX)),
    ("limit-parent", |_| set_limit(system::parent(), u64::MAX)),
    ("outlive-parent", |_| {
        system::attempt(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG as usize, 0])
    }),
    ("become-dumpable", |_| {
        system::attempt(libc::SYS_prctl, [libc::PR_SET_DUMPABLE as usize, 1])
    }),
    ("use-io-uring", |_| {
        let settings = [0_u64; 16];
        let settings = settings.as_ptr() as usize;
        let ring = system::call(libc::SYS_io_uring_setup, [1, settings])?;
        system::attempt(libc::SYS_close, [ring])
    }),
    ("take-parent-descriptor", |_| {
        let parent = system::call(libc::SYS_pidfd_open, [system::parent(), 0])?;
        let file = system::call(libc::SYS_pidfd_getfd, [parent, 2, 0])?;
        system::attempt(libc::SYS_close, [file])
    }),
    ("change-terminal", |_| {
        let byte = b' ';
        let byte = &raw const byte as usize;
        system::attempt(libc::SYS_ioctl, [2, libc::TIOCSTI as usize, byte])
    }),
    ("tell-descriptors", |_| Ok(descriptors().join(" "))),
    ("tell-environment", |_| {
        Ok(env::vars().map(|(name, _)| name + " ").collect())
    }),
    ("tell-arguments", |_| {
        Ok(env::args().collect::<Vec<_>>().join(" "))
    }),
];

/// Sets the limit of memory of a process to its highest.
fn set_limit(process: usize, bytes: u64) -> io::Result<String> {
    let limits = [bytes, bytes];
    let limits = limits.as_ptr() as usize;
    let memory = libc::RLIMIT_DATA as usize;
    system::attempt(libc::SYS_prlimit64, [process, memory, limits, 0])
}

/// Returns what kind of thing each open descriptor is, in the order of their numbers.
fn descriptors() -> Vec<&'static str> {
    let kind_of = |descriptor: usize| {
        // SAFETY: any bytes are one.
        let mut status: libc::stat = unsafe { std::mem::zeroed() };
        let place = &raw mut status as usize;
        // That of the C library looks at paths, too, which is denied.
        let is_open = system::call(libc::SYS_fstat, [descriptor, place]).is_ok();
        is_open.then_some(match status.st_mode & libc::S_IFMT {
            libc::S_IFCHR => "device",
            libc::S_IFIFO => "pipe",
            libc::S_IFREG => "file",
            libc::S_IFSOCK => "socket",
            libc::S_IFDIR => "folder",
            _ => "other",
        })
    };
    (0..1024).filter_map(kind_of).collect()
}
