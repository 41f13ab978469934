//! What goes on working.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};
use std::{panic, thread};

use super::alone::{Ended, alone, said};
use super::{MEMORY_BYTES, enter, serve};

#[test]
fn threads_that_were_there_talk_wait_allocate_and_tell_the_time() {
    let ended = alone(
        "working::threads_that_were_there_talk_wait_allocate_and_tell_the_time",
        || {
            super::prepare(MEMORY_BYTES, &[]).unwrap();
            let (to, questions) = mpsc::channel::<Vec<u8>>();
            let (answers, from) = mpsc::channel();
            thread::spawn(move || {
                super::deny_files().unwrap();
                answers.send(0).unwrap();
                for question in questions {
                    answers.send(question.len()).unwrap();
                }
            });
            from.recv().unwrap();
            enter(b"");
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
        super::prepare(MEMORY_BYTES, &[from.as_fd(), to.as_fd()]).unwrap();
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
