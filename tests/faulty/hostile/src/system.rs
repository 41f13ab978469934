//! System calls, as they are.

use std::io;

use libc::c_long;

/// Makes a system call; arguments that are left out are 0.
pub(crate) fn call<const N: usize>(number: c_long, arguments: [usize; N]) -> io::Result<usize> {
    let argument = |n: usize| arguments.get(n).copied().unwrap_or(0);
    // SAFETY: whoever passes a pointer passes one of memory that is alive, and that the call may use. What else the
    // call does is the point of it.
    let result = unsafe {
        libc::syscall(
            number,
            argument(0),
            argument(1),
            argument(2),
            argument(3),
            argument(4),
            argument(5),
        )
    };
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// As [`call`], for attempts that gain nothing but their success.
pub(crate) fn attempt<const N: usize>(number: c_long, arguments: [usize; N]) -> io::Result<String> {
    call(number, arguments).map(|_| String::new())
}

/// Returns the id of the process that started this one.
pub(crate) fn parent() -> usize {
    std::os::unix::process::parent_id() as usize
}

/// Returns this process's own id.
pub(crate) fn own() -> usize {
    std::process::id() as usize
}

/// Returns the name of an error number, of those that tell a refusal from a mistake.
pub(crate) fn name_of(error: &io::Error) -> String {
    let known = [
        (libc::EPERM, "EPERM"),
        (libc::EACCES, "EACCES"),
        (libc::ENOSYS, "ENOSYS"),
        (libc::ENOENT, "ENOENT"),
        (libc::ECONNREFUSED, "ECONNREFUSED"),
        (libc::EFAULT, "EFAULT"),
        (libc::EINVAL, "EINVAL"),
        (libc::ESRCH, "ESRCH"),
        (libc::EBADF, "EBADF"),
        (libc::ENOMEM, "ENOMEM"),
    ];
    let found = known
        .iter()
        .find(|(number, _)| error.raw_os_error() == Some(*number));
    found.map_or_else(|| error.to_string(), |(_, name)| (*name).to_owned())
}
