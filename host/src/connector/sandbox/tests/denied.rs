//! What is denied.

use std::ffi::c_long;

use super::alone::{Ended, alone, said};
use super::deeds::{all, call, do_all};
use super::{enter, serve};

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
    ("recvmsg", libc::SYS_recvmsg),
    ("rt_sigqueueinfo", libc::SYS_rt_sigqueueinfo),
    ("rt_tgsigqueueinfo", libc::SYS_rt_tgsigqueueinfo),
    ("sched_setscheduler", libc::SYS_sched_setscheduler),
    ("seccomp", libc::SYS_seccomp),
    ("sendmmsg", libc::SYS_sendmmsg),
    ("sendmsg", libc::SYS_sendmsg),
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

/// A socket can be written to, not sent from to an address.
#[test]
fn a_socket_is_used_without_an_address_only() {
    let ended = alone("denied::a_socket_is_used_without_an_address_only", || {
        use std::io::{Read, Write};
        let (mut here, mut there) = std::os::unix::net::UnixStream::pair().unwrap();
        let unconnected = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let keep = [
            std::os::fd::AsFd::as_fd(&here),
            std::os::fd::AsFd::as_fd(&there),
            std::os::fd::AsFd::as_fd(&unconnected),
        ];
        super::prepare(super::MEMORY_BYTES, &keep).unwrap();
        serve();
        here.write_all(b"ping").unwrap();
        let mut read = [0; 4];
        there.read_exact(&mut read).unwrap();
        let sent = unconnected.send_to(b"x", "127.0.0.1:9");
        format!("{read:?} {:?}", sent.unwrap_err().raw_os_error())
    });
    assert_eq!(ended, said("[112, 105, 110, 103] Some(1)"));
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
