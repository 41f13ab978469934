//! What the host has to tell a worker.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::Notify;

/// So many bytes may wait for a worker to read them before answers to its requests wait, too.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

/// Writes frames at once if the worker's socket takes them, else as soon as it does.
pub(super) struct Outbox {
    socket: OwnedWriteHalf,
    waiting: Mutex<Waiting>,
    /// Something waits that did not before.
    filled: Notify,
    /// Less waits than before.
    drained: Notify,
}

#[derive(Default)]
struct Waiting {
    frames: VecDeque<Vec<u8>>,
    /// How much of the first one has been written.
    n_written: usize,
    n_bytes: usize,
    /// Nobody reads any more.
    is_closed: bool,
}

impl Outbox {
    pub(super) fn new(socket: OwnedWriteHalf) -> Self {
        Self {
            socket,
            waiting: Mutex::default(),
            filled: Notify::new(),
            drained: Notify::new(),
        }
    }

    /// Sends a frame. One that nobody reads any more is lost; the end of the worker says so to whoever waits.
    pub(super) fn send(&self, frame: Vec<u8>) {
        let mut waiting = self.waiting();
        if waiting.is_closed {
            return;
        }
        let was_empty = waiting.frames.is_empty();
        waiting.n_bytes += frame.len();
        waiting.frames.push_back(frame);
        if was_empty {
            self.write(&mut waiting);
            if !waiting.frames.is_empty() {
                self.filled.notify_one();
            }
        }
    }

    /// Waits until less than the limit waits to be read.
    pub(super) async fn room(&self) {
        loop {
            let drained = self.drained.notified();
            {
                let waiting = self.waiting();
                if waiting.is_closed || waiting.n_bytes < MAX_WAITING_BYTES {
                    return;
                }
            }
            drained.await;
        }
    }

    /// Writes what waits, until the socket is closed.
    pub(super) async fn keep_writing(&self) {
        loop {
            while !self.waiting().frames.is_empty() {
                if self.socket.writable().await.is_err() {
                    return self.close();
                }
                self.write(&mut self.waiting());
            }
            self.filled.notified().await;
        }
    }

    /// Forgets what waits: the worker has ended.
    pub(super) fn close(&self) {
        let mut waiting = self.waiting();
        *waiting = Waiting {
            is_closed: true,
            ..Waiting::default()
        };
        self.drained.notify_waiters();
    }

    /// Writes as much as the socket takes.
    fn write(&self, waiting: &mut Waiting) {
        while let Some(frame) = waiting.frames.front() {
            match self.socket.try_write(&frame[waiting.n_written..]) {
                Ok(n_bytes) => {
                    waiting.n_written += n_bytes;
                    waiting.n_bytes -= n_bytes;
                    if waiting.n_written == frame.len() {
                        waiting.frames.pop_front();
                        waiting.n_written = 0;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => {
                    waiting.frames.clear();
                    waiting.is_closed = true;
                }
            }
        }
        self.drained.notify_waiters();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it holds the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
