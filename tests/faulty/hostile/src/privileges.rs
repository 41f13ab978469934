//! What was given to the process, and what it would like to have.

use std::{env, io};

use crate::{Attempt, system};

pub(crate) const ATTEMPTS: [(&str, Attempt); 9] = [
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
