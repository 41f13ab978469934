//! The socket between a worker and its host.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use crate::connector::sandbox::exit_at_once;
use crate::connector::worker::frame::{Incoming, ToHost, TooLong};

/// Reads from the host, on one thread, and writes to it, from any. Both block.
pub(super) struct Channel {
    /// Used as a file: a worker may read and write, but not send and receive.
    socket: File,
    writing: Mutex<()>,
}

impl Channel {
    pub(super) fn new(socket: OwnedFd) -> Self {
        Self {
            socket: socket.into(),
            writing: Mutex::default(),
        }
    }

    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Reads what has come; returns how many bytes, 0 at the end.
    pub(super) fn read(&self, incoming: &mut Incoming) -> io::Result<usize> {
        incoming.read_from(&self.socket)
    }

    /// Sends a frame that is not too long. Ends the process if nobody reads any more.
    pub(super) fn send(&self, frame: &ToHost) {
        // Of frames that may be too long the sender wants to know.
        let _ = self.send_if(frame, || true);
    }

    /// Sends a frame if it is still wanted when all before it are sent.
    pub(super) fn send_if(
        &self,
        frame: &ToHost,
        is_wanted: impl FnOnce() -> bool,
    ) -> Result<(), TooLong> {
        let frame = frame.write()?;
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if is_wanted() && (&self.socket).write_all(&frame).is_err() {
            exit_at_once(0);
        }
        Ok(())
    }
}
