//! What was written is read, however it comes in pieces, and nothing else is.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Feeds bytes in pieces of this size and reads all frames, written again.
fn read_in_pieces<M: Message>(
    bytes: &[u8],
    n_bytes: usize,
    write: impl Fn(&M) -> Result<Vec<u8>, TooLong>,
) -> Result<Vec<Vec<u8>>, Malformed> {
    let mut incoming = Incoming::default();
    let mut frames = Vec::new();
    for mut piece in bytes.chunks(n_bytes) {
        while !piece.is_empty() {
            incoming.read_from(&mut piece).unwrap();
        }
        while let Some((message, _)) = incoming.next::<M>()? {
            frames.push(write(&message).unwrap());
        }
    }
    Ok(frames)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..200)
}

fn message() -> impl Strategy<Value = RawMessage> {
    (bytes(), bytes()).prop_map(|(head, body)| RawMessage {
        head: head.into(),
        body: body.into(),
    })
}

fn fault() -> impl Strategy<Value = RawFault> {
    let parts = (any::<u32>(), any::<u64>(), ".{0,40}", bytes());
    parts.prop_map(|(code, retry_after_ms, message, detail)| RawFault {
        code,
        retry_after_ms,
        message: message.into(),
        detail: detail.into(),
    })
}

fn to_worker() -> impl Strategy<Value = ToWorker> {
    let call = any::<u64>();
    prop_oneof![
        (bytes(), bytes()).prop_map(|(hello, open_input)| ToWorker::Hello { hello, open_input }),
        (call, ".{0,20}", bytes(), bytes()).prop_map(|(call, operation, context, input)| {
            ToWorker::Call {
                call,
                operation,
                context,
                input,
            }
        }),
        call.prop_map(|call| ToWorker::Cancel { call }),
        (
            call,
            any::<u32>(),
            prop_oneof![message().prop_map(Ok), fault().prop_map(Err)]
        )
            .prop_map(|(call, request, reply)| ToWorker::Reply {
                call,
                request,
                reply
            }),
    ]
}

fn to_host() -> impl Strategy<Value = ToHost> {
    let (call, request) = (any::<u64>(), any::<u32>());
    prop_oneof![
        bytes().prop_map(|ready| ToHost::Ready { ready }),
        bytes().prop_map(|refused| ToHost::Refused { refused }),
        (
            call,
            prop_oneof![bytes().prop_map(Ok), fault().prop_map(Err)]
        )
            .prop_map(|(call, answer)| ToHost::Answer { call, answer }),
        (call, request, message()).prop_map(|(call, request, message)| ToHost::Http {
            call,
            request,
            message
        }),
        (call, request, ".{0,20}", bytes()).prop_map(|(call, request, operation, input)| {
            ToHost::Service {
                call,
                request,
                operation,
                input,
            }
        }),
        (call, request).prop_map(|(call, request)| ToHost::Dropped { call, request }),
        (call, any::<u8>(), ".{0,40}", bytes()).prop_map(|(call, level, message, fields)| {
            ToHost::Log {
                call,
                level,
                message,
                fields,
            }
        }),
    ]
}

proptest! {
    #[test]
    fn frames_of_the_host_come_as_they_were_sent(
        messages in vec(to_worker(), 1..8),
        n_bytes in 1_usize..400,
    ) {
        let sent: Vec<_> = messages.iter().map(|it| it.write().unwrap()).collect();
        let read = read_in_pieces(&sent.concat(), n_bytes, ToWorker::write);
        prop_assert_eq!(read, Ok(sent));
    }

    #[test]
    fn frames_of_a_worker_come_as_they_were_sent(
        messages in vec(to_host(), 1..8),
        n_bytes in 1_usize..400,
    ) {
        let sent: Vec<_> = messages.iter().map(|it| it.write().unwrap()).collect();
        let read = read_in_pieces(&sent.concat(), n_bytes, ToHost::write);
        prop_assert_eq!(read, Ok(sent));
    }

    /// The two directions have no kind in common.
    #[test]
    fn frames_of_the_other_direction_are_refused(message in to_host(), other in to_worker()) {
        let read = read_in_pieces(&message.write().unwrap(), 1000, ToWorker::write);
        prop_assert!(matches!(read, Err(Malformed::Kind(_))));
        let read = read_in_pieces(&other.write().unwrap(), 1000, ToHost::write);
        prop_assert!(matches!(read, Err(Malformed::Kind(_))));
    }

    /// A frame that is shorter than it says waits for the rest; one that is cut and says so is refused.
    #[test]
    fn a_frame_that_is_cut_is_refused(message in to_host(), n_left in 0_usize..1000) {
        let whole = message.write().unwrap();
        let content = &whole[LENGTH_BYTES..];
        let n_left = n_left % content.len();
        let cut = [&length(n_left), &content[..n_left]].concat();
        let read = read_in_pieces(&cut, 1000, ToHost::write);
        prop_assert!(matches!(read, Err(Malformed::Parts(_))), "{read:?}");
        prop_assert_eq!(read_in_pieces(&whole[..LENGTH_BYTES + n_left], 1000, ToHost::write), Ok(vec![]));
    }

    #[test]
    fn no_bytes_bring_a_reader_down(bytes in vec(any::<u8>(), 0..600), n_bytes in 1_usize..100) {
        let _ = read_in_pieces(&bytes, n_bytes, ToHost::write);
        let _ = read_in_pieces(&bytes, n_bytes, ToWorker::write);
    }
}

#[test]
fn a_frame_beyond_the_limit_is_refused_by_both_sides_before_room_is_made_for_it() {
    let message = ToHost::Ready {
        ready: vec![0; MAX_FRAME_BYTES],
    };
    assert_eq!(message.write(), Err(TooLong));
    let promise = u32::try_from(MAX_FRAME_BYTES + 1).unwrap().to_le_bytes();
    let read = read_in_pieces(&promise, 4, ToHost::write);
    assert_eq!(read, Err(Malformed::TooLong(MAX_FRAME_BYTES + 1)));
}

#[test]
fn what_a_frame_promises_takes_no_memory() {
    let mut incoming = Incoming::default();
    let promise = u32::try_from(MAX_FRAME_BYTES).unwrap().to_le_bytes();
    incoming.read_from(&promise[..]).unwrap();
    assert!(incoming.next::<ToHost>().unwrap().is_none());
    assert!(incoming.buffer().capacity() <= 4 * READ_BYTES);
}

#[test]
fn texts_that_are_none_are_refused() {
    let frame = frame(23, 7, 0, &[&[3], b"\xff\xfe", b""]).unwrap();
    let read = read_in_pieces(&frame, 1000, ToHost::write);
    assert_eq!(read, Err(Malformed::Parts(23)));
}
