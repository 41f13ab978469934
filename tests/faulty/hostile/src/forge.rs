//! Bytes on the socket to the host that no worker of its own would send.
//!
//! The layout of a frame is that of `host/src/connector/worker/frame.rs`, written here a second time: an attacker brings
//! a copy of its own.

use std::{iter, thread};

use crate::system;

/// So many descriptors are looked at.
const MAX_DESCRIPTORS: usize = 1024;

/// The numbers of the first calls of a host that would count them.
const FIRST_CALLS: u64 = 64;

/// Kinds of frames.
const HELLO: u8 = 1;
const READY: u8 = 16;
const REFUSED: u8 = 17;
const ANSWER: u8 = 18;
const HTTP: u8 = 20;

/// Sends the forgery of this name, if there is one, and says that it has.
pub(crate) fn forge(name: &str) -> Option<String> {
    let bytes = match name {
        "forge random bytes" => random(64 * 1024),
        "forge an endless frame" => {
            let promised = u32::MAX.to_le_bytes();
            [&promised[..], &random(4096)].concat()
        }
        "forge a truncated frame" => {
            let mut frame = answer(1);
            frame.truncate(frame.len() - 1);
            frame
        }
        "forge an empty frame" => 0_u32.to_le_bytes().to_vec(),
        "forge an unknown kind" => frame(99, 1, &[]),
        "forge a frame of the host" => frame(HELLO, 0, &[b"{}", b"{}"]),
        "forge a second opening" => frame(READY, 0, &[b"{}"]),
        "forge a part that is too long" => {
            let mut frame = answer(1);
            frame[17..21].copy_from_slice(&u32::MAX.to_le_bytes());
            frame
        }
        "forge answers to the next calls" => (1..=FIRST_CALLS).flat_map(answer).collect(),
        "forge answers to random calls" => some_numbers().take(64).flat_map(answer).collect(),
        "forge requests of other calls" => (1..=FIRST_CALLS).flat_map(request).collect(),
        "send descriptors" => return Some(send_descriptors()),
        _ => return None,
    };
    Some(send(&bytes))
}

/// Says in the worker's place that it does not serve, for a reason that nobody may read.
pub(crate) fn refuse(reason: &str) -> String {
    let refused = serde_json::json!({ "by": "worker", "code": 19, "message": reason });
    send(&frame(REFUSED, 0, &[refused.to_string().as_bytes()]))
}

/// Closes everything that is open.
pub(crate) fn close_all() {
    for descriptor in 3..MAX_DESCRIPTORS {
        // Most are not open.
        let _ = system::call(libc::SYS_close, [descriptor]);
    }
}

/// Ends both directions of every socket.
pub(crate) fn shut_all() {
    for socket in sockets() {
        let _ = system::call(libc::SYS_shutdown, [socket, libc::SHUT_RDWR as usize]);
    }
    // Where that is denied, the frames' thread is not disturbed, and this call is all that happens.
    thread::yield_now();
}

fn answer(call: u64) -> Vec<u8> {
    frame(ANSWER, call, &[br#"{"logId":"forged"}"#])
}

fn request(call: u64) -> Vec<u8> {
    let head = br#"{"method":"POST","url":"http://127.0.0.1:9/forged","headers":[]}"#;
    frame(HTTP, call, &[head, b"forged"])
}

/// Writes a frame about a call, with these parts.
fn frame(kind: u8, call: u64, parts: &[&[u8]]) -> Vec<u8> {
    let mut content = vec![kind];
    content.extend(call.to_le_bytes());
    let request = u32::from(kind == HTTP);
    content.extend(request.to_le_bytes());
    for part in parts {
        content.extend((part.len() as u32).to_le_bytes());
        content.extend_from_slice(part);
    }
    let length = (content.len() as u32).to_le_bytes();
    [&length[..], &content].concat()
}

/// Returns bytes that look like nothing, the same ones each time: a failure can be repeated.
fn random(n_bytes: usize) -> Vec<u8> {
    some_numbers()
        .flat_map(u64::to_le_bytes)
        .take(n_bytes)
        .collect()
}

/// Numbers all over the range, by splitmix64.
fn some_numbers() -> impl Iterator<Item = u64> {
    let seeds = iter::successors(Some(0x9e37_79b9_7f4a_7c15_u64), |seed| {
        Some(seed.wrapping_add(0x9e37_79b9_7f4a_7c15))
    });
    seeds.map(|seed| {
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// Finds the sockets: that to the host is neither stdin, stdout nor stderr.
fn sockets() -> Vec<usize> {
    let is_socket = |descriptor: &usize| {
        let (mut peer, mut length) = ([0_u8; 128], 128_u32);
        let (peer, length) = (peer.as_mut_ptr() as usize, &raw mut length as usize);
        // What cannot be asked may be one: then the bytes go there all the same.
        match system::call(libc::SYS_getpeername, [*descriptor, peer, length]) {
            Ok(_) => true,
            Err(error) => error.raw_os_error() == Some(libc::EPERM),
        }
    };
    (3..MAX_DESCRIPTORS).filter(is_socket).collect()
}

/// Writes bytes to whatever may be the socket.
fn send(bytes: &[u8]) -> String {
    let mut n_sent = 0;
    for socket in sockets() {
        let mut rest = bytes;
        while let Ok(n @ 1..) = system::call(
            libc::SYS_write,
            [socket, rest.as_ptr() as usize, rest.len()],
        ) {
            rest = &rest[n..];
            n_sent += n;
        }
    }
    format!("sent {n_sent} bytes")
}

/// Hands descriptors over, which a host would have to close.
fn send_descriptors() -> String {
    let byte = [0_u8];
    let part = libc::iovec {
        iov_base: byte.as_ptr().cast_mut().cast(),
        iov_len: 1,
    };
    // A control message of one descriptor, stderr: its length, level, kind, and the number.
    let mut control = [0_u64; 3];
    control[0] = 20;
    control[1] = u64::from(libc::SOL_SOCKET as u32) | (u64::from(libc::SCM_RIGHTS as u32) << 32);
    control[2] = 2;
    let mut message = [0_usize; 7];
    message[2] = &raw const part as usize;
    message[3] = 1;
    message[4] = control.as_ptr() as usize;
    message[5] = size_of_val(&control);
    let sent = sockets().into_iter().filter(|socket| {
        let message = message.as_ptr() as usize;
        system::call(libc::SYS_sendmsg, [*socket, message, 0]).is_ok()
    });
    format!("sent {}", sent.count())
}
