//! What is denied.

use std::ffi::c_long;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::alone::{Ended, alone, said};
use super::deeds::{all, call, do_all};
use super::{MEMORY_BYTES, enter, prepare, serve};

#[test]
fn nothing_of_it_is_denied_to_a_process_without_guards() {
    let ended = alone(
        "denied::nothing_of_it_is_denied_to_a_process_without_guards",
        do_all,
    );
    assert_eq!(ended, said(&all("done")));
}

#[test]
fn all_of_it_is_denied_to_a_worker() {
    let ended = alone("denied::all_of_it_is_denied_to_a_worker", || {
        enter(b"");
        serve();
        do_all()
    });
    assert_eq!(ended, said(&all("EPERM")));
}

#[test]
fn the_probes_find_it_denied_and_name_the_guards() {
    let ended = alone(
        "denied::the_probes_find_it_denied_and_name_the_guards",
        || {
            enter(b"");
            let enforced = serve();
            enforced.check().unwrap();
            serde_json::to_string(&enforced).unwrap()
        },
    );
    let version: u32 = ended
        .said
        .split("\"landlock\":")
        .nth(1)
        .map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap());
    assert!(version >= 1, "{ended:?}");
    let signals = if version >= 6 {
        r#"["landlock","seccomp"]"#
    } else {
        r#"["seccomp"]"#
    };
    assert_eq!(
        ended,
        said(&format!(
            r#"{{"files":["landlock","seccomp"],"sockets":["seccomp"],"processes":["seccomp"],"signals":{signals},"threads":["seccomp"],"landlock":{version},"memory_bytes":268435456}}"#
        ))
    );
}

#[test]
fn the_probes_do_no_harm_and_find_nothing_denied_without_guards() {
    let ended = alone(
        "denied::the_probes_do_no_harm_and_find_nothing_denied_without_guards",
        || {
            let guards = super::Guards {
                landlock: None,
                seccomp: false,
            };
            let enforced = super::probe(guards);
            format!("{enforced:?}\n{}", enforced.check().unwrap_err())
        },
    );
    assert_eq!(
        ended,
        said(
            "Enforced { files: [], sockets: [], processes: [], signals: [], threads: [], landlock: None, memory_bytes: \
             None }\nthis system does not deny files, sockets, processes, signals to a connector's worker, which takes \
             Linux 5.13 with Landlock and seccomp; to run the connector nevertheless, which then has to be trusted, \
             write `required = false` in [sandbox] of the manifest"
        )
    );
}

/// Landlock alone, as on a kernel without filters.
#[test]
fn with_landlock_alone_the_rest_is_found_to_be_missing() {
    let ended = alone(
        "denied::with_landlock_alone_the_rest_is_found_to_be_missing",
        || {
            let landlock = super::deny_files().unwrap();
            let enforced = super::probe(super::Guards {
                landlock,
                seccomp: false,
            });
            format!("{:?} {:?}", enforced.files, enforced.missing())
        },
    );
    assert!(
        ended
            .said
            .starts_with(r#"[Landlock] ["sockets", "processes""#),
        "{ended:?}"
    );
}

/// Other ways to come by a descriptor, to reach somebody, or to look into the machine.
const NEVER: &[(&str, c_long)] = &[
    ("accept4", libc::SYS_accept4),
    ("bpf", libc::SYS_bpf),
    ("dup3", libc::SYS_dup3),
    ("epoll_create1", libc::SYS_epoll_create1),
    ("epoll_ctl", libc::SYS_epoll_ctl),
    ("epoll_pwait", libc::SYS_epoll_pwait),
    ("eventfd2", libc::SYS_eventfd2),
    ("execveat", libc::SYS_execveat),
    ("getsockopt", libc::SYS_getsockopt),
    ("inotify_init1", libc::SYS_inotify_init1),
    ("io_setup", libc::SYS_io_setup),
    ("io_uring_setup", libc::SYS_io_uring_setup),
    ("keyctl", libc::SYS_keyctl),
    ("landlock_create_ruleset", libc::SYS_landlock_create_ruleset),
    ("memfd_secret", libc::SYS_memfd_secret),
    ("mlockall", libc::SYS_mlockall),
    ("mount", libc::SYS_mount),
    ("msgget", libc::SYS_msgget),
    ("name_to_handle_at", libc::SYS_name_to_handle_at),
    ("open_by_handle_at", libc::SYS_open_by_handle_at),
    ("openat2", libc::SYS_openat2),
    ("perf_event_open", libc::SYS_perf_event_open),
    ("personality", libc::SYS_personality),
    ("pidfd_getfd", libc::SYS_pidfd_getfd),
    ("pidfd_send_signal", libc::SYS_pidfd_send_signal),
    ("process_madvise", libc::SYS_process_madvise),
    ("process_vm_writev", libc::SYS_process_vm_writev),
    ("ptrace", libc::SYS_ptrace),
    ("recvfrom", libc::SYS_recvfrom),
    ("recvmsg", libc::SYS_recvmsg),
    ("rt_sigqueueinfo", libc::SYS_rt_sigqueueinfo),
    ("rt_tgsigqueueinfo", libc::SYS_rt_tgsigqueueinfo),
    ("sched_setscheduler", libc::SYS_sched_setscheduler),
    ("seccomp", libc::SYS_seccomp),
    ("sendmmsg", libc::SYS_sendmmsg),
    ("sendmsg", libc::SYS_sendmsg),
    ("sendto", libc::SYS_sendto),
    ("setitimer", libc::SYS_setitimer),
    ("setns", libc::SYS_setns),
    ("setsid", libc::SYS_setsid),
    ("setuid", libc::SYS_setuid),
    ("shmat", libc::SYS_shmat),
    ("shmget", libc::SYS_shmget),
    ("signalfd4", libc::SYS_signalfd4),
    ("splice", libc::SYS_splice),
    ("timer_create", libc::SYS_timer_create),
    ("timerfd_create", libc::SYS_timerfd_create),
    ("tkill", libc::SYS_tkill),
    ("unshare", libc::SYS_unshare),
    ("userfaultfd", libc::SYS_userfaultfd),
    ("vmsplice", libc::SYS_vmsplice),
    #[cfg(target_arch = "x86_64")]
    (
        "getpid of the x32 interface",
        0x4000_0000 | libc::SYS_getpid,
    ),
];

#[test]
fn no_other_system_call_is_let_through() {
    let ended = alone("denied::no_other_system_call_is_let_through", || {
        enter(b"");
        serve();
        let through = NEVER.iter().filter(|(_, number)| {
            let ended = call(*number, [-1; 3]).map_err(|error| error.raw_os_error());
            ended != Err(Some(libc::EPERM))
        });
        through.map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    });
    assert_eq!(ended, said(""));
}

/// Two ways to use the same socket, of which the second knows of flags and addresses.
#[test]
fn a_socket_is_written_and_read_but_not_sent_to_and_received_from() {
    let ended = alone(
        "denied::a_socket_is_written_and_read_but_not_sent_to_and_received_from",
        || {
            let (here, there) = UnixStream::pair().unwrap();
            prepare(MEMORY_BYTES, &[here.as_fd(), there.as_fd()]).unwrap();
            serve();
            let mut read = [0; 4];
            rustix::io::write(&here, b"ping").unwrap();
            rustix::io::read(&there, &mut read).unwrap();
            let sent = send(&here, b"x", SendFlags::OOB).unwrap_err();
            let received = recv(&there, &mut [0], RecvFlags::OOB).unwrap_err();
            format!(
                "{read:?} {} {}",
                sent.raw_os_error(),
                received.raw_os_error()
            )
        },
    );
    assert_eq!(ended, said("[112, 105, 110, 103] 1 1"));
}

/// Calls that are let through with some arguments only, and others than those.
const OTHERWISE: &[(&str, c_long, [c_long; 3])] = &[
    ("clock of a process", libc::SYS_clock_gettime, [-6, 0, 0]),
    ("clock of a device", libc::SYS_clock_getres, [12, 0, 0]),
    (
        "sleep by such a clock",
        libc::SYS_clock_nanosleep,
        [-6, 0, 0],
    ),
    (
        "cores of process 1",
        libc::SYS_sched_getaffinity,
        [1, 128, 0],
    ),
    ("barrier for all", libc::SYS_membarrier, [1, 0, 0]),
    ("barrier for some", libc::SYS_membarrier, [2, 0, 0]),
];

/// The same calls with arguments that they are needed with.
const AS_NEEDED: &[(&str, c_long, [c_long; 3])] = &[
    (
        "time of day",
        libc::SYS_clock_getres,
        [libc::CLOCK_REALTIME as c_long, 0, 0],
    ),
    (
        "atomic time",
        libc::SYS_clock_getres,
        [libc::CLOCK_TAI as c_long, 0, 0],
    ),
    ("barriers there are", libc::SYS_membarrier, [0, 0, 0]),
    ("register for them", libc::SYS_membarrier, [16, 0, 0]),
    ("own barrier", libc::SYS_membarrier, [8, 0, 0]),
];

#[test]
fn clocks_cores_and_barriers_are_a_worker_s_own() {
    let ended = alone(
        "denied::clocks_cores_and_barriers_are_a_worker_s_own",
        || {
            enter(b"");
            serve();
            let mut wrong = String::new();
            for (name, number, arguments) in OTHERWISE {
                let ended = call(*number, *arguments).map_err(|error| error.raw_os_error());
                if ended != Err(Some(libc::EPERM)) {
                    wrong.push_str(&format!("{name}: {ended:?}\n"));
                }
            }
            for (name, number, arguments) in AS_NEEDED {
                if let Err(error) = call(*number, *arguments) {
                    wrong.push_str(&format!("{name}: {error}\n"));
                }
            }
            wrong + &format!("{}", std::thread::available_parallelism().is_ok())
        },
    );
    assert_eq!(ended, said("true"));
}

/// By this interface numbers mean other calls, which no list could tell apart.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_call_by_the_interface_for_32_bits_ends_the_process() {
    let ended = alone(
        "denied::a_call_by_the_interface_for_32_bits_ends_the_process",
        || {
            enter(b"");
            // SAFETY: where it works it returns a number.
            unsafe { std::arch::asm!("int 0x80", inout("eax") 20 => _) };
            String::new()
        },
    );
    let died = Ended {
        code: None,
        signal: Some(libc::SIGSYS),
        said: String::new(),
    };
    assert_eq!(ended, died);
}
