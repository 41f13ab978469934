//! The RingCentral call log record, "Detailed" view.
//!
//! The API grows: unknown members and values of enumerations are kept, never refused. Only ids, the start time and
//! objects or arrays in the wrong shape are.

mod parts;

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::excerpt::Excerpt;
use super::faults::Faults;
use super::id::Id;
use super::input::MAX_LEGS;
use super::reader::{Found, Object};
use super::scalar::Scalar;
use super::time;
use parts::{billing, extension, party, recording, unread_billing};

pub use parts::{Billing, Extension, Party, Recording};

/// Which way a call went.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Direction {
    /// The contact called.
    Inbound,
    /// The user called.
    Outbound,
    /// Something that this SDK does not know, as it was sent.
    Other(String),
}

/// How long a call took.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum CallDuration {
    /// Seconds, as they were sent.
    Seconds(f64),
    /// The call is still running.
    Pending,
    /// Not sent, or nothing that this SDK understands.
    Unknown,
}

/// One leg of a call's journey.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Leg {
    /// What a leg has in common with the whole record. Its start time may be missing.
    pub record: CallRecord,
    /// E.g. `Accept`, `PstnToSip`.
    pub leg_type: Option<String>,
    /// Whether this is the leg that stands for the call.
    pub is_master: bool,
}

/// A call log record.
#[derive(Clone)]
pub struct CallRecord {
    id: Option<Id>,
    session_id: Option<Id>,
    telephony_session_id: Option<Id>,
    start_time: Option<Timestamp>,
    duration: CallDuration,
    duration_as_sent: Option<Excerpt>,
    direction: Direction,
    from: Party,
    to: Party,
    extension: Extension,
    /// Read when somebody asks: its numbers keep their digits, which stand in the text only.
    billing: OnceLock<Billing>,
    recording: Option<Recording>,
    texts: Texts,
    legs: Vec<Leg>,
    text: Excerpt,
}

/// The members that are plain text.
#[derive(Clone)]
struct Texts {
    kind: Option<String>,
    action: Option<String>,
    result: Option<String>,
    transport: Option<String>,
    last_modified_time: Option<String>,
    custom_subject: Option<String>,
    voicemail_link: Option<String>,
}

impl Direction {
    pub(super) fn named(name: String) -> Self {
        match name.as_str() {
            "Inbound" => Self::Inbound,
            "Outbound" => Self::Outbound,
            _ => Self::Other(name),
        }
    }
}

impl CallDuration {
    /// Returns how long the call took, if that is known and the call is over. A negative length counts as none at all.
    pub fn length(self) -> Option<Duration> {
        match self {
            Self::Seconds(seconds) => Duration::try_from_secs_f64(seconds.max(0.0)).ok(),
            Self::Pending | Self::Unknown => None,
        }
    }
}

impl CallRecord {
    /// Reads the record of the whole call, which must name its session and its start.
    pub(super) fn read(object: &Object<'_>, faults: &mut Faults) -> Self {
        let mut record = Self::read_part(object, faults);
        record.legs = legs(object, faults);
        const IDS: [&str; 3] = ["sessionId", "telephonySessionId", "id"];
        if !IDS.iter().any(|name| is_filled(object, name)) {
            let message = "one of sessionId, telephonySessionId and id is required";
            object.report("sessionId", message, faults);
        }
        if object.get("startTime").is_none() {
            object.report("startTime", "is required and missing", faults);
        }
        record
    }

    /// Reads what a record and a leg have in common.
    fn read_part(object: &Object<'_>, faults: &mut Faults) -> Self {
        Self {
            id: object.id("id", faults),
            session_id: object.id("sessionId", faults),
            telephony_session_id: object.id("telephonySessionId", faults),
            start_time: object.typed("startTime", time::EXPECTED, faults, |found| {
                time::moment(&found.scalar()?)
            }),
            duration: duration(object),
            duration_as_sent: object.as_sent("duration").map(|sent| sent.excerpt()),
            direction: direction(object),
            from: party(object, "from", faults),
            to: party(object, "to", faults),
            extension: extension(object, faults),
            billing: unread_billing(object, faults),
            recording: recording(object, faults),
            texts: Texts {
                kind: object.lenient_text("type"),
                action: object.lenient_text("action"),
                result: object.lenient_text("result"),
                transport: object.lenient_text("transport"),
                last_modified_time: object.lenient_text("lastModifiedTime"),
                custom_subject: object.lenient_text("customSubject"),
                voicemail_link: voicemail_link(object),
            },
            // A leg has no legs of its own, whatever somebody sends.
            legs: Vec::new(),
            text: object.excerpt(),
        }
    }

    /// Whether the input named the start, as [`CallRecord::start_time`] promises of a whole call.
    pub(super) fn is_started(&self) -> bool {
        self.start_time.is_some()
    }

    /// Returns the record's id.
    pub fn id(&self) -> Option<&str> {
        self.id.as_ref().map(Id::as_str)
    }

    /// Returns the id of the call's session.
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_ref().map(Id::as_str)
    }

    /// Returns the id of the call's telephony session, `s-...`.
    pub fn telephony_session_id(&self) -> Option<&str> {
        self.telephony_session_id.as_ref().map(Id::as_str)
    }

    /// Returns what identifies the call: `sessionId`, else `telephonySessionId`, else `id`.
    pub fn session(&self) -> &str {
        let ids = [self.session_id(), self.telephony_session_id(), self.id()];
        ids.into_iter()
            .flatten()
            .find(|id| !id.trim().is_empty())
            .unwrap_or_default()
    }

    /// Returns when the call started. Always there in the record of a whole call; the epoch stands for a leg without.
    pub fn start_time(&self) -> Timestamp {
        self.start_time.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Returns how long the call took.
    pub fn duration(&self) -> CallDuration {
        self.duration
    }

    /// Returns the JSON of the duration, whatever it is; `null` too, which is not the same as absent: App Connect writes
    /// `0 seconds` for the one and nothing for the other.
    pub fn duration_as_sent(&self) -> Option<&RawValue> {
        self.duration_as_sent.as_ref().map(Excerpt::raw)
    }

    /// Returns which way the call went.
    pub fn direction(&self) -> &Direction {
        &self.direction
    }

    /// Returns who called.
    pub fn from(&self) -> &Party {
        &self.from
    }

    /// Returns who was called.
    pub fn to(&self) -> &Party {
        &self.to
    }

    /// Returns the RingCentral extension that the record belongs to.
    pub fn extension(&self) -> &Extension {
        &self.extension
    }

    /// Returns what the call cost.
    pub fn billing(&self) -> &Billing {
        self.billing.get_or_init(|| billing(self.raw()))
    }

    /// Returns the call's recording.
    pub fn recording(&self) -> Option<&Recording> {
        self.recording.as_ref()
    }

    /// Returns the member `type`: `Voice` or `Fax`.
    pub fn kind(&self) -> Option<&str> {
        self.texts.kind.as_deref()
    }

    /// Returns what started the call, e.g. `Phone Call`.
    pub fn action(&self) -> Option<&str> {
        self.texts.action.as_deref()
    }

    /// Returns how the call ended, e.g. `Accepted`, `Missed`.
    pub fn result(&self) -> Option<&str> {
        self.texts.result.as_deref()
    }

    /// Returns `PSTN` or `VoIP`.
    pub fn transport(&self) -> Option<&str> {
        self.texts.transport.as_deref()
    }

    /// Returns when the record was last changed, as it was sent.
    pub fn last_modified_time(&self) -> Option<&str> {
        self.texts.last_modified_time.as_deref()
    }

    /// Returns the subject that the user gave the call.
    pub fn custom_subject(&self) -> Option<&str> {
        self.texts
            .custom_subject
            .as_deref()
            .filter(|subject| !subject.is_empty())
    }

    /// Returns where a person can listen to the voicemail, the record's member `voicemail.link`.
    pub fn voicemail_link(&self) -> Option<&str> {
        self.texts
            .voicemail_link
            .as_deref()
            .filter(|link| !link.is_empty())
    }

    /// Returns the legs of the call's journey, in order. A leg has none.
    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// Returns the whole record as it came in.
    pub fn raw(&self) -> &RawValue {
        self.text.raw()
    }
}

/// Shows ids only: a record holds numbers, names and links to recordings.
impl std::fmt::Debug for CallRecord {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("CallRecord")
            .field("session", &self.session())
            .finish_non_exhaustive()
    }
}

fn duration(object: &Object<'_>) -> CallDuration {
    let sent = object.get("duration");
    match sent.as_ref().and_then(Found::scalar) {
        Some(Scalar::Number(digits)) => digits
            .parse()
            .map_or(CallDuration::Unknown, CallDuration::Seconds),
        Some(Scalar::Text(text)) if text == "pending" => CallDuration::Pending,
        _ => CallDuration::Unknown,
    }
}

fn direction(object: &Object<'_>) -> Direction {
    Direction::named(object.lenient_text("direction").unwrap_or_default())
}

/// The RingCentral API has no such member: App Connect adds it, in whatever shape, so another one is kept.
fn voicemail_link(record: &Object<'_>) -> Option<String> {
    let voicemail = record.object("voicemail", &mut Faults::default())?;
    voicemail.lenient_text("link")
}

fn legs(record: &Object<'_>, faults: &mut Faults) -> Vec<Leg> {
    let Some(legs) = record.get("legs") else {
        return Vec::new();
    };
    if legs.n_items() > MAX_LEGS {
        let message = format!(
            "has {} legs, more than the {MAX_LEGS} that are read",
            legs.n_items()
        );
        record.report("legs", message, faults);
        return Vec::new();
    }
    legs.items(faults, leg)
}

fn leg(item: Found<'_>, faults: &mut Faults) -> Option<Leg> {
    let object = item.object(faults)?;
    Some(Leg {
        record: CallRecord::read_part(&object, faults),
        leg_type: object.lenient_text("legType"),
        is_master: object.get("master").is_some_and(|master| master.is_true()),
    })
}

/// Whether a member holds an id: anything but a blank string. One of the wrong kind has been reported as that.
fn is_filled(object: &Object<'_>, name: &str) -> bool {
    let is_blank = |found: Found<'_>| matches!(found.scalar(), Some(Scalar::Text(text)) if text.trim().is_empty());
    object.get(name).is_some_and(|found| !is_blank(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_known_of_a_call_that_is_over() {
        let length = |seconds| CallDuration::Seconds(seconds).length();
        assert_eq!(length(12.5), Some(Duration::from_millis(12_500)));
        assert_eq!(length(-3.0), Some(Duration::ZERO));
        assert_eq!(length(f64::INFINITY), None);
        assert_eq!(CallDuration::Pending.length(), None);
        assert_eq!(CallDuration::Unknown.length(), None);
    }
}
