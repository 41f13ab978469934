//! The program, started as a person would.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{
    fs,
    io::{BufRead, BufReader, Lines, Read, Write},
    net::TcpStream,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

/// A running program that is ended with the test.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mock-crm"));
        let mut child = command.args(args).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    #[cfg(unix)]
    fn interrupt(&mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn post(url: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let head = "POST /activities HTTP/1.1\r\nhost: x\r\nauthorization: t\r\nconnection: close";
    write!(
        stream,
        "{head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_url_comes_first_and_then_what_happens() {
    let mut program = Program::start(&[]);
    let url = program.line();
    let answer = post(&url, r#"{"contact":"7"}"#);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(program.line(), "received POST /activities (15 bytes)");
    assert_eq!(program.line(), "stored act-1 by POST /activities");
}

#[test]
fn told_to_fail_it_stores_nothing() {
    let mut program = Program::start(&["--fail", "503", "--delay-ms", "1"]);
    let url = program.line();
    let answer = post(&url, "{}");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    post(&url, "");
    assert_eq!(program.line(), "received POST /activities (2 bytes)");
    assert_eq!(program.line(), "received POST /activities (0 bytes)");
}

#[test]
fn with_tls_it_writes_its_ca_before_it_prints_the_url() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let mut program = Program::start(&["--tls", "--ca-out", ca_file.to_str().unwrap()]);
    let url = program.line();
    assert!(url.starts_with("https://localhost:"), "{url}");
    let pem = fs::read_to_string(ca_file).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it() {
    let mut program = Program::start(&[]);
    program.line();
    let status = program.interrupt();
    assert!(status.success(), "{status}");
}
