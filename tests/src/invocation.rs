//! Runs a program with a time limit that holds.

use std::{
    env,
    ffi::OsStr,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};

use crate::Output;

/// What a program needs to run at all; everything else would make a test depend on who starts it.
const KEPT_VARIABLES: [&str; 2] = ["PATH", "SystemRoot"];

/// How long the last output of a killed program is waited for.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A program that is about to run, without input, proxies or any other environment of the caller's.
pub struct Invocation {
    command: Command,
    stdin: Vec<u8>,
    timeout: Duration,
    secrets: Vec<String>,
}

/// A running program. It is killed when dropped.
pub struct Running {
    child: Child,
    name: String,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
    deadline: Instant,
    timeout: Duration,
    secrets: Vec<String>,
}

impl Invocation {
    pub(crate) fn new(mut command: Command, secrets: Vec<String>) -> Self {
        let kept = KEPT_VARIABLES.map(|name| (name, env::var_os(name)));
        command.env_clear();
        for (name, value) in kept {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        Self {
            command,
            stdin: Vec::new(),
            timeout: Duration::from_secs(60),
            secrets,
        }
    }

    /// Sets a variable of the program's environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives the program this input, then the end of it.
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.stdin = input.into();
        self
    }

    /// Kills the program after that time instead of a minute.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs the program to its end.
    ///
    /// # Errors
    ///
    /// It cannot be started, or had to be killed for taking too long.
    ///
    /// # Panics
    ///
    /// Its output contains a guarded text.
    pub fn run(self) -> Result<Output> {
        self.start()?.finish()
    }

    /// Starts the program and lets it run.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn start(mut self) -> Result<Running> {
        let name = self.command.get_program().to_string_lossy().into_owned();
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let mut stdin = child.stdin.take().context("stdin was not piped")?;
        let stdout = child.stdout.take().context("stdout was not piped")?;
        let stderr = child.stderr.take().context("stderr was not piped")?;
        thread::spawn(move || {
            // A program may end without having read everything.
            let _ = stdin.write_all(&self.stdin);
        });
        Ok(Running {
            child,
            name,
            stdout: collect(stdout),
            stderr: collect(stderr),
            deadline: Instant::now() + self.timeout,
            timeout: self.timeout,
            secrets: self.secrets,
        })
    }
}

impl Running {
    /// Sends a signal, e.g. `Signal::INT`.
    ///
    /// # Errors
    ///
    /// The program has ended and was waited for.
    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) -> Result<()> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal)
            .with_context(|| format!("cannot send a signal to {}", self.name))
    }

    /// Waits for the program's end.
    ///
    /// The end shows when both outputs are closed, so processes that it started have to be gone, too.
    ///
    /// # Errors and panics
    ///
    /// As [`Invocation::run`].
    pub fn finish(mut self) -> Result<Output> {
        let limit = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        let stdout = self.stdout.recv_timeout(limit(self.deadline));
        let stderr = self.stderr.recv_timeout(limit(self.deadline));
        let (Ok(out), Ok(err)) = (&stdout, &stderr) else {
            return Err(self.kill(stdout.ok(), stderr.ok()));
        };
        let status = self
            .child
            .wait()
            .with_context(|| format!("cannot wait for {}", self.name))?;
        let output = Output {
            stdout: String::from_utf8_lossy(out).into_owned(),
            stderr: String::from_utf8_lossy(err).into_owned(),
            code: status.code(),
            signal: signal_of(status),
        };
        output.assert_no_secrets(&self.secrets);
        Ok(output)
    }

    /// Kills the program and returns what it had said by then.
    fn kill(&mut self, stdout: Option<Vec<u8>>, stderr: Option<Vec<u8>>) -> anyhow::Error {
        if let Err(error) = self.child.kill() {
            return anyhow!(error).context(format!("cannot kill {}", self.name));
        }
        let last_words = |found: Option<Vec<u8>>, rest: &Receiver<Vec<u8>>| {
            let bytes = found.or_else(|| rest.recv_timeout(LAST_WORDS).ok());
            let held_open = || b"(held open by another process)".to_vec();
            String::from_utf8_lossy(&bytes.unwrap_or_else(held_open)).into_owned()
        };
        let output = Output {
            stdout: last_words(stdout, &self.stdout),
            stderr: last_words(stderr, &self.stderr),
            code: None,
            signal: None,
        };
        output.assert_no_secrets(&self.secrets);
        let (name, timeout) = (&self.name, self.timeout);
        anyhow!("{name} was still running after {timeout:?} and was killed: {output:#?}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both do nothing for a program that was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads everything on a thread of its own and sends it when the stream is closed.
fn collect(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is all there is; nobody may be waiting for it any more.
        let _ = stream.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

#[cfg(unix)]
fn signal_of(status: std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_status: std::process::ExitStatus) -> Option<i32> {
    None
}
