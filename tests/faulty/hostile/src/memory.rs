//! Memory: that of the parent, and memory that runs as code.

use std::fs::OpenOptions;
use std::io;

use crate::{Attempt, system};

/// Not in any header that `libc` has for every system.
const PTRACE_SEIZE: usize = 0x4206;

const PAGE_BYTES: usize = 4096;

const MEGABYTE: usize = 1024 * 1024;

const READ_WRITE: usize = (libc::PROT_READ | libc::PROT_WRITE) as usize;
const WITH_EXECUTE: usize = READ_WRITE | libc::PROT_EXEC as usize;
const ANONYMOUS: usize = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;

pub(crate) const ATTEMPTS: [(&str, Attempt); 13] = [
    ("read-parent-memory", |_| read_parent()),
    ("open-parent-memory", |_| {
        let path = format!("/proc/{}/mem", system::parent());
        OpenOptions::new()
            .read(true)
            .open(path)
            .map(|_| String::new())
    }),
    // Unlike PTRACE_ATTACH it stops nobody, and ends with this thread.
    ("trace-parent", |_| {
        system::attempt(libc::SYS_ptrace, [PTRACE_SEIZE, system::parent(), 0, 0])
    }),
    ("map-code", |_| map(WITH_EXECUTE).map(|_| String::new())),
    ("turn-into-code", |_| {
        let page = map(READ_WRITE)?;
        system::attempt(libc::SYS_mprotect, [page, PAGE_BYTES, WITH_EXECUTE])
    }),
    ("turn-into-code-by-key", |_| {
        let page = map(READ_WRITE)?;
        let no_key = usize::MAX;
        system::attempt(
            libc::SYS_pkey_mprotect,
            [page, PAGE_BYTES, WITH_EXECUTE, no_key],
        )
    }),
    ("take-100-megabytes", |_| {
        take(100 * MEGABYTE, libc::MAP_PRIVATE)
    }),
    // Nothing is written to it, but the kernel's own tables of so many addresses fill a machine.
    ("take-64-terabytes-of-addresses", |_| {
        let n_bytes = 64 * 1024 * 1024 * MEGABYTE;
        let memory = map_of(n_bytes, libc::PROT_READ as usize, ANONYMOUS)?;
        system::attempt(libc::SYS_munmap, [memory, n_bytes])
    }),
    // Neither counts as data of the process, which is what is limited.
    ("take-shared-memory", |_| {
        take(512 * MEGABYTE, libc::MAP_SHARED)
    }),
    ("take-stack-memory", |_| {
        take(512 * MEGABYTE, libc::MAP_PRIVATE | libc::MAP_GROWSDOWN)
    }),
    ("share-memory", |_| {
        system::attempt(libc::SYS_shmget, [0, PAGE_BYTES, 0o600])
    }),
    ("make-file-in-memory", |_| {
        let name = c"hostile".as_ptr() as usize;
        let file = system::call(libc::SYS_memfd_create, [name, 0])?;
        system::attempt(libc::SYS_close, [file])
    }),
    ("watch-page-faults", |_| {
        let file = system::call(libc::SYS_userfaultfd, [1])?;
        system::attempt(libc::SYS_close, [file])
    }),
];

fn map(protection: usize) -> io::Result<usize> {
    map_of(PAGE_BYTES, protection, ANONYMOUS)
}

fn map_of(n_bytes: usize, protection: usize, flags: usize) -> io::Result<usize> {
    let no_file = usize::MAX;
    system::call(libc::SYS_mmap, [0, n_bytes, protection, flags, no_file, 0])
}

/// Takes memory of this kind, and lets the kernel fill it.
fn take(n_bytes: usize, kind: i32) -> io::Result<String> {
    const MADV_POPULATE_WRITE: usize = 23;
    let flags = kind | libc::MAP_ANONYMOUS;
    let memory = map_of(n_bytes, READ_WRITE, flags as usize)?;
    let filled = system::call(libc::SYS_madvise, [memory, n_bytes, MADV_POPULATE_WRITE]);
    system::call(libc::SYS_munmap, [memory, n_bytes])?;
    filled.map(|_| String::new())
}

/// Copies a byte out of the parent. Nobody knows an address of it here, but the kernel asks for the permission before
/// it looks at the address: `EFAULT` says that it was given.
fn read_parent() -> io::Result<String> {
    let mut copy = [0_u8; 8];
    let here = libc::iovec {
        iov_base: copy.as_mut_ptr().cast(),
        iov_len: copy.len(),
    };
    let there = libc::iovec {
        iov_base: PAGE_BYTES as *mut libc::c_void,
        iov_len: copy.len(),
    };
    let (here, there) = (&raw const here as usize, &raw const there as usize);
    match system::call(
        libc::SYS_process_vm_readv,
        [system::parent(), here, 1, there, 1, 0],
    ) {
        Err(error) if error.raw_os_error() == Some(libc::EFAULT) => Ok(String::new()),
        other => other.map(|_| String::new()),
    }
}
