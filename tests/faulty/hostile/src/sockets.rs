//! Ways to the network and to other processes of the machine, by system calls alone: a library that imports no function
//! of the network looks as if it had none.

use std::{io, net::SocketAddrV4};

use crate::{Attempt, system};

pub(crate) const ATTEMPTS: [(&str, Attempt); 8] = [
    ("connect-tcp", |settings| {
        with(libc::AF_INET, libc::SOCK_STREAM, |socket| {
            let address = internet(&settings.address)?;
            call_with(libc::SYS_connect, socket, &address)
        })
    }),
    ("listen-tcp", |_| {
        with(libc::AF_INET, libc::SOCK_STREAM, |socket| {
            call_with(libc::SYS_bind, socket, &internet("127.0.0.1:0")?)?;
            system::attempt(libc::SYS_listen, [socket, 1])
        })
    }),
    ("send-udp", |settings| {
        with(libc::AF_INET, libc::SOCK_DGRAM, |socket| {
            send_to(socket, &internet(&settings.address)?)
        })
    }),
    ("connect-unix", |_| {
        with(libc::AF_UNIX, libc::SOCK_STREAM, |socket| {
            call_with(libc::SYS_connect, socket, &local(b"/run/dbus/socket"))
        })
    }),
    ("make-unix", |_| {
        with(libc::AF_UNIX, libc::SOCK_DGRAM, |_| Ok(String::new()))
    }),
    ("make-pair", |_| make_pair()),
    ("make-netlink", |_| {
        with(libc::AF_NETLINK, libc::SOCK_RAW, |_| Ok(String::new()))
    }),
    ("make-vsock", |_| {
        with(libc::AF_VSOCK, libc::SOCK_STREAM, |_| Ok(String::new()))
    }),
];

/// Makes a socket, does something with it, and closes it.
fn with(
    family: i32,
    kind: i32,
    act: impl FnOnce(usize) -> io::Result<String>,
) -> io::Result<String> {
    let socket = system::call(libc::SYS_socket, [family as usize, kind as usize])?;
    let gain = act(socket);
    system::call(libc::SYS_close, [socket])?;
    gain
}

/// Makes a system call that takes a socket and an address.
fn call_with(number: libc::c_long, socket: usize, address: &[u8]) -> io::Result<String> {
    let pointer = address.as_ptr() as usize;
    system::attempt(number, [socket, pointer, address.len()])
}

fn send_to(socket: usize, address: &[u8]) -> io::Result<String> {
    let stolen = b"stolen";
    let (from, to) = (stolen.as_ptr() as usize, address.as_ptr() as usize);
    system::attempt(
        libc::SYS_sendto,
        [socket, from, stolen.len(), 0, to, address.len()],
    )
}

fn make_pair() -> io::Result<String> {
    let mut pair = [0_i32; 2];
    let (family, kind) = (libc::AF_UNIX as usize, libc::SOCK_STREAM as usize);
    system::call(
        libc::SYS_socketpair,
        [family, kind, 0, pair.as_mut_ptr() as usize],
    )?;
    for socket in pair {
        system::call(libc::SYS_close, [socket as usize])?;
    }
    Ok(String::new())
}

/// Writes a `sockaddr_in`.
fn internet(address: &str) -> io::Result<Vec<u8>> {
    let address: SocketAddrV4 = address.parse().map_err(io::Error::other)?;
    let mut bytes = (libc::AF_INET as u16).to_ne_bytes().to_vec();
    bytes.extend(address.port().to_be_bytes());
    bytes.extend(address.ip().octets());
    bytes.extend([0; 8]);
    Ok(bytes)
}

/// Writes a `sockaddr_un`.
fn local(path: &[u8]) -> Vec<u8> {
    let family = (libc::AF_UNIX as u16).to_ne_bytes();
    [&family, path, &[0]].concat()
}
