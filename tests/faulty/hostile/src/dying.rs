//! Ways to end a process, or a thread of it.

use std::{hint, process, thread};

use crate::{forge, system};

/// How much is taken in the end where nobody sets a limit: a test must not take the machine along.
const ENOUGH_BYTES: usize = 2 * 1024 * 1024 * 1024;

const STEP_BYTES: usize = 16 * 1024 * 1024;

/// Dies in the way of this name, if there is one. Says how it survived, where it did.
pub(crate) fn die_of(name: &str) -> Option<String> {
    match name {
        "segfault" => touch_nothing(),
        "abort" => process::abort(),
        "exit" => process::exit(0),
        "stack-overflow" => drop(hint::black_box(descend(0))),
        "out-of-memory" => take_all_memory(),
        "endless-loop" => loop {
            hint::spin_loop();
        },
        "hang" => loop {
            thread::park();
        },
        "freeze" => freeze(),
        "close-socket" => forge::close_all(),
        "shut-socket" => forge::shut_all(),
        "panic" => panic!("as the note says"),
        _ => return None,
    }
    Some("survived".to_owned())
}

/// Writes to an address that no process has.
fn touch_nothing() {
    // SAFETY: none. This is the fault; the kernel ends the process.
    unsafe { libc::memset(16 as *mut libc::c_void, 0, 1) };
}

/// Stops every thread of this process until somebody lets them go on. Nobody can catch that signal.
fn freeze() {
    // SAFETY: a plain system call.
    let thread = unsafe { libc::gettid() } as usize;
    let signal = libc::SIGSTOP as usize;
    // Where it is denied, the call goes on.
    let _ = system::call(libc::SYS_tgkill, [system::own(), thread, signal]);
}

/// Calls itself without end.
#[expect(unconditional_recursion, reason = "the stack is what it is about")]
fn descend(depth: usize) -> [usize; 64] {
    let mut frame = hint::black_box([depth; 64]);
    frame[1] = descend(depth + 1)[0];
    hint::black_box(frame)
}

/// Takes memory and writes to every page of it, until there is none left.
fn take_all_memory() {
    let mut taken = Vec::new();
    while taken.len() * STEP_BYTES < ENOUGH_BYTES {
        taken.push(hint::black_box(vec![1_u8; STEP_BYTES]));
    }
}
