//! Signals to processes other than this one.

use std::io;

use crate::{Attempt, system};

/// Chooses the signal that the owner of a descriptor is sent. `libc` does not have it.
const F_SETSIG: usize = 10;

/// A real-time signal that nobody uses.
const UNUSED: usize = 50;

pub(crate) const ATTEMPTS: [(&str, Attempt); 8] = [
    ("find-parent", |_| kill(system::parent(), 0)),
    ("end-parent", |_| {
        kill(system::parent(), libc::SIGTERM as usize)
    }),
    // Signal 0 reaches nobody: it only asks who could be reached.
    ("find-everybody", |_| kill(usize::MAX, 0)),
    ("find-parent-thread", |_| {
        let parent = system::parent();
        system::attempt(libc::SYS_tgkill, [parent, parent, 0])
    }),
    ("find-parent-thread-by-id", |_| {
        system::attempt(libc::SYS_tkill, [system::parent(), 0])
    }),
    ("queue-to-parent", |_| queue()),
    ("point-at-parent", |_| {
        let file = system::call(libc::SYS_pidfd_open, [system::parent(), 0])?;
        system::attempt(libc::SYS_close, [file])
    }),
    ("own-descriptor-by-parent", |_| {
        // Whoever owns a descriptor is sent a signal of the owner's choice when something arrives on it.
        let parent = system::parent();
        system::call(libc::SYS_fcntl, [2, libc::F_SETOWN as usize, parent])?;
        system::attempt(libc::SYS_fcntl, [2, F_SETSIG, UNUSED])
    }),
];

fn kill(process: usize, signal: usize) -> io::Result<String> {
    system::attempt(libc::SYS_kill, [process, signal])
}

/// Asks whether a signal with a value could be sent; the signal itself is 0.
fn queue() -> io::Result<String> {
    const SI_QUEUE: i32 = -1;
    let mut info = [0_i32; 32];
    info[2] = SI_QUEUE;
    let info = info.as_ptr() as usize;
    system::attempt(libc::SYS_rt_sigqueueinfo, [system::parent(), 0, info])
}
