//! The system's loader: the calls into foreign code, and nothing else.
//!
//! Threads: `dlopen` and `dlsym` may be called from any thread. Nothing here is ever closed: wakers,
//! buffers and thread locals of a library outlive every use that the host could know of.

use std::path::Path;

use abi_stable::library::{AbiHeaderRef, ROOT_MODULE_LOADER_NAME_WITH_NUL};

use super::GlibcVersion;

/// Returns the version of glibc that this process runs with; none if its C library is another one.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn glibc_version() -> Option<GlibcVersion> {
    use std::ffi::{CStr, c_char};

    // SAFETY: this is the signature that gnu_get_libc_version(3) documents, in <gnu/libc-version.h>; it takes
    // nothing and has no precondition.
    unsafe extern "C" {
        safe fn gnu_get_libc_version() -> *const c_char;
    }
    // SAFETY: glibc returns a pointer to a string constant of its own, which lives as long as the process.
    let version = unsafe { CStr::from_ptr(gnu_get_libc_version()) };
    version.to_str().ok()?.parse().ok()
}

/// Returns the version of glibc that this process runs with; none if its C library is another one.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn glibc_version() -> Option<GlibcVersion> {
    None
}

/// Maps the first page of a file as code and takes it away again: whether the system runs code from such files.
#[cfg(target_os = "linux")]
pub(super) fn try_to_map(file: impl std::os::fd::AsFd) -> std::io::Result<()> {
    use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

    let protection = ProtFlags::READ | ProtFlags::EXEC;
    // SAFETY: the system chooses the place, so nothing that is mapped there is replaced.
    let place = unsafe {
        mmap(
            std::ptr::null_mut(),
            1,
            protection,
            MapFlags::PRIVATE,
            file,
            0,
        )
    }?;
    // SAFETY: that is the page that was mapped just now; nobody else knows of it.
    unsafe { munmap(place, 1) }?;
    Ok(())
}

/// Opens a library for good and returns the header that it exports; none if it exports no such symbol.
///
/// This runs the library's constructors: from here on it is trusted like code of the host.
///
/// # Safety
///
/// The file is a whole shared library for this machine whose tables have been checked. If it exports
/// `abi_stable`'s symbol, then that is a static which begins with an `AbiHeader`.
pub(super) unsafe fn open(path: &Path) -> Result<Option<AbiHeaderRef>, libloading::Error> {
    // SAFETY: the caller vouches for the file; running its constructors is what loading a connector means.
    let library = unsafe { open_now(path) }?;
    // Leaked before anything can go wrong: the constructors have run.
    let library = Box::leak(Box::new(library));
    let name = ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes();
    // SAFETY: `AbiHeaderRef` is a transparent, non-null pointer to the static of that name, as in
    // `abi_stable::library::abi_header_from_raw_library`. Null is asked for as an option, whose layout is the
    // pointer's own. The library is never closed, so the reference is valid for ever.
    let header = unsafe { library.get::<Option<AbiHeaderRef>>(name) };
    Ok(header.ok().and_then(|header| *header))
}

/// Resolves every symbol at once: a missing one is an error here, not a crash at the first call. Local,
/// so that two libraries with the same names do not see each other.
#[cfg(unix)]
unsafe fn open_now(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

    // SAFETY: the caller vouches for the file.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
    library.map(Into::into)
}

/// Windows resolves every symbol at once by itself.
#[cfg(not(unix))]
unsafe fn open_now(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: the caller vouches for the file.
    unsafe { libloading::Library::new(path) }
}
