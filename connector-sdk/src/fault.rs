//! Why an operation failed: one vocabulary for host and connectors.

use std::{collections::HashMap, fmt, time::Duration};

use abi_stable::std_types::RVec;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use switchboard_abi::RawFault;

use crate::model::{Id, InputFault};

/// How much of a message that crosses the boundary is kept: it ends on a screen.
const MAX_MESSAGE_BYTES: usize = 4 * 1024;

/// How many faults of an input are kept, and how much of each one's place and text.
const MAX_FAULTS: usize = 100;
const MAX_FAULT_BYTES: usize = 512;

/// What went wrong, as a code that host, connectors and clients share.
///
/// The numbers are part of ABI 1; new ones may be added. A number that this build does not know is read as
/// [`FaultCode::Internal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum FaultCode {
    /// The input cannot be logged as it is.
    InvalidInput = 1,
    /// The CRM refused the user's token: the user has to reconnect.
    Unauthorized = 2,
    /// The user may not create entries.
    Forbidden = 3,
    /// The contact or another object of the CRM is gone.
    NotFound = 4,
    /// The CRM wants fewer requests.
    RateLimited = 5,
    /// The CRM refused the entry.
    Rejected = 6,
    /// The CRM, or something on the way to it, cannot be used now.
    Unavailable = 7,
    /// Nothing was written in time.
    Timeout = 8,
    /// A write's end is unclear: an entry may exist.
    UnknownOutcome = 9,
    /// Another request is logging this call.
    InProgress = 10,
    /// The connector panicked; nothing was written.
    Panicked = 11,
    /// The connector's process ended; nothing was written.
    Crashed = 12,
    /// The other side does not know this operation.
    Unsupported = 13,
    /// The host's services were used after their call had ended.
    Closed = 14,
    /// The manifest does not allow this address.
    ForbiddenHost = 15,
    /// Too many calls wait.
    Overloaded = 16,
    /// No manifest has this name.
    UnknownCrm = 17,
    /// The CRM's manifest or library is broken.
    Disabled = 18,
    /// A fault of the host or of a connector.
    Internal = 19,
}

/// Every code with its name, in the order of the numbers.
const CODES: [(FaultCode, &str); 19] = [
    (FaultCode::InvalidInput, "invalid-input"),
    (FaultCode::Unauthorized, "unauthorized"),
    (FaultCode::Forbidden, "forbidden"),
    (FaultCode::NotFound, "not-found"),
    (FaultCode::RateLimited, "rate-limited"),
    (FaultCode::Rejected, "rejected"),
    (FaultCode::Unavailable, "unavailable"),
    (FaultCode::Timeout, "timeout"),
    (FaultCode::UnknownOutcome, "unknown-outcome"),
    (FaultCode::InProgress, "in-progress"),
    (FaultCode::Panicked, "panicked"),
    (FaultCode::Crashed, "crashed"),
    (FaultCode::Unsupported, "unsupported"),
    (FaultCode::Closed, "closed"),
    (FaultCode::ForbiddenHost, "forbidden-host"),
    (FaultCode::Overloaded, "overloaded"),
    (FaultCode::UnknownCrm, "unknown-crm"),
    (FaultCode::Disabled, "disabled"),
    (FaultCode::Internal, "internal"),
];

impl FaultCode {
    /// Returns the code's name, e.g. `rate-limited`.
    pub fn as_str(self) -> &'static str {
        CODES[self.number() as usize - 1].1
    }

    /// Returns the code's number in the ABI.
    pub fn number(self) -> u32 {
        self as u32
    }

    /// Reads a number of the ABI; an unknown one is [`FaultCode::Internal`].
    pub fn from_number(number: u32) -> Self {
        let known = CODES.iter().find(|(code, _)| code.number() == number);
        known.map_or(FaultCode::Internal, |(code, _)| *code)
    }

    /// Lists every code that this build knows, in the order of the numbers.
    pub fn all() -> impl Iterator<Item = FaultCode> {
        CODES.iter().map(|(code, _)| *code)
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Why an operation failed.
///
/// The host writes the sentence that the user reads, once for each code. The message here says more for the person
/// who looks closer; where the CRM said why, quote it. It must hold no token, note or transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    code: FaultCode,
    message: String,
    retry_after: Option<Duration>,
    detail: Detail,
}

/// What travels as `RawFault::detail`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    log_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    nothing_sent: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<InputFault>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $code:ident;)*) => {
        impl Fault {
            $($(#[$doc])* pub fn $name(message: impl Into<String>) -> Self {
                Self::new(FaultCode::$code, message)
            })*
        }
    };
}

constructors! {
    /// The input cannot be logged as it is; the message names what is wrong.
    invalid_input => InvalidInput;
    /// The CRM refused the user's token.
    unauthorized => Unauthorized;
    /// The user may not create entries.
    forbidden => Forbidden;
    /// The contact or another object of the CRM is gone.
    not_found => NotFound;
    /// The CRM wants fewer requests; see [`Fault::with_retry_after`].
    rate_limited => RateLimited;
    /// The CRM refused the entry; the message quotes it.
    rejected => Rejected;
    /// The CRM cannot be used now.
    unavailable => Unavailable;
    /// Nothing was written in time.
    timeout => Timeout;
    /// A write's end is unclear: an entry may exist.
    unknown_outcome => UnknownOutcome;
    /// Another request is logging this call.
    in_progress => InProgress;
    /// The connector panicked.
    panicked => Panicked;
    /// The connector's process ended.
    crashed => Crashed;
    /// The operation is not known here.
    unsupported => Unsupported;
    /// The services were used after their call had ended.
    closed => Closed;
    /// The manifest does not allow this address.
    forbidden_host => ForbiddenHost;
    /// Too many calls wait.
    overloaded => Overloaded;
    /// No manifest has this name.
    unknown_crm => UnknownCrm;
    /// The CRM's manifest or library is broken.
    disabled => Disabled;
    /// A fault of this program.
    internal => Internal;
}

impl Fault {
    /// Makes a fault with a code that is known at run time only.
    pub fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
            detail: Detail::default(),
        }
    }

    /// Says when to try again, from now. Kept in whole milliseconds; zero says nothing.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        let millis = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
        self.retry_after = Some(Duration::from_millis(millis)).filter(|wait| !wait.is_zero());
        self
    }

    /// Names the entry that was created before a later step failed.
    ///
    /// The host then knows that the call is logged: it reports the entry together with this fault as a warning, and
    /// nobody logs the call again. An empty id names nothing and is ignored.
    #[must_use]
    pub fn with_log_id(mut self, log_id: impl Into<String>) -> Self {
        self.detail.log_id = Some(log_id.into()).filter(|id| !id.is_empty());
        self
    }

    /// Says that nothing was sent to the CRM. Needed only by a connector with a network of its own: what goes through
    /// the host, the host has seen.
    #[must_use]
    pub fn with_nothing_sent(mut self) -> Self {
        self.detail.nothing_sent = true;
        self
    }

    /// Names what is wrong with the input, each fault with its place. Belongs to `invalid-input`.
    #[must_use]
    pub fn with_faults(mut self, faults: impl IntoIterator<Item = InputFault>) -> Self {
        self.detail.faults = faults.into_iter().collect();
        self
    }

    /// Returns the code.
    pub fn code(&self) -> FaultCode {
        self.code
    }

    /// Returns what happened, for a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns when to try again, from the moment of the fault.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns the id of the entry that was created before the failure.
    pub fn log_id(&self) -> Option<&str> {
        self.detail.log_id.as_deref()
    }

    /// Returns what is wrong with the input, as far as it was named.
    pub fn faults(&self) -> &[InputFault] {
        &self.detail.faults
    }

    /// Whether the connector says that it sent nothing.
    pub fn nothing_sent(&self) -> bool {
        self.detail.nothing_sent
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for RawFault {
    fn from(fault: Fault) -> Self {
        let detail = if fault.detail == Detail::default() {
            RVec::new()
        } else {
            // Strings, booleans and lists of them always serialize.
            serde_json::to_vec(&fault.detail).unwrap_or_default().into()
        };
        let millis = fault.retry_after.map_or(0, |wait| wait.as_millis());
        RawFault {
            code: fault.code.number(),
            retry_after_ms: u64::try_from(millis).unwrap_or(u64::MAX),
            message: fault.message.into(),
            detail,
        }
    }
}

/// Reads what the other side sent, and no more of it than a person would read. What is not as expected in the detail
/// is dropped, each member on its own: the code and message stand.
impl From<RawFault> for Fault {
    fn from(raw: RawFault) -> Self {
        let fault = Fault {
            code: FaultCode::from_number(raw.code),
            message: shortened(raw.message.into(), MAX_MESSAGE_BYTES),
            retry_after: None,
            detail: Detail::read(&raw.detail),
        };
        fault.with_retry_after(Duration::from_millis(raw.retry_after_ms))
    }
}

impl Detail {
    fn read(json: &[u8]) -> Self {
        // Exact texts: a member that cannot be read does not take the others along.
        let members: HashMap<String, &RawValue> = serde_json::from_slice(json).unwrap_or_default();
        let faults: Vec<&RawValue> = members
            .get("faults")
            .and_then(|faults| serde_json::from_str(faults.get()).ok())
            .unwrap_or_default();
        let faults = faults.into_iter().filter_map(read::<InputFault>);
        Self {
            log_id: members
                .get("log_id")
                .and_then(|id| read::<Id>(id))
                .map(|id| id.to_string()),
            nothing_sent: members
                .get("nothing_sent")
                .is_some_and(|said| read(said) == Some(true)),
            faults: faults.take(MAX_FAULTS).map(short).collect(),
        }
    }
}

fn read<T: DeserializeOwned>(value: &RawValue) -> Option<T> {
    serde_json::from_str(value.get()).ok()
}

fn short(fault: InputFault) -> InputFault {
    let pointer = shortened(fault.pointer, MAX_FAULT_BYTES);
    InputFault::new(pointer, shortened(fault.message, MAX_FAULT_BYTES))
}

/// Cuts a text at a character, and shows that it was cut.
fn shortened(mut text: String, max_bytes: usize) -> String {
    const CUT: &str = " [..]";
    if text.len() > max_bytes {
        text.truncate(text.floor_char_boundary(max_bytes - CUT.len()));
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_abi_and_names_round_trip() {
        for (index, code) in FaultCode::all().enumerate() {
            assert_eq!(code.number() as usize, index + 1, "{code}");
            assert_eq!(FaultCode::from_number(code.number()), code);
        }
        assert_eq!(FaultCode::from_number(4711), FaultCode::Internal);
    }

    #[test]
    fn a_fault_crosses_the_boundary_whole() {
        let fault = Fault::rate_limited("slow down")
            .with_retry_after(Duration::from_millis(1500))
            .with_log_id("7")
            .with_nothing_sent()
            .with_faults([InputFault::new("/user/id", "is required and missing")]);
        assert_eq!(Fault::from(RawFault::from(fault.clone())), fault);
    }

    #[test]
    fn a_wait_is_kept_in_whole_milliseconds() {
        for (wait, kept) in [
            (Duration::ZERO, None),
            (Duration::from_micros(999), None),
            (Duration::from_micros(1999), Some(Duration::from_millis(1))),
            (Duration::MAX, Some(Duration::from_millis(u64::MAX))),
        ] {
            let fault = Fault::rate_limited("").with_retry_after(wait);
            assert_eq!(fault.retry_after(), kept);
            assert_eq!(Fault::from(RawFault::from(fault.clone())), fault);
        }
    }

    #[test]
    fn an_unreadable_detail_leaves_code_and_message() {
        let raw = RawFault {
            code: 4,
            retry_after_ms: 0,
            message: "gone".into(),
            detail: RVec::from(b"{".to_vec()),
        };
        assert_eq!(Fault::from(raw), Fault::not_found("gone"));
    }

    fn raw(message: &str, detail: &str) -> RawFault {
        RawFault {
            code: 4,
            retry_after_ms: 0,
            message: message.into(),
            detail: RVec::from(detail.as_bytes().to_vec()),
        }
    }

    #[test]
    fn an_unreadable_member_of_a_detail_leaves_the_others() {
        let detail = r#"{
            "log_id": 9007199254740993, "nothing_sent": true, "unknown": 1e999,
            "faults": [{ "pointer": 7 }, { "pointer": "/note", "message": "is too long" }, null]
        }"#;
        let expected = Fault::not_found("gone")
            .with_log_id("9007199254740993")
            .with_nothing_sent()
            .with_faults([InputFault::new("/note", "is too long")]);
        assert_eq!(Fault::from(raw("gone", detail)), expected);
        let detail = r#"{ "log_id": "7", "nothing_sent": "yes", "faults": {} }"#;
        let expected = Fault::not_found("gone").with_log_id("7");
        assert_eq!(Fault::from(raw("gone", detail)), expected);
    }

    #[test]
    fn an_empty_id_names_no_entry() {
        assert_eq!(Fault::internal("x").with_log_id("").log_id(), None);
        let fault = Fault::from(raw("gone", r#"{ "log_id": "" }"#));
        assert_eq!(fault.log_id(), None);
    }

    #[test]
    fn endless_texts_are_cut_where_they_come_in() {
        let long = "ż".repeat(20 * 1024);
        let faults = vec![InputFault::new(&long, &long); 300];
        let fault = Fault::not_found(&long).with_faults(faults).with_log_id("7");
        let fault = Fault::from(RawFault::from(fault));
        assert!(fault.message().len() <= MAX_MESSAGE_BYTES);
        assert!(fault.message().ends_with("żż [..]"), "{fault}");
        assert_eq!(fault.faults().len(), MAX_FAULTS);
        for InputFault {
            pointer, message, ..
        } in fault.faults()
        {
            assert!(pointer.len() <= MAX_FAULT_BYTES && message.len() <= MAX_FAULT_BYTES);
        }
        assert_eq!(fault.log_id(), Some("7"));
    }
}
