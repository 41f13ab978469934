//! The system calls that a worker may make, each with what it could be misused for.
//!
//! Everything else fails with EPERM. Above all there is no way to come by a descriptor, since a worker's only ones are
//! its two ends towards the host: `open*`, `socket*`, `accept*`, `dup*`, `pipe*`, `memfd_create`, `pidfd_*`, `epoll_create1`,
//! `io_uring_setup`, `recvmsg` (a descriptor can come along in a message). Nor to reach others: `clone*`, `fork`,
//! `execve*`, `ptrace`, `process_vm_*`, `kill`, `tkill`, `rt_*sigqueueinfo`, `sendmsg`, System V's shared memory.
//! `ioctl` could type into a terminal and send signals by FIOSETOWN; `prctl` could undo that the worker dies with its
//! host. `sendto` and `recvfrom` can do more with the socket to the host than `write` and `read`, such as urgent data,
//! by which kernels have been attacked.

use std::ffi::c_long;

/// A system call, and the conditions of which one must hold for its arguments; no condition lets all through.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) number: c_long,
    pub(super) any_of: Vec<Vec<Argument>>,
}

/// What must be true of one argument.
#[derive(Debug, Clone, Copy)]
pub(super) enum Argument {
    /// The kernel looks at its lower 32 bits only, and of them those of `mask` must be `value`.
    Bits { index: u8, mask: u32, value: u32 },
    /// The kernel looks at its lower 32 bits only, and as a number without a sign they must not be more than `most`.
    AtMost { index: u8, most: u32 },
    /// A pointer that must be null.
    Null { index: u8 },
}

/// What a connector that is open needs, and the threads that serve it. `own` is the number of this process.
pub(super) fn serving(own: u32) -> Vec<Call> {
    let mut calls = whole(ALWAYS);
    calls.extend([
        // No memory that is code. Nor memory that counts for no limit: shared memory, and what grows like a stack.
        only(
            libc::SYS_mmap,
            &[&[NO_CODE, PRIVATE], &[NO_CODE, DROPPABLE]],
        ),
        only(libc::SYS_mprotect, &[&[NO_CODE]]),
        only(libc::SYS_pkey_mprotect, &[&[NO_CODE]]),
        // Looks at a descriptor. Others of its orders send signals when there is something to read.
        only(
            libc::SYS_fcntl,
            &[
                &[equal(1, libc::F_GETFD as u32)],
                &[equal(1, libc::F_GETFL as u32)],
            ],
        ),
        // Reads a limit of this process; with a new one it would set it.
        only(
            libc::SYS_prlimit64,
            &[&[equal(0, 0), Argument::Null { index: 2 }]],
        ),
        // `abort` does that. With another number it would be a signal to others.
        only(libc::SYS_tgkill, &[&[equal(0, own)]]),
        // Of the calling thread, not of other processes.
        only(libc::SYS_sched_getaffinity, &[&[equal(0, 0)]]),
        // Others of its orders interrupt the processors of everybody.
        only(
            libc::SYS_membarrier,
            &[
                &[equal(0, MEMBARRIER_QUERY)],
                &[equal(0, MEMBARRIER_PRIVATE_EXPEDITED)],
                &[equal(0, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED)],
            ],
        ),
        // Not the clocks of other processes, nor those that devices have.
        only(libc::SYS_clock_gettime, &[&[COMMON_CLOCK]]),
        only(libc::SYS_clock_getres, &[&[COMMON_CLOCK]]),
        only(libc::SYS_clock_nanosleep, &[&[COMMON_CLOCK]]),
    ]);
    calls
}

/// The same, and what the system's loader needs to load a library, and the worker to put the next guards on.
pub(super) fn loading(own: u32) -> Vec<Call> {
    let mut calls = serving(own);
    calls.extend(whole(LOOK));
    calls.extend([
        // To read only. Which files, is for Landlock to say.
        only(libc::SYS_openat, &[&[read_only(2)]]),
        #[cfg(target_arch = "x86_64")]
        only(libc::SYS_open, &[&[read_only(1)]]),
        // Code from files, which cannot be changed in memory before it runs or while it does.
        only(libc::SYS_mmap, &[&[FROM_FILE, PRIVATE, NOT_WRITABLE]]),
        // Guards only add up, and a filter must bind all threads and report to nobody.
        only(
            libc::SYS_seccomp,
            &[&[equal(0, libc::SECCOMP_SET_MODE_FILTER), equal(1, 1)]],
        ),
        only(
            libc::SYS_prctl,
            &[&[equal(0, libc::PR_SET_NO_NEW_PRIVS as u32)]],
        ),
    ]);
    calls
}

/// Allowed with whichever arguments.
const ALWAYS: &[c_long] = &[
    // Talking to the host by descriptors that are open.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    // Waiting for them.
    libc::SYS_ppoll,
    // Memory. Root could spoil pages of the machine by `madvise`, which is a right that a worker gives up.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // Threads that are there: locks, and what each does at its start.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_getcpu,
    // The time, sleeping, chance.
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    // What becomes of a signal to this process. A connector can ignore all but SIGKILL, which is what ends a worker.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // Who this is. The C library says that these cannot fail.
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    // How large this machine is, by which glibc's `qsort` decides; and the kernel's version.
    libc::SYS_sysinfo,
    libc::SYS_uname,
    // The end.
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Older forms of these.
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
];

/// What the system's loader finds files by. It tells whether a file exists, Landlock or not, but nothing of its content.
const LOOK: &[c_long] = &[
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_readlinkat,
    libc::SYS_lseek,
    libc::SYS_pread64,
    // Each adds a guard and takes none away.
    libc::SYS_landlock_create_ruleset,
    libc::SYS_landlock_add_rule,
    libc::SYS_landlock_restrict_self,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
];

/// Of the protection that `mmap` and `mprotect` are given.
const NO_CODE: Argument = bits(2, libc::PROT_EXEC as u32, 0);

const NOT_WRITABLE: Argument = bits(2, libc::PROT_WRITE as u32, 0);

/// Of the flags that `mmap` is given: of its kinds the one that is neither shared nor made for growing.
const PRIVATE: Argument = kind(libc::MAP_PRIVATE as u32);

/// The kind that glibc keeps the state of its random numbers in, which counts for the limit as well.
const DROPPABLE: Argument = kind(libc::MAP_DROPPABLE as u32);

const FROM_FILE: Argument = bits(3, libc::MAP_ANONYMOUS as u32, 0);

/// The last of the clocks that every system has the same of; a negative number names a process's or a device's.
const COMMON_CLOCK: Argument = Argument::AtMost {
    index: 0,
    most: libc::CLOCK_TAI as u32,
};

const MEMBARRIER_QUERY: u32 = 0;
const MEMBARRIER_PRIVATE_EXPEDITED: u32 = 1 << 3;
const MEMBARRIER_REGISTER_PRIVATE_EXPEDITED: u32 = 1 << 4;

const fn kind(kind: u32) -> Argument {
    bits(3, (libc::MAP_TYPE | libc::MAP_GROWSDOWN) as u32, kind)
}

/// Nor by O_PATH, of which Landlock takes no notice.
const fn read_only(index: u8) -> Argument {
    let others = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_PATH;
    bits(index, others as u32, libc::O_RDONLY as u32)
}

const fn equal(index: u8, value: u32) -> Argument {
    bits(index, u32::MAX, value)
}

const fn bits(index: u8, mask: u32, value: u32) -> Argument {
    Argument::Bits { index, mask, value }
}

fn only(number: c_long, any_of: &[&[Argument]]) -> Call {
    let any_of = any_of.iter().map(|all_of| all_of.to_vec()).collect();
    Call { number, any_of }
}

fn whole(numbers: &[c_long]) -> Vec<Call> {
    numbers.iter().map(|number| only(*number, &[])).collect()
}
