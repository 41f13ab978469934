//! Limits, descriptors, and the end of a worker.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, dumpable_behavior, getppid, getrlimit,
    parent_process_death_signal, setrlimit,
};
use rustix::thread::{capabilities, no_new_privs};

use super::alone::{alone, said};
use super::{MEMORY_BYTES, die_with, exit_at_once, prepare};

#[test]
fn only_the_given_descriptors_stay_open() {
    let ended = alone("processes::only_the_given_descriptors_stay_open", || {
        let kept = rustix::io::fcntl_dupfd_cloexec(File::open("/dev/null").unwrap(), 900).unwrap();
        // Inherited, so nobody here owns it.
        let _ = File::open("/etc/passwd").unwrap().into_raw_fd();
        prepare(MEMORY_BYTES, &[kept.as_fd()]).unwrap();
        let own = File::open("/proc/self/fd").unwrap();
        let list = std::fs::read_dir("/proc/self/fd").unwrap();
        let mut open: Vec<i32> = list
            .map(|entry| {
                entry
                    .unwrap()
                    .file_name()
                    .to_str()
                    .unwrap()
                    .parse()
                    .unwrap()
            })
            .collect();
        open.sort_unstable();
        format!("{} {open:?}", own.as_raw_fd())
    });
    // 3 and 4 are open while the list is read.
    assert_eq!(ended, said("3 [0, 1, 2, 3, 4, 900]"));
}

#[test]
fn rights_and_limits_are_gone() {
    let ended = alone("processes::rights_and_limits_are_gone", || {
        prepare(MEMORY_BYTES, &[]).unwrap();
        let limits = LIMITS.map(|resource| {
            let limit = getrlimit(resource);
            (limit.current, limit.maximum)
        });
        let rights = capabilities(None).unwrap();
        assert!(no_new_privs().unwrap());
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert!(rights.effective.is_empty() && rights.permitted.is_empty());
        format!("{limits:?}")
    });
    let expected = "[(Some(0), Some(0)), (Some(64), Some(64)), (Some(268435456), Some(268435456)), (Some(8388608), \
                    Some(8388608))]";
    assert_eq!(ended, said(expected));
}

/// As a service manager may have set them.
#[test]
fn lower_limits_that_were_there_before_stay() {
    let ended = alone(
        "processes::lower_limits_that_were_there_before_stay",
        || {
            let lower = [0, 40, 100 << 20, 4 << 20, 3 << 30];
            let all = LIMITS.into_iter().chain([Resource::As]);
            for (resource, maximum) in all.clone().zip(lower) {
                let limit = Rlimit {
                    current: Some(maximum / 2),
                    maximum: Some(maximum),
                };
                setrlimit(resource, limit).unwrap();
            }
            prepare(MEMORY_BYTES, &[]).unwrap();
            let limits = all.map(|resource| getrlimit(resource).current.unwrap());
            assert!(limits.eq(lower));
            String::new()
        },
    );
    assert_eq!(ended, said(""));
}

const LIMITS: [Resource; 4] = [
    Resource::Core,
    Resource::Nofile,
    Resource::Data,
    Resource::Stack,
];

#[test]
fn a_worker_whose_parent_is_another_does_not_begin() {
    let ended = alone(
        "processes::a_worker_whose_parent_is_another_does_not_begin",
        || {
            let refused = die_with(Pid::from_raw(i32::MAX).unwrap()).unwrap_err();
            die_with(getppid().unwrap()).unwrap();
            // What `prepare` gives up must not take the signal along.
            prepare(MEMORY_BYTES, &[]).unwrap();
            let signal = parent_process_death_signal().unwrap();
            format!("{refused}, {}", signal == Some(Signal::KILL))
        },
    );
    assert_eq!(ended, said("the host has ended, true"));
}

/// This test is the grandparent: it starts a host, which starts a worker, and kills the host.
#[test]
fn a_worker_dies_with_its_host() {
    match std::env::var(ROLE).as_deref() {
        Ok("host") => {
            start("worker").spawn().unwrap().wait().unwrap();
        }
        Ok(_) => {
            die_with(getppid().unwrap()).unwrap();
            prepare(MEMORY_BYTES, &[]).unwrap();
            eprint!("ready");
            // Longer than anybody waits: it is the signal that ends it.
            thread::sleep(Duration::from_secs(20));
            eprint!(", outlived");
        }
        Err(_) => {
            let mut host = start("host");
            host.stdout(Stdio::null()).stderr(Stdio::piped());
            let mut host = host.spawn().unwrap();
            let mut stderr = host.stderr.take().unwrap();
            let mut said = [0; 5];
            stderr.read_exact(&mut said).unwrap();
            host.kill().unwrap();
            let mut rest = String::new();
            // It ends when both have.
            stderr.read_to_string(&mut rest).unwrap();
            host.wait().unwrap();
            assert_eq!((&said, rest.as_str()), (b"ready", ""));
        }
    }
}

const ROLE: &str = "SWITCHBOARD_TEST_ROLE";

fn start(role: &str) -> Command {
    const NAME: &str = "connector::sandbox::tests::processes::a_worker_dies_with_its_host";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([NAME, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).stdin(Stdio::null());
    command
}

extern "C" fn say_goodbye() {
    let _ = rustix::io::write(std::io::stderr(), b"goodbye");
}

#[test]
fn no_exit_handler_runs_at_a_worker_s_end() {
    let ended = alone("processes::no_exit_handler_runs_at_a_worker_s_end", || {
        // SAFETY: the handler stays where it is.
        unsafe { libc::atexit(say_goodbye) };
        exit_at_once(7)
    });
    assert_eq!((ended.code, ended.said.as_str()), (Some(7), ""));
}
