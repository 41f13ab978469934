//! What goes on working.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::ptr::null_mut;
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant, SystemTime};
use std::{panic, thread};

use super::alone::{Ended, alone, said};
use super::{MEMORY_BYTES, begin_to_load, deny_files, enter, prepare, serve};

#[test]
fn threads_that_were_there_talk_wait_allocate_and_tell_the_time() {
    let ended = alone(
        "working::threads_that_were_there_talk_wait_allocate_and_tell_the_time",
        || {
            prepare(MEMORY_BYTES, &[]).unwrap();
            let (to, questions) = mpsc::channel::<Vec<u8>>();
            let (answers, from) = mpsc::channel();
            thread::spawn(move || {
                deny_files().unwrap();
                answers.send(0).unwrap();
                for question in questions {
                    answers.send(question.len()).unwrap();
                }
            });
            from.recv().unwrap();
            begin_to_load(b"");
            serve();
            to.send(vec![1; 50 << 20]).unwrap();
            let length = from.recv().unwrap();
            let before = Instant::now();
            thread::sleep(Duration::from_millis(2));
            let has_passed = before.elapsed() >= Duration::from_millis(2);
            let is_late = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() > 1_700_000_000;
            let map: HashMap<_, _> = [(1, 2)].into();
            format!("{length} {has_passed} {is_late} {}", map[&1])
        },
    );
    assert_eq!(ended, said("52428800 true true 2"));
}

#[test]
fn a_pipe_that_was_kept_is_written_and_read() {
    let ended = alone("working::a_pipe_that_was_kept_is_written_and_read", || {
        use std::os::fd::AsFd;
        let (mut from, mut to) = std::io::pipe().unwrap();
        prepare(MEMORY_BYTES, &[from.as_fd(), to.as_fd()]).unwrap();
        serve();
        to.write_all(b"through").unwrap();
        drop(to);
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    });
    assert_eq!(ended, said("through"));
}

#[test]
fn a_panic_is_caught() {
    let ended = alone("working::a_panic_is_caught", || {
        enter(b"");
        serve();
        panic::set_hook(Box::new(|_| {}));
        format!("{}", panic::catch_unwind(|| panic!("caught")).is_err())
    });
    assert_eq!(ended, said("true"));
}

#[test]
fn an_allocation_beyond_the_limit_ends_the_process() {
    let ended = alone(
        "working::an_allocation_beyond_the_limit_ends_the_process",
        || {
            enter(b"");
            serve();
            let mut kept = Vec::new();
            for _ in 0..MEMORY_BYTES >> 20 {
                kept.push(vec![1_u8; 1 << 20]);
            }
            format!("{} MB", kept.len())
        },
    );
    let said = "memory allocation of 1048576 bytes failed\n".to_owned();
    assert_eq!(
        (ended.code, ended.signal),
        (None, Some(libc::SIGABRT)),
        "{ended:?}"
    );
    assert!(ended.said.contains(&said), "{ended:?}");
}

/// The kernel's tables of 64 TB that were read once would take 128 GB.
#[test]
fn addresses_without_memory_have_a_bound_as_well() {
    fn reserve(size: usize) -> bool {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: the kernel chooses a free place.
        let place = unsafe { libc::mmap(null_mut(), size, libc::PROT_READ, flags, -1, 0) };
        place != libc::MAP_FAILED
    }
    let ended = alone(
        "working::addresses_without_memory_have_a_bound_as_well",
        || {
            let before = reserve(64 << 40);
            prepare(MEMORY_BYTES, &[]).unwrap();
            format!("{before} {} {}", reserve(15 << 30), reserve(17 << 30))
        },
    );
    assert_eq!(ended, said("true true false"));
}

/// As a worker has one: its threads deny themselves files at their start, which main waits for.
#[test]
fn a_runtime_that_was_started_before_polls_and_keeps_time() {
    let ended = alone(
        "working::a_runtime_that_was_started_before_polls_and_keeps_time",
        || {
            const N_THREADS: usize = 3;
            prepare(MEMORY_BYTES, &[]).unwrap();
            let ready = Arc::new(Barrier::new(N_THREADS + 1));
            let started = Arc::clone(&ready);
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(N_THREADS)
                .on_thread_start(move || {
                    deny_files().unwrap();
                    started.wait();
                })
                .enable_time()
                .build()
                .unwrap();
            ready.wait();
            begin_to_load(b"");
            serve();
            let tasks = (0..100).map(|number| {
                runtime.spawn(async move {
                    tokio::time::sleep(Duration::from_millis(number % 3)).await;
                    std::fs::File::open("/etc/passwd").is_err()
                })
            });
            let tasks = futures_util::future::join_all(tasks.collect::<Vec<_>>());
            let ended = runtime.block_on(tasks);
            let n_denied = ended.into_iter().filter(|task| *task.as_ref().unwrap());
            format!("{}", n_denied.count())
        },
    );
    assert_eq!(ended, said("100"));
}

#[test]
fn abort_is_a_signal_to_oneself() {
    let ended = alone("working::abort_is_a_signal_to_oneself", || {
        enter(b"");
        serve();
        std::process::abort()
    });
    let died = Ended {
        code: None,
        signal: Some(libc::SIGABRT),
        said: String::new(),
    };
    assert_eq!(ended, died);
}
