//! Ways to the network and to other processes of the machine.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};

use crate::{Attempt, Settings, system};

pub(crate) const ATTEMPTS: [(&str, Attempt); 8] = [
    ("connect-tcp", connect_tcp),
    ("listen-tcp", |_| {
        TcpListener::bind("127.0.0.1:0").map(|_| String::new())
    }),
    ("send-udp", send_udp),
    ("connect-unix", |_| {
        UnixStream::connect("/run/hostile-nobody").map(|_| String::new())
    }),
    ("make-unix", |_| {
        UnixDatagram::unbound().map(|_| String::new())
    }),
    ("make-pair", |_| UnixStream::pair().map(|_| String::new())),
    ("make-netlink", |_| make(libc::AF_NETLINK, libc::SOCK_RAW)),
    ("make-vsock", |_| make(libc::AF_VSOCK, libc::SOCK_STREAM)),
];

fn connect_tcp(settings: &Settings) -> io::Result<String> {
    let mut stream = TcpStream::connect(&settings.address)?;
    stream.write_all(b"GET /stolen HTTP/1.1\r\nhost: crm\r\nconnection: close\r\n\r\n")?;
    Ok(String::new())
}

fn send_udp(settings: &Settings) -> io::Result<String> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.send_to(b"stolen", &settings.address)?;
    Ok(String::new())
}

fn make(family: i32, kind: i32) -> io::Result<String> {
    let socket = system::call(libc::SYS_socket, [family as usize, kind as usize])?;
    system::attempt(libc::SYS_close, [socket])
}
