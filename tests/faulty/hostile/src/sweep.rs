//! Every system call there is.

use libc::c_long;

use crate::system;

/// Above the highest number of Linux 6.18.
const MAX_NUMBER: c_long = 480;

/// Calls that end the process or the thread, or never return, where they are allowed. That they are is known: without
/// them nothing ends. The last two are `uretprobe` and `uprobe` of x86_64, by which the kernel calls itself: it lets
/// them through any filter, and ends whoever else calls them.
const SPARED: [c_long; 6] = [
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    335,
    336,
];

/// Makes every system call with arguments that mean nothing, and returns the numbers of those that the kernel did
/// anything about: it answered something else than "not permitted".
pub(crate) fn answered() -> String {
    const NONSENSE: usize = usize::MAX;
    let is_answered = |number: &c_long| {
        let answer = system::call(*number, [NONSENSE; 6]);
        !answer.is_err_and(|error| error.raw_os_error() == Some(libc::EPERM))
    };
    let numbers = (0..MAX_NUMBER).filter(|number| !SPARED.contains(number));
    let answered = numbers.filter(is_answered).map(|number| number.to_string());
    answered.collect::<Vec<_>>().join(" ")
}
