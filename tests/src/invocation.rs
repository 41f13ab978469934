//! Runs a program with a time limit that holds.

use std::{
    env,
    ffi::OsStr,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};

use crate::{Output, guarded::Guarded};

/// What a program needs to run at all; everything else would make a test depend on who starts it.
const KEPT_VARIABLES: [&str; 2] = ["PATH", "SystemRoot"];

/// How long the last output of a killed program is waited for.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A program that is about to run, without input, proxies or any other environment of the caller's.
pub struct Invocation {
    command: Command,
    stdin: Vec<u8>,
    timeout: Duration,
    guarded: Guarded,
}

/// A running program. It is killed when dropped.
pub struct Running {
    child: Child,
    name: String,
    stdout: Arc<Heard>,
    stderr: Arc<Heard>,
    deadline: Instant,
    timeout: Duration,
    guarded: Guarded,
}

impl Invocation {
    pub(crate) fn new(mut command: Command, guarded: Guarded) -> Self {
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
            guarded,
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
    /// Its output or the ledger contains a guarded text.
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
            guarded: self.guarded,
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

    /// Returns the program's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the program has ended, as far as its stdout shows.
    pub fn has_ended(&self) -> bool {
        let said = self.stdout.said.lock();
        said.unwrap_or_else(PoisonError::into_inner).is_closed
    }

    /// Waits until the program has written a whole line with this text on stderr, and returns the first.
    ///
    /// # Errors
    ///
    /// It ended, or its time was over, without saying so; the message shows what it said instead.
    pub fn until_stderr(&self, text: &str) -> Result<String> {
        let line_of = |said: &Said| {
            let said = String::from_utf8_lossy(&said.bytes).into_owned();
            let mut whole = said
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            let found = whole.find(|line| line.contains(text));
            found.map(|line| line.trim_end().to_owned())
        };
        let said = self.stderr.wait(self.deadline, |said| {
            said.is_closed || line_of(said).is_some()
        });
        line_of(&said).with_context(|| format!("{} never said {text:?}, only {said:?}", self.name))
    }

    /// Waits for the program's end.
    ///
    /// The end shows when both outputs are closed, so processes that it started have to be gone, too.
    ///
    /// # Errors and panics
    ///
    /// As [`Invocation::run`].
    pub fn finish(mut self) -> Result<Output> {
        let stdout = self.stdout.wait(self.deadline, |said| said.is_closed);
        let stderr = self.stderr.wait(self.deadline, |said| said.is_closed);
        if !(stdout.is_closed && stderr.is_closed) {
            return Err(self.kill());
        }
        let status = self
            .child
            .wait()
            .with_context(|| format!("cannot wait for {}", self.name))?;
        let output = Output {
            stdout: stdout.into_text(),
            stderr: stderr.into_text(),
            code: status.code(),
            signal: signal_of(status),
        };
        self.guarded.assert_nowhere(&output);
        Ok(output)
    }

    /// Kills the program and returns what it had said by then.
    fn kill(&mut self) -> anyhow::Error {
        if let Err(error) = self.child.kill() {
            return anyhow!(error).context(format!("cannot kill {}", self.name));
        }
        let end = Instant::now() + LAST_WORDS;
        let last_words = |stream: &Heard| {
            let said = stream.wait(end, |said| said.is_closed);
            let held_open = if said.is_closed {
                ""
            } else {
                "(held open by another process)"
            };
            said.into_text() + held_open
        };
        let output = Output {
            stdout: last_words(&self.stdout),
            stderr: last_words(&self.stderr),
            code: None,
            signal: None,
        };
        self.guarded.assert_nowhere(&output);
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

/// What a stream has said, and will.
#[derive(Default)]
struct Heard {
    said: Mutex<Said>,
    grown: Condvar,
}

/// What a stream has said so far.
#[derive(Debug, Clone, Default)]
struct Said {
    bytes: Vec<u8>,
    is_closed: bool,
}

impl Said {
    fn into_text(self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Heard {
    /// Waits until what was said is enough, at most until the deadline, and returns it.
    fn wait(&self, deadline: Instant, is_enough: impl Fn(&Said) -> bool) -> Said {
        let limit = deadline.saturating_duration_since(Instant::now());
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .grown
            .wait_timeout_while(said, limit, |said| !is_enough(said));
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn note(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner));
        self.grown.notify_all();
    }
}

/// Reads a stream to its end, on a thread of its own.
fn collect(mut stream: impl Read + Send + 'static) -> Arc<Heard> {
    let heard = Arc::new(Heard::default());
    let writer = Arc::clone(&heard);
    thread::spawn(move || {
        let mut chunk = [0; 4096];
        // What came before an error is all there is.
        while let Ok(n @ 1..) = stream.read(&mut chunk) {
            writer.note(|said| said.bytes.extend_from_slice(&chunk[..n]));
        }
        writer.note(|said| said.is_closed = true);
    });
    heard
}

#[cfg(unix)]
fn signal_of(status: std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_status: std::process::ExitStatus) -> Option<i32> {
    None
}
