//! Deeds that the sandbox denies.

use std::net::{TcpListener, UdpSocket};

use super::siege::{HOST, Siege, WORKER, add_hostile, stage};

/// What any connector in the host's own process may do, and none in a worker.
const DENIED: [&str; 30] = [
    "open-passwd",
    "list-proc",
    "list-root",
    "read-own-memory-map",
    "read-parent-environment",
    "read-parent-arguments",
    "look-at-file",
    "change-folder",
    "write-file",
    "connect-tcp",
    "listen-tcp",
    "send-udp",
    "make-unix",
    "make-pair",
    "make-netlink",
    "fork",
    "run-shell",
    "start-thread",
    "find-parent",
    "find-everybody",
    "find-parent-thread",
    "find-parent-thread-by-id",
    "queue-to-parent",
    "point-at-parent",
    "own-descriptor-by-parent",
    "map-code",
    "turn-into-code",
    "make-file-in-memory",
    "take-shared-memory",
    "take-stack-memory",
];

/// What would harm a host, or what systems deny to some users, or know only in part.
const DENIED_WITHOUT_CONTROL: [&str; 17] = [
    "connect-unix",
    "make-vsock",
    "become-shell",
    "leave-session",
    "end-parent",
    "read-parent-memory",
    "open-parent-memory",
    "trace-parent",
    "turn-into-code-by-key",
    "share-memory",
    "watch-page-faults",
    "raise-memory-limit",
    "limit-parent",
    "outlive-parent",
    "become-dumpable",
    "use-io-uring",
    "take-parent-descriptor",
];

/// Whether a deed came to nothing since it was refused.
pub fn is_denied(gain: &str) -> bool {
    matches!(gain, "denied: EPERM" | "denied: EACCES")
}

/// Starts a siege of a hostile CRM that knows somebody to connect to.
fn siege(isolation: &str, listener: &TcpListener) -> Siege {
    let stage = stage();
    let address = listener.local_addr().unwrap().to_string();
    add_hostile(&stage, isolation, "hostile", "", &[("address", &address)]);
    Siege::begin(stage)
}

#[test]
fn what_a_connector_may_do_in_the_host_is_denied_to_one_in_a_worker() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let in_host = siege(HOST, &listener);
    for deed in DENIED {
        let gain = in_host.gain("hostile", deed);
        assert!(gain.starts_with("done"), "in the host {deed} is {gain}");
    }
    in_host.end();
    // The one connection that was made is that of the control.
    listener.accept().unwrap();
    listener.set_nonblocking(true).unwrap();

    let in_worker = siege(WORKER, &listener);
    let allowed: Vec<_> = DENIED
        .iter()
        .chain(&DENIED_WITHOUT_CONTROL)
        .map(|deed| (deed, in_worker.gain("hostile", deed)))
        .filter(|(_, gain)| !is_denied(gain))
        .collect();
    assert_eq!(allowed, []);
    in_worker.end();
    let connected = listener.accept().unwrap_err();
    assert_eq!(connected.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn no_datagram_leaves_a_worker() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let received = |isolation| {
        let stage = stage();
        add_hostile(&stage, isolation, "hostile", "", &[("address", &address)]);
        let siege = Siege::begin(stage);
        siege.deed("hostile", "send-udp");
        siege.end();
        let mut datagram = [0; 16];
        socket.set_nonblocking(true).unwrap();
        socket.recv(&mut datagram).is_ok()
    };
    assert!(received(HOST));
    assert!(!received(WORKER));
}

/// Numbers of the system calls that the kernel does something about whatever their arguments: reading and writing what
/// is open, memory, locks, and what a process may ask of itself.
#[cfg(target_arch = "x86_64")]
const ANSWERED: &str = "0 1 3 5 7 11 12 13 14 19 20 24 25 28 35 39 63 96 99 102 104 107 108 110 131 186 201 202 271 273 \
                        309 318 334";

#[test]
#[cfg(target_arch = "x86_64")]
fn the_kernel_answers_a_worker_these_system_calls_and_no_other() {
    let siege = Siege::of(&["hostile"]);
    assert_eq!(siege.gain("hostile", "sweep"), ANSWERED);
    siege.log("hostile");
    siege.end();
}
