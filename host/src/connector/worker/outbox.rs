//! What the host has to tell a worker.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// So many bytes of answers to a worker's requests may wait until it reads them; more are not put there.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

/// What one permit of the room stands for.
const ROOM_UNIT: usize = 1024;

/// Writes frames at once if the worker's socket takes them, else as soon as it does.
pub(super) struct Outbox {
    socket: OwnedWriteHalf,
    waiting: Mutex<Waiting>,
    /// Something waits that did not before.
    filled: Notify,
    room: Arc<Semaphore>,
}

/// A place for an answer, given back when the worker has read it.
pub(super) struct Room(
    #[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit,
);

#[derive(Default)]
struct Waiting {
    frames: VecDeque<(Vec<u8>, Option<Room>)>,
    /// How much of the first one has been written.
    n_written: usize,
    /// Nobody reads any more.
    is_closed: bool,
}

impl Outbox {
    pub(super) fn new(socket: OwnedWriteHalf) -> Self {
        Self {
            socket,
            waiting: Mutex::default(),
            filled: Notify::new(),
            room: Arc::new(Semaphore::new(MAX_WAITING_BYTES / ROOM_UNIT)),
        }
    }

    /// Sends a frame. One that nobody reads any more is lost; the end of the worker says so to whoever waits.
    pub(super) fn send(&self, frame: Vec<u8>, room: Option<Room>) {
        let mut waiting = self.waiting();
        if waiting.is_closed {
            return;
        }
        let was_empty = waiting.frames.is_empty();
        waiting.frames.push_back((frame, room));
        if was_empty {
            self.write(&mut waiting);
            if !waiting.frames.is_empty() {
                self.filled.notify_one();
            }
        }
    }

    /// Waits for room for so many bytes; none once nobody reads any more.
    pub(super) async fn room(&self, n_bytes: usize) -> Option<Room> {
        let n_units = n_bytes
            .div_ceil(ROOM_UNIT)
            .min(MAX_WAITING_BYTES / ROOM_UNIT);
        let n_units = u32::try_from(n_units).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.room).acquire_many_owned(n_units).await;
        permit.ok().map(Room)
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
        self.room.close();
    }

    /// Writes as much as the socket takes.
    fn write(&self, waiting: &mut Waiting) {
        while let Some((frame, _)) = waiting.frames.front() {
            match self.socket.try_write(&frame[waiting.n_written..]) {
                Ok(n_bytes) => {
                    waiting.n_written += n_bytes;
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
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it holds the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
