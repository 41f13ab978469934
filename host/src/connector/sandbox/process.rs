//! Rights, limits and the end of a worker.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};

use super::descriptors::close_all_but;

/// How many descriptors a worker can have: its few own ones, and what loading opens one after the other.
const MAX_DESCRIPTORS: u64 = 64;

/// How much more room for addresses a worker gets than memory: for the code of libraries, and for what allocators reserve
/// without using it.
const SPARE_ADDRESSES: u64 = 16 << 30;

/// The main thread's stack, as most systems have it. It counts for no other limit.
const MAIN_STACK_BYTES: u64 = 8 << 20;

/// Takes from this process what a worker does not need. `keep` are the descriptors beside 0, 1 and 2 that stay open.
///
/// Of the memory that `memory_bytes` bounds, only what can be written counts; not the code of libraries. An allocation
/// beyond it fails.
///
/// Call it while the process has one thread, and before any of its descriptors is owned by anything but `keep`.
///
/// # Errors
///
/// Every step has to succeed: no kernel that runs the program lacks one of them.
pub(in crate::connector) fn prepare(memory_bytes: u64, keep: &[BorrowedFd<'_>]) -> io::Result<()> {
    // Filters and Landlock layers are for those only who cannot gain rights by a program that they start.
    set_no_new_privs(true)?;
    // Nobody of the same user may look into it, and the kernel dumps none of its memory.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    // A host that runs as root has workers that can do nothing of what root can.
    set_capabilities(None, no_rights())?;
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, MAX_DESCRIPTORS)?;
    limit(Resource::Data, memory_bytes)?;
    limit(Resource::Stack, MAIN_STACK_BYTES)?;
    // Memory that can only be read counts for none of it, but a table of what is mapped where grows as it is read.
    limit(
        Resource::As,
        addresses()?
            .saturating_add(memory_bytes)
            .saturating_add(SPARE_ADDRESSES),
    )?;
    close_all_but(keep)
}

/// Ends this process as soon as the thread of `parent` that started it has ended.
///
/// # Errors
///
/// `parent` has ended already.
pub(in crate::connector) fn die_with(parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have ended in between: then nobody sends the signal.
    if getppid() == Some(parent) {
        Ok(())
    } else {
        Err(io::Error::other("the host has ended"))
    }
}

/// Ends the process. Nothing of a connector runs in between: no exit handler, no destructor.
pub(in crate::connector) fn exit_at_once(code: u8) -> ! {
    // SAFETY: it takes any number, does not return, and needs nothing of the process to be in order.
    unsafe { libc::_exit(code.into()) }
}

/// Sets a limit that nobody without a right of root can raise again, or keeps the lower one that this process was
/// started with, which cannot be raised either.
fn limit(resource: Resource, value: u64) -> io::Result<()> {
    let inherited = getrlimit(resource).maximum;
    let value = inherited.map_or(value, |inherited| inherited.min(value));
    let limit = Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    Ok(setrlimit(resource, limit)?)
}

/// Returns how many bytes of addresses are taken.
fn addresses() -> io::Result<u64> {
    let sizes = std::fs::read_to_string("/proc/self/statm")?;
    let pages = sizes
        .split(' ')
        .next()
        .and_then(|pages| pages.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| io::Error::other("/proc/self/statm holds no number"))?;
    Ok(pages.saturating_mul(rustix::param::page_size() as u64))
}

fn no_rights() -> CapabilitySets {
    CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    }
}
