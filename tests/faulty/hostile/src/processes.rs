//! More processes, more threads, other programs.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::{io, thread};

use crate::{Attempt, system};

pub(crate) const ATTEMPTS: [(&str, Attempt); 5] = [
    ("fork", |_| fork()),
    ("run-shell", |_| run_shell()),
    ("become-shell", |_| {
        Err(Command::new("/bin/sh").args(["-c", "exit 0"]).exec())
    }),
    ("start-thread", |_| start_thread()),
    ("leave-session", |_| {
        system::attempt(libc::SYS_setpgid, [0, 0])
    }),
];

fn fork() -> io::Result<String> {
    let child = system::call(libc::SYS_clone, [libc::SIGCHLD as usize])?;
    if child == 0 {
        // Nothing but this is sound in the copy of one thread of many.
        system::call(libc::SYS_exit_group, [0])?;
    }
    system::attempt(libc::SYS_wait4, [child])
}

fn run_shell() -> io::Result<String> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "exit 0"]).stdin(Stdio::inherit());
    shell.status().map(|_| String::new())
}

fn start_thread() -> io::Result<String> {
    let thread = thread::Builder::new().spawn(|| ())?;
    thread.join().map_err(|_| io::Error::other("panicked"))?;
    Ok(String::new())
}
