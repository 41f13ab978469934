//! The guards, each put on a process of its own: nobody can take them off again.

mod absent;
mod alone;
mod deeds;
mod denied;
mod loading;
mod processes;
mod working;

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;

use rustix::fs::MemfdFlags;
use rustix::process::getppid;

use super::{
    Enforced, Filter, Guards, allow_libraries, deny_files, die_with, exit_at_once, prepare, probe,
};

const MEMORY_BYTES: u64 = 256 << 20;

/// Steps 1 to 3 of a worker's start, without other threads.
fn enter(library: &[u8]) -> File {
    prepare(MEMORY_BYTES, &[]).unwrap();
    die_with(getppid().unwrap()).unwrap();
    begin_to_load(library)
}

/// Step 3, with `library` in memory.
fn begin_to_load(library: &[u8]) -> File {
    let memory = rustix::fs::memfd_create(c"library", MemfdFlags::CLOEXEC).unwrap();
    let mut library_file = File::from(memory);
    library_file.write_all(library).unwrap();
    allow_libraries(library_file.as_fd()).unwrap();
    Filter::loading().unwrap().apply().unwrap();
    library_file
}

/// Steps 4 and 5.
fn serve() -> Enforced {
    let landlock = deny_files().unwrap();
    let seccomp = Filter::serving().unwrap().apply().unwrap();
    probe(Guards { landlock, seccomp })
}
