//! What can be done while a library is loaded.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use libloading::os::unix::Library;
use rustix::fs::{Mode, OFlags};

use super::alone::{alone, said};
use super::deeds::do_all;
use super::{enter, serve};

/// One that nothing here needs; every glibc has it.
const NEEDED_BY_NOBODY: &str = "libresolv.so.2";

#[test]
fn a_library_of_the_system_is_found_and_loaded() {
    let ended = alone(
        "loading::a_library_of_the_system_is_found_and_loaded",
        || {
            enter(b"");
            // SAFETY: it is a part of the C library.
            let library = unsafe { Library::new(NEEDED_BY_NOBODY) }.unwrap();
            serve().check().unwrap();
            // SAFETY: nothing is done with it.
            let found = unsafe { library.get::<*const ()>(b"ns_initparse\0") };
            format!("{}", found.is_ok())
        },
    );
    assert_eq!(ended, said("true"));
}

#[test]
fn a_library_in_memory_is_loaded_from_its_descriptor() {
    let ended = alone(
        "loading::a_library_in_memory_is_loaded_from_its_descriptor",
        || {
            let library = enter(&fs::read(path_of(NEEDED_BY_NOBODY)).unwrap());
            let name = format!("/proc/self/fd/{}", library.as_raw_fd());
            // SAFETY: it is a part of the C library.
            let library = unsafe { Library::new(name) }.unwrap();
            serve().check().unwrap();
            // SAFETY: nothing is done with it.
            let found = unsafe { library.get::<*const ()>(b"ns_initparse\0") };
            format!("{}", found.is_ok())
        },
    );
    assert_eq!(ended, said("true"));
}

/// Asks the system's loader, which finds it without a guard.
fn path_of(library: &str) -> PathBuf {
    let folders = [
        "/lib/x86_64-linux-gnu",
        "/lib/aarch64-linux-gnu",
        "/lib64",
        "/usr/lib64",
        "/usr/lib",
        "/lib",
    ];
    let paths = folders.map(|folder| PathBuf::from(folder).join(library));
    paths.into_iter().find(|path| path.exists()).unwrap()
}

#[test]
fn a_constructor_can_look_for_files_and_read_libraries_and_nothing_else() {
    let ended = alone(
        "loading::a_constructor_can_look_for_files_and_read_libraries_and_nothing_else",
        || {
            enter(b"");
            File::open(path_of(NEEDED_BY_NOBODY)).unwrap();
            let listed = fs::read_dir("/usr/lib").map(drop).unwrap_err();
            format!("list /usr/lib: {}\n{}", listed.kind(), do_all())
        },
    );
    let refused = super::deeds::all("EPERM");
    let by_landlock = [
        "open a file",
        "list a folder",
        "open the parent's environment",
    ];
    let mut expected = "list /usr/lib: permission denied\n".to_owned();
    for line in refused.lines() {
        let (deed, _) = line.split_once(": ").unwrap();
        let ending = match deed {
            "look for a file" => "done",
            _ if by_landlock.contains(&deed) => "EACCES",
            _ => "EPERM",
        };
        expected.push_str(&format!("{deed}: {ending}\n"));
    }
    assert_eq!(ended, said(&expected));
}

/// Landlock lets everyone open everything by O_PATH.
#[test]
fn what_lies_beyond_the_libraries_is_not_even_pointed_at() {
    let ended = alone(
        "loading::what_lies_beyond_the_libraries_is_not_even_pointed_at",
        || {
            let point_at = || rustix::fs::open("/etc/passwd", OFlags::PATH, Mode::empty());
            let before = point_at().is_ok();
            enter(b"");
            format!("{before} {}", point_at().unwrap_err().raw_os_error())
        },
    );
    assert_eq!(ended, said("true 1"));
}

#[test]
fn code_from_a_file_is_mapped_but_not_to_be_written() {
    let ended = alone(
        "loading::code_from_a_file_is_mapped_but_not_to_be_written",
        || {
            let library = enter(&[0; 4096]);
            let read = libc::PROT_READ;
            let protections = [
                read | libc::PROT_EXEC,
                read | libc::PROT_WRITE,
                read | libc::PROT_WRITE | libc::PROT_EXEC,
            ];
            let mapped = protections.map(|protection| {
                let (none, private) = (std::ptr::null_mut(), libc::MAP_PRIVATE);
                // SAFETY: the kernel chooses a free place.
                let place =
                    unsafe { libc::mmap(none, 4096, protection, private, library.as_raw_fd(), 0) };
                place != libc::MAP_FAILED
            });
            format!("{mapped:?}")
        },
    );
    assert_eq!(ended, said("[true, true, false]"));
}

#[test]
fn a_thread_denies_itself_files_and_leaves_its_siblings_alone() {
    let ended = alone(
        "loading::a_thread_denies_itself_files_and_leaves_its_siblings_alone",
        || {
            let own = std::thread::spawn(|| {
                super::deny_files().unwrap();
                File::open("/etc/passwd").unwrap_err().kind()
            });
            format!(
                "{}, {}",
                own.join().unwrap(),
                File::open("/etc/passwd").is_ok()
            )
        },
    );
    assert_eq!(ended, said("permission denied, true"));
}
