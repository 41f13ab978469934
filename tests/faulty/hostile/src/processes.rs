//! More processes, more threads, other programs. By system calls, as in [`sockets`](crate::sockets): the standard
//! library's own way to start a program imports functions of the network.

use std::{io, thread};

use crate::{Attempt, system};

pub(crate) const ATTEMPTS: [(&str, Attempt); 5] = [
    ("fork", |_| wait_for(fork()?)),
    ("run-shell", |_| run_shell()),
    ("become-shell", |_| become_shell()),
    ("start-thread", |_| start_thread()),
    ("leave-session", |_| {
        system::attempt(libc::SYS_setpgid, [0, 0])
    }),
];

/// Makes a child that ends at once; returns its id.
fn fork() -> io::Result<usize> {
    let child = system::call(libc::SYS_clone, [libc::SIGCHLD as usize])?;
    if child == 0 {
        // Nothing but this is sound in the copy of one thread of many.
        system::call(libc::SYS_exit_group, [0])?;
    }
    Ok(child)
}

/// Runs a shell in a child, which says by its exit code that it could.
fn run_shell() -> io::Result<String> {
    let child = system::call(libc::SYS_clone, [libc::SIGCHLD as usize])?;
    if child == 0 {
        let _ = become_shell();
        system::call(libc::SYS_exit_group, [1])?;
    }
    wait_for(child)
}

fn wait_for(child: usize) -> io::Result<String> {
    let mut status = 0_i32;
    system::call(libc::SYS_wait4, [child, &raw mut status as usize])?;
    match status {
        0 => Ok(String::new()),
        _ => Err(io::Error::other(format!("the child ended with {status}"))),
    }
}

/// Puts a shell in the place of this process.
fn become_shell() -> io::Result<String> {
    let arguments = [c"sh".as_ptr(), c"-c".as_ptr(), c"exit 0".as_ptr()];
    let arguments = [&arguments[..], &[std::ptr::null()]].concat();
    let nothing = [0_usize];
    let path = c"/bin/sh".as_ptr() as usize;
    system::attempt(
        libc::SYS_execve,
        [path, arguments.as_ptr() as usize, nothing.as_ptr() as usize],
    )
}

fn start_thread() -> io::Result<String> {
    let thread = thread::Builder::new().spawn(|| ())?;
    thread.join().map_err(|_| io::Error::other("panicked"))?;
    Ok(String::new())
}
