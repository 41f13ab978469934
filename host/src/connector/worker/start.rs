//! Starts a worker and waits until its connector is open.

use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use switchboard_abi::RawFault;
use switchboard_connector_sdk::Fault;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::pipe;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::frame::{Incoming, OPENING, PROTOCOL, ToHost, ToWorker, TooLong};
use super::hello::{Hello, Ready, Refused, RefusedBy};
use super::link::{Broken, Link};
use super::outbox::Outbox;
use super::process::{Process, hand_over};
use super::stderr;
use crate::connector::opening::{OPEN_TIMEOUT, OpenError, shown, too_slow};
use crate::connector::sandbox::Enforced;
use crate::connector::services::{CallLog, LogSink, highest_level};
use crate::loader::Checked;

/// How long a start may take in all. The time to open a connector is a part of it.
const START_TIMEOUT: Duration = Duration::from_secs(15);

/// What it takes to start a connector's worker, any number of times.
pub(in crate::connector) struct Recipe {
    /// The program that is started.
    pub(in crate::connector) program: PathBuf,
    pub(in crate::connector) library: Checked,
    pub(in crate::connector) crm: String,
    /// The JSON that the connector is opened with.
    pub(in crate::connector) open_input: Zeroizing<Vec<u8>>,
    /// What it may allocate, in bytes.
    pub(in crate::connector) memory: u64,
    /// Whether it may only run in a whole sandbox.
    pub(in crate::connector) sandbox_required: bool,
    pub(in crate::connector) log: LogSink,
}

/// A worker whose connector is open.
pub(super) struct Started {
    pub(super) link: Arc<Link>,
    pub(super) process: Arc<Process>,
    pub(super) enforced: Enforced,
    /// What is still to be read.
    pub(super) socket: OwnedReadHalf,
    pub(super) incoming: Incoming,
}

/// Why there is no worker.
pub(super) enum StartError {
    /// Another start would end in the same way.
    Refused(OpenError),
    /// The worker says that it cannot serve.
    Unready(OpenError),
    /// The worker did not get its connector open: it ended, or took too long.
    Failed(String),
    /// The host could not start it, which is no fault of the connector's.
    Unable(String),
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Unable(format!("its process cannot be started: {error}"))
    }
}

impl Recipe {
    /// Starts a worker. Must be called within the runtime on which its frames are to be read.
    pub(super) async fn start_in_time(&self) -> Result<Started, StartError> {
        // Whatever it hangs in: the time to open a connector is a part of it.
        let started = timeout(START_TIMEOUT, self.start()).await;
        let too_slow = || StartError::Unable("its process did not start in time".to_owned());
        started.map_err(|_| too_slow())?
    }

    async fn start(&self) -> Result<Started, StartError> {
        let (process, ends) = Process::start(&self.program, &self.crm).await?;
        let library = self.library.hand_over();
        let library = library.map_err(|error| StartError::Unable(error.to_string()))?;
        hand_over(&ends.socket, library.as_fd())?;
        ends.socket.set_nonblocking(true)?;
        let (socket, sender) = UnixStream::from_std(ends.socket)?.into_split();
        let link = Arc::new(Link::new(Outbox::new(sender)));
        let stderr = pipe::Receiver::from_owned_fd(ends.stderr)?;
        let lines = stderr::keep_logging(stderr, self.log.clone(), Arc::clone(&link));
        // Detached: it ends with the worker.
        drop(tokio::spawn(lines));
        self.greet(&link)?;
        let opening = Opening {
            socket,
            incoming: Incoming::default(),
        };
        self.wait_until_open(link, Arc::new(process), opening).await
    }

    fn greet(&self, link: &Link) -> Result<(), StartError> {
        let hello = Hello {
            protocol: PROTOCOL,
            parent: i32::try_from(std::process::id()).unwrap_or_default(),
            library: self.library.path().display().to_string(),
            memory: self.memory,
            sandbox_required: self.sandbox_required,
            log_level: highest_level(),
        };
        let hello = serde_json::to_vec(&hello).map_err(io::Error::from)?;
        let frame = ToWorker::Hello {
            hello,
            open_input: self.open_input.to_vec(),
        };
        let frame = frame.write();
        let too_long =
            |TooLong| StartError::Unable("its settings are longer than 32 MiB".to_owned());
        link.outbox.send(frame.map_err(too_long)?, None);
        Ok(())
    }

    async fn wait_until_open(
        &self,
        link: Arc<Link>,
        process: Arc<Process>,
        mut opening: Opening,
    ) -> Result<Started, StartError> {
        let log = CallLog::new(self.log.clone(), String::new());
        let opened = tokio::select! {
            biased;
            opened = timeout(OPEN_TIMEOUT, opening.end(&log)) => opened,
            () = link.keep_writing() => Ok(Err(Broken::Closed)),
        };
        log.close();
        let words = match opened {
            Ok(Ok(Opened::Ready(Ready { enforced }))) => {
                let Opening { socket, incoming } = opening;
                return Ok(Started {
                    link,
                    process,
                    enforced,
                    socket,
                    incoming,
                });
            }
            Ok(Ok(Opened::Refused(refused))) => return Err(self.refused(&refused)),
            Ok(Err(Broken::Closed)) => None,
            Ok(Err(broken)) => Some(broken.to_string()),
            Err(_) => Some(too_slow()),
        };
        process.kill();
        let ended = process.ended().await.unwrap_or_default();
        let words = words.unwrap_or_else(|| format!("its process {ended}"));
        Err(StartError::Failed(words))
    }

    fn refused(&self, refused: &Refused) -> StartError {
        let fault = Fault::from(RawFault {
            code: refused.code,
            retry_after_ms: 0,
            message: refused.message.as_str().into(),
            detail: Vec::new().into(),
        });
        match refused.by {
            RefusedBy::Connector => {
                let path = self.library.path();
                StartError::Refused(OpenError::refused(path, &self.crm, &fault, &self.log))
            }
            // Another start may have better luck. A connector can speak in its worker's place, too.
            RefusedBy::Worker => StartError::Unready(self.error(shown(fault.message(), &self.log))),
        }
    }

    pub(super) fn error(&self, reason: String) -> OpenError {
        OpenError::new(self.library.path(), &self.crm, reason)
    }
}

/// A worker that has not said yet whether its connector is open.
struct Opening {
    socket: OwnedReadHalf,
    incoming: Incoming,
}

enum Opened {
    Ready(Ready),
    Refused(Refused),
}

impl Opening {
    /// Reads frames until the worker says whether it takes calls.
    async fn end(&mut self, log: &CallLog) -> Result<Opened, Broken> {
        loop {
            while let Some((frame, _)) = self.incoming.next()? {
                match frame {
                    ToHost::Ready { ready } => return parsed(&ready).map(Opened::Ready),
                    ToHost::Refused { refused } => return parsed(&refused).map(Opened::Refused),
                    ToHost::Log {
                        call: OPENING,
                        level,
                        message,
                        fields,
                    } => log.write(level, &message, &fields),
                    _ => return Err(Broken::Misplaced),
                }
            }
            match self.socket.read_buf(self.incoming.buffer()).await {
                Ok(0) | Err(_) => return Err(Broken::Closed),
                Ok(_) => {}
            }
        }
    }
}

fn parsed<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T, Broken> {
    serde_json::from_slice(json).map_err(|_| Broken::Misplaced)
}
