//! What keeps a connector's worker from everything but its memory, its time and its host.
//!
//! Three guards of Linux, each of which a process puts on itself and can never take off:
//!
//! - **limits and rights** ([`prepare`]): no new privileges, no right of root, no core dump, bounded memory, no
//!   descriptor but the given ones;
//! - **Landlock** ([`allow_libraries`], [`deny_files`]): which files a *thread* may open;
//! - **seccomp** ([`Filter`]): which system calls *all* threads may make.
//!
//! The order, on the worker's main thread except where it says otherwise:
//!
//! 1. [`prepare`], then [`die_with`], before any other thread is started: rights are inherited at a thread's start;
//! 2. threads are started, each calls [`deny_files`] on itself; main waits for all of them;
//! 3. [`allow_libraries`], then [`Filter::loading`]: from here on foreign code may run, on main only;
//! 4. the library is loaded; [`deny_files`], then [`Filter::serving`];
//! 5. [`probe()`] tries what must be denied, and [`Enforced::check`] judges that.
//!
//! What a library's constructors do happens between 3 and 4. They share the process with what puts the later guards
//! on, and could get in its way; so the guards of 1 to 3 alone must hold: no socket, process, thread or signal to
//! others, no code but from files, and of files only what lies in the system's library folders. On a kernel without
//! Landlock a constructor can read files as the user can.
//!
//! A guard that the kernel does not have is left out, and the probes tell.

mod enforced;

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "closes descriptors by their number")]
mod descriptors;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "makes system calls that must fail")]
mod probe;
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "ends the process without its exit handlers")]
mod process;

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "tries what must be denied")]
mod tests;

pub use enforced::{Enforced, Guard, NotEnforced};

#[cfg(target_os = "linux")]
pub(super) use files::{allow_libraries, deny_files};
#[cfg(target_os = "linux")]
pub(super) use filter::Filter;
#[cfg(target_os = "linux")]
pub(super) use probe::{Guards, probe};
#[cfg(target_os = "linux")]
pub(super) use process::{die_with, exit_at_once, prepare};
