//! What host and worker say to each other.
//!
//! Frames on a Unix socket pair, all numbers little endian:
//!
//! ```text
//! bytes  content
//! 4      length of everything after it, at most 32 MiB
//! 1      kind
//! 8      number of the call; 0 while the connector opens
//! 4      number of the request within the worker, else 0
//! ..     parts: 4 bytes of length, then the bytes
//! ```
//!
//! | kind | from | parts |
//! |---|---|---|
//! | 1 hello | host | JSON ([`Hello`]), the JSON that the connector is opened with |
//! | 2 call | host | operation, context, input |
//! | 3 cancel | host | |
//! | 4 reply, 5 refusal of a request | host | head and body, or fault |
//! | 16 ready, 17 refused | worker | JSON |
//! | 18 answer, 19 fault of a call | worker | answer, or fault |
//! | 20 HTTP request | worker | head, body |
//! | 21 request of a service | worker | operation, input |
//! | 22 a request is dropped | worker | |
//! | 23 log line | worker | level (1 byte), message, fields |
//!
//! A fault is four parts: code (4 bytes), retry-after in milliseconds (8 bytes), message, detail. Both sides are one
//! version of one program, or refuse each other: [`PROTOCOL`] stands in the hello.

use std::io::{self, Read};

use bytes::{Buf, BytesMut};
use switchboard_abi::{RawFault, RawMessage};

/// The version of everything here. Changes with any of it.
pub(super) const PROTOCOL: u32 = 1;

/// The largest frame: an answer of 10 MiB fits, and so does one of 20 MiB, which is then refused by its own words.
pub(super) const MAX_FRAME_BYTES: usize = 32 * 1024 * 1024;

/// The number that stands for the opening of the connector.
pub(super) const OPENING: u64 = 0;

/// How much room is made for what is read next.
const READ_BYTES: usize = 64 * 1024;

/// Room for longer frames is given back.
const KEPT_BYTES: usize = 1024 * 1024;

const LENGTH_BYTES: usize = 4;

/// A frame from the host. It holds secrets, so only tests can show it.
#[cfg_attr(test, derive(Debug))]
pub(super) enum ToWorker {
    Hello {
        hello: Vec<u8>,
        open_input: Vec<u8>,
    },
    Call {
        call: u64,
        operation: String,
        context: Vec<u8>,
        input: Vec<u8>,
    },
    Cancel {
        call: u64,
    },
    Reply {
        call: u64,
        request: u32,
        reply: Result<RawMessage, RawFault>,
    },
}

/// A frame from a worker.
#[cfg_attr(test, derive(Debug))]
pub(super) enum ToHost {
    Ready {
        ready: Vec<u8>,
    },
    Refused {
        refused: Vec<u8>,
    },
    Answer {
        call: u64,
        answer: Result<Vec<u8>, RawFault>,
    },
    Http {
        call: u64,
        request: u32,
        message: RawMessage,
    },
    Service {
        call: u64,
        request: u32,
        operation: String,
        input: Vec<u8>,
    },
    Dropped {
        call: u64,
        request: u32,
    },
    Log {
        call: u64,
        level: u8,
        message: String,
        fields: Vec<u8>,
    },
}

/// What came is no frame of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("a frame of {0} bytes; at most {MAX_FRAME_BYTES} are read")]
    TooLong(usize),
    #[error("a frame of unknown kind {0}")]
    Kind(u8),
    #[error("a frame of kind {0} whose parts do not fit it")]
    Parts(u8),
}

/// A frame would be too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// One direction of the protocol.
pub(super) trait Message: Sized {
    fn read(head: Head, parts: Parts<'_>) -> Result<Self, Malformed>;
}

/// What every frame begins with.
#[derive(Clone, Copy)]
pub(super) struct Head {
    kind: u8,
    call: u64,
    request: u32,
}

mod kind {
    pub(super) const HELLO: u8 = 1;
    pub(super) const CALL: u8 = 2;
    pub(super) const CANCEL: u8 = 3;
    pub(super) const REPLY: u8 = 4;
    pub(super) const REFUSAL: u8 = 5;
    pub(super) const READY: u8 = 16;
    pub(super) const REFUSED: u8 = 17;
    pub(super) const ANSWER: u8 = 18;
    pub(super) const FAULT: u8 = 19;
    pub(super) const HTTP: u8 = 20;
    pub(super) const SERVICE: u8 = 21;
    pub(super) const DROPPED: u8 = 22;
    pub(super) const LOG: u8 = 23;
}

impl ToWorker {
    pub(super) fn write(&self) -> Result<Vec<u8>, TooLong> {
        match self {
            Self::Hello { hello, open_input } => {
                frame(kind::HELLO, OPENING, 0, &[hello, open_input])
            }
            Self::Call {
                call,
                operation,
                context,
                input,
            } => frame(
                kind::CALL,
                *call,
                0,
                &[operation.as_bytes(), context, input],
            ),
            Self::Cancel { call } => frame(kind::CANCEL, *call, 0, &[]),
            Self::Reply {
                call,
                request,
                reply,
            } => match reply {
                Ok(message) => frame(
                    kind::REPLY,
                    *call,
                    *request,
                    &[&message.head, &message.body],
                ),
                Err(fault) => fault_frame(kind::REFUSAL, *call, *request, fault),
            },
        }
    }
}

impl Message for ToWorker {
    fn read(head: Head, mut parts: Parts<'_>) -> Result<Self, Malformed> {
        let Head {
            kind,
            call,
            request,
        } = head;
        let message = match kind {
            kind::HELLO => Self::Hello {
                hello: parts.bytes()?,
                open_input: parts.bytes()?,
            },
            kind::CALL => Self::Call {
                call,
                operation: parts.text()?,
                context: parts.bytes()?,
                input: parts.bytes()?,
            },
            kind::CANCEL => Self::Cancel { call },
            kind::REPLY => Self::Reply {
                call,
                request,
                reply: Ok(parts.message()?),
            },
            kind::REFUSAL => Self::Reply {
                call,
                request,
                reply: Err(parts.fault()?),
            },
            unknown => return Err(Malformed::Kind(unknown)),
        };
        parts.end()?;
        Ok(message)
    }
}

impl ToHost {
    pub(super) fn write(&self) -> Result<Vec<u8>, TooLong> {
        match self {
            Self::Ready { ready } => frame(kind::READY, OPENING, 0, &[ready]),
            Self::Refused { refused } => frame(kind::REFUSED, OPENING, 0, &[refused]),
            Self::Answer { call, answer } => match answer {
                Ok(answer) => frame(kind::ANSWER, *call, 0, &[answer]),
                Err(fault) => fault_frame(kind::FAULT, *call, 0, fault),
            },
            Self::Http {
                call,
                request,
                message,
            } => frame(kind::HTTP, *call, *request, &[&message.head, &message.body]),
            Self::Service {
                call,
                request,
                operation,
                input,
            } => frame(
                kind::SERVICE,
                *call,
                *request,
                &[operation.as_bytes(), input],
            ),
            Self::Dropped { call, request } => frame(kind::DROPPED, *call, *request, &[]),
            Self::Log {
                call,
                level,
                message,
                fields,
            } => frame(
                kind::LOG,
                *call,
                0,
                &[&[*level], message.as_bytes(), fields],
            ),
        }
    }
}

impl Message for ToHost {
    fn read(head: Head, mut parts: Parts<'_>) -> Result<Self, Malformed> {
        let Head {
            kind,
            call,
            request,
        } = head;
        let message = match kind {
            kind::READY => Self::Ready {
                ready: parts.bytes()?,
            },
            kind::REFUSED => Self::Refused {
                refused: parts.bytes()?,
            },
            kind::ANSWER => Self::Answer {
                call,
                answer: Ok(parts.bytes()?),
            },
            kind::FAULT => Self::Answer {
                call,
                answer: Err(parts.fault()?),
            },
            kind::HTTP => Self::Http {
                call,
                request,
                message: parts.message()?,
            },
            kind::SERVICE => Self::Service {
                call,
                request,
                operation: parts.text()?,
                input: parts.bytes()?,
            },
            kind::DROPPED => Self::Dropped { call, request },
            kind::LOG => Self::Log {
                call,
                level: u8::from_le_bytes(parts.number()?),
                message: parts.text()?,
                fields: parts.bytes()?,
            },
            unknown => return Err(Malformed::Kind(unknown)),
        };
        parts.end()?;
        Ok(message)
    }
}

fn fault_frame(kind: u8, call: u64, request: u32, fault: &RawFault) -> Result<Vec<u8>, TooLong> {
    let parts: [&[u8]; 4] = [
        &fault.code.to_le_bytes(),
        &fault.retry_after_ms.to_le_bytes(),
        fault.message.as_bytes(),
        &fault.detail,
    ];
    frame(kind, call, request, &parts)
}

fn frame(kind: u8, call: u64, request: u32, parts: &[&[u8]]) -> Result<Vec<u8>, TooLong> {
    let n_bytes: usize = parts.iter().map(|part| LENGTH_BYTES + part.len()).sum();
    let n_bytes = n_bytes + size_of::<u8>() + size_of::<u64>() + size_of::<u32>();
    if n_bytes > MAX_FRAME_BYTES {
        return Err(TooLong);
    }
    let mut frame = Vec::with_capacity(LENGTH_BYTES + n_bytes);
    frame.extend(length(n_bytes));
    frame.push(kind);
    frame.extend(call.to_le_bytes());
    frame.extend(request.to_le_bytes());
    for part in parts {
        frame.extend(length(part.len()));
        frame.extend_from_slice(part);
    }
    Ok(frame)
}

/// Writes the length of a frame, or of a part of one: far below what 4 bytes hold.
fn length(n_bytes: usize) -> [u8; LENGTH_BYTES] {
    u32::try_from(n_bytes).unwrap_or(u32::MAX).to_le_bytes()
}

/// The parts of a frame that are still to be read.
pub(super) struct Parts<'a> {
    kind: u8,
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(self.misfit())?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn slice(&mut self) -> Result<&'a [u8], Malformed> {
        let n_bytes = u32::from_le_bytes(self.fixed()?) as usize;
        let (part, rest) = self.rest.split_at_checked(n_bytes).ok_or(self.misfit())?;
        self.rest = rest;
        Ok(part)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Malformed> {
        self.slice().map(<[u8]>::to_vec)
    }

    /// Reads a text. Whoever wrote it had one, so bytes that are none are a fault.
    fn text(&mut self) -> Result<String, Malformed> {
        String::from_utf8(self.bytes()?).map_err(|_| self.misfit())
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.slice()?.try_into().map_err(|_| self.misfit())
    }

    fn message(&mut self) -> Result<RawMessage, Malformed> {
        Ok(RawMessage {
            head: self.bytes()?.into(),
            body: self.bytes()?.into(),
        })
    }

    fn fault(&mut self) -> Result<RawFault, Malformed> {
        Ok(RawFault {
            code: u32::from_le_bytes(self.number()?),
            retry_after_ms: u64::from_le_bytes(self.number()?),
            message: self.text()?.into(),
            detail: self.bytes()?.into(),
        })
    }

    fn end(&self) -> Result<(), Malformed> {
        match self.rest {
            [] => Ok(()),
            _ => Err(self.misfit()),
        }
    }

    fn misfit(&self) -> Malformed {
        Malformed::Parts(self.kind)
    }
}

/// Makes frames of bytes as they come.
#[derive(Default)]
pub(super) struct Incoming {
    bytes: BytesMut,
    /// Where a source that blocks writes to.
    piece: Vec<u8>,
}

impl Incoming {
    /// Returns where to put what is read next. Grows with what has come, never with what a length promises.
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        self.bytes.reserve(READ_BYTES);
        &mut self.bytes
    }

    /// Reads what has come, from a source that blocks; returns how many bytes, 0 at the end.
    pub(super) fn read_from(&mut self, mut source: impl Read) -> io::Result<usize> {
        self.piece.resize(READ_BYTES, 0);
        let n_bytes = source.read(&mut self.piece)?;
        self.bytes.extend_from_slice(&self.piece[..n_bytes]);
        Ok(n_bytes)
    }

    /// Returns the next whole frame and its length in bytes, if it has come.
    pub(super) fn next<M: Message>(&mut self) -> Result<Option<(M, usize)>, Malformed> {
        let Some(length) = self.bytes.first_chunk() else {
            return Ok(None);
        };
        let n_bytes = u32::from_le_bytes(*length) as usize;
        if n_bytes > MAX_FRAME_BYTES {
            return Err(Malformed::TooLong(n_bytes));
        }
        let Some(frame) = self.bytes.get(LENGTH_BYTES..LENGTH_BYTES + n_bytes) else {
            return Ok(None);
        };
        let message = read(frame)?;
        self.bytes.advance(LENGTH_BYTES + n_bytes);
        if self.bytes.is_empty() && n_bytes > KEPT_BYTES {
            self.bytes = BytesMut::new();
        }
        Ok(Some((message, n_bytes)))
    }
}

fn read<M: Message>(frame: &[u8]) -> Result<M, Malformed> {
    let (kind, rest) = frame.split_first().ok_or(Malformed::Parts(0))?;
    let mut parts = Parts { kind: *kind, rest };
    let head = Head {
        kind: *kind,
        call: u64::from_le_bytes(parts.fixed()?),
        request: u32::from_le_bytes(parts.fixed()?),
    };
    M::read(head, parts)
}

#[cfg(test)]
mod tests;
