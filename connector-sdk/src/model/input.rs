//! The input of `createCallLog`: one JSON object.

mod text;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::excerpt::{Around, Excerpt};
use super::faults::Faults;
use super::fields::Fields;
use super::node::Node;
use super::numbers::Numbers;
use super::parties::{Contact, User, score};
use super::reader::{Found, Object, mismatch};
use super::record::{CallRecord, Direction, Party};
use super::split;
use super::walk::walk;
use crate::fault::Fault;
use text::{trimmed, unreadable, utf8};

/// The largest input: 10 MiB.
pub const MAX_INPUT_BYTES: usize = 10 * 1024 * 1024;

/// How deep the values of an input may be nested.
pub const MAX_NESTING: usize = 64;

/// How many legs a call may have. In memory, a leg takes many times the bytes of its text.
pub const MAX_LEGS: usize = 10_000;

/// How many objects and arrays are around the innermost value of a view, as in `/callLog/legs/0/from/name`.
const LEVELS_IN_VIEW: usize = 5;

/// One fault of an input: where and what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InputFault {
    /// JSON pointer (RFC 6901) to the value; empty for the whole input.
    pub pointer: String,
    /// What was found and expected. Never shows a secret or private value.
    pub message: String,
}

impl InputFault {
    /// Makes a fault.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
        }
    }

    /// Makes a fault of a member that is not as `expected`. Says what stands there instead, without showing what is
    /// secret or private by the member's name.
    pub fn mismatch(
        pointer: impl Into<String>,
        name: &str,
        expected: &str,
        found: &RawValue,
    ) -> Self {
        Self::new(pointer, mismatch(expected, found, name))
    }
}

impl fmt::Display for InputFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => formatter.write_str(&self.message),
            pointer => write!(formatter, "{pointer}: {}", self.message),
        }
    }
}

/// An input that cannot be logged, with all its faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidInput(Vec<InputFault>);

impl InvalidInput {
    /// Collects the faults of one input; `None` if there are none.
    pub fn new(faults: Vec<InputFault>) -> Option<Self> {
        (!faults.is_empty()).then_some(Self(faults))
    }

    /// Returns the faults, at least one, in the order of the checks.
    pub fn faults(&self) -> &[InputFault] {
        &self.0
    }
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidInput {}

impl From<InvalidInput> for Fault {
    fn from(invalid: InvalidInput) -> Self {
        Fault::invalid_input(invalid.to_string()).with_faults(invalid.0)
    }
}

/// One call to be logged: the input of `createCallLog`.
#[derive(Clone)]
pub struct CreateCallLog {
    user: User,
    contact: Contact,
    auth_header: String,
    call_log: CallRecord,
    additional_submission: Fields,
    texts: Texts,
    ring_sense_ai_score: Option<Excerpt>,
    text: Excerpt,
}

/// The members that are plain text.
#[derive(Clone)]
struct Texts {
    note: Option<Arc<str>>,
    ai_note: Option<Arc<str>>,
    transcript: Option<Arc<str>>,
    ring_sense_transcript: Option<Arc<str>>,
    ring_sense_summary: Option<Arc<str>>,
    ring_sense_bulleted_summary: Option<Arc<str>>,
    ring_sense_link: Option<Arc<str>>,
    composed_log_details: Option<Arc<str>>,
    voicemail_link: Option<String>,
}

impl CreateCallLog {
    /// Reads and checks an input.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`] with every fault that was found. Where the text is no JSON there is one: nothing behind it can
    /// be judged.
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self, InvalidInput> {
        let mut faults = Faults::default();
        let call = Self::check(json.as_ref(), &mut faults);
        match (call, faults.into_vec()) {
            (Some(call), faults) if faults.is_empty() => Ok(call),
            (_, faults) => Err(InvalidInput(faults)),
        }
    }

    /// Reads an input that the host has checked.
    ///
    /// The rules are the host's alone. A connector is built once and meets newer hosts for years: one that checked them
    /// again would go on refusing what they have come to allow. So a member that does not fit its view is absent.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`] with every fault, if a view that always yields a value would have none: the user's or the
    /// contact's id, the authorization, the call record or its start.
    pub(crate) fn from_checked_json(json: &[u8]) -> Result<Self, InvalidInput> {
        let mut faults = Faults::default();
        let call = utf8(json, &mut faults).and_then(|text| Self::read_leniently(text, &mut faults));
        call.ok_or_else(|| InvalidInput(faults.into_vec()))
    }

    /// Reads what is there, whatever the walk would say of it.
    fn read_leniently(text: &str, faults: &mut Faults) -> Option<Self> {
        if let Ok(node) = walk(text, &mut Faults::default()) {
            return Self::read(text, &node, faults);
        }
        let raw = serde_json::from_str::<&RawValue>(text)
            .map_err(|error| faults.add("", format!("the input is not JSON: {error}")))
            .ok()?;
        Self::read(text, &split::tree(raw, LEVELS_IN_VIEW), faults)
    }

    /// Checks and reads as much as can be read. `None` comes with at least one fault.
    fn check(json: &[u8], faults: &mut Faults) -> Option<Self> {
        if json.trim_ascii().is_empty() {
            faults.add("", "the input is empty, expected one JSON object");
            return None;
        }
        if json.len() > MAX_INPUT_BYTES {
            let message = format!(
                "the input is longer than the {MAX_INPUT_BYTES} bytes that are read; leave transcripts out"
            );
            faults.add("", message);
            return None;
        }
        let text = utf8(json, faults)?;
        if text.starts_with('\u{feff}') {
            faults.add("", "the input starts with a byte order mark; leave it out");
            return None;
        }
        match walk(text, faults) {
            Ok(node) => Self::read(text, &node, faults),
            Err(error) => {
                faults.add("", unreadable(text, &error));
                None
            }
        }
    }

    /// Reads what is there. `None`, which comes with at least one fault, if a required view has no value.
    fn read(text: &str, node: &Node<'_>, faults: &mut Faults) -> Option<Self> {
        let numbers = Numbers::new(text);
        let text = Around::Input(trimmed(text).into());
        let input = Found::input(node, &text, &numbers).object(faults)?;
        Self::read_members(&input, faults)
    }

    fn read_members(input: &Object<'_>, faults: &mut Faults) -> Option<Self> {
        let user = input.require("user", faults, Object::object);
        let user = user.map(|object| User::read(&object, faults));
        let contact_object = input.require("contactInfo", faults, Object::object);
        let contact = contact_object
            .as_ref()
            .map(|object| Contact::read(object, faults));
        let auth_header = input.require("authHeader", faults, Object::text);
        if let Some(value) = &auth_header {
            check_header_value(value, input, faults);
        }
        let call_log = input.require("callLog", faults, Object::object);
        let call_log = call_log.map(|object| CallRecord::read(&object, faults));
        if let (Some(contact), Some(object)) = (&contact, &contact_object) {
            let numbers = call_log.as_ref().map(numbers_of).unwrap_or_default();
            contact.check_number(object, &numbers, faults);
        }
        let additional_submission = Fields::read(input, "additionalSubmission", faults);
        let texts = Texts::read(input, faults);
        let ring_sense_ai_score = score(input, faults);
        Some(Self {
            user: user.filter(User::is_identified)?,
            contact: contact.filter(Contact::is_identified)?,
            auth_header: auth_header?,
            call_log: call_log.filter(CallRecord::is_started)?,
            additional_submission,
            texts,
            ring_sense_ai_score,
            text: input.excerpt(),
        })
    }

    /// Returns who logs the call (`user`).
    pub fn user(&self) -> &User {
        &self.user
    }

    /// Returns whom the call was with (`contactInfo`).
    pub fn contact(&self) -> &Contact {
        &self.contact
    }

    /// Returns the value of the HTTP `Authorization` header for the CRM, scheme included. Secret. May be empty.
    pub fn auth_header(&self) -> &str {
        &self.auth_header
    }

    /// Returns the RingCentral call record (`callLog`).
    pub fn call_log(&self) -> &CallRecord {
        &self.call_log
    }

    /// Returns the values of the manifest's custom fields.
    pub fn additional_submission(&self) -> &Fields {
        &self.additional_submission
    }

    /// Returns what the agent wrote.
    pub fn note(&self) -> Option<&str> {
        non_empty(&self.texts.note)
    }

    /// Returns the AI's summary of the call.
    pub fn ai_note(&self) -> Option<&str> {
        non_empty(&self.texts.ai_note)
    }

    /// Returns the transcript.
    pub fn transcript(&self) -> Option<&str> {
        non_empty(&self.texts.transcript)
    }

    /// Returns ACE's transcript.
    pub fn ring_sense_transcript(&self) -> Option<&str> {
        non_empty(&self.texts.ring_sense_transcript)
    }

    /// Returns ACE's summary.
    pub fn ring_sense_summary(&self) -> Option<&str> {
        non_empty(&self.texts.ring_sense_summary)
    }

    /// Returns ACE's summary in points.
    pub fn ring_sense_bulleted_summary(&self) -> Option<&str> {
        non_empty(&self.texts.ring_sense_bulleted_summary)
    }

    /// Returns ACE's score of the call as JSON: a string, a number or an object.
    pub fn ring_sense_ai_score(&self) -> Option<&RawValue> {
        self.ring_sense_ai_score.as_ref().map(Excerpt::raw)
    }

    /// Returns where ACE shows the call.
    pub fn ring_sense_link(&self) -> Option<&str> {
        non_empty(&self.texts.ring_sense_link)
    }

    /// Returns the body of the log entry, ready to be written.
    pub fn composed_log_details(&self) -> Option<&str> {
        non_empty(&self.texts.composed_log_details)
    }

    /// Returns where a person can listen to the voicemail, if the gateway says so beside the record.
    pub fn voicemail_link(&self) -> Option<&str> {
        non_empty(&self.texts.voicemail_link)
    }

    /// Returns the subject of an entry: the user's own, else one made from direction and contact.
    pub fn subject(&self) -> String {
        if let Some(subject) = self.call_log.custom_subject() {
            return subject.to_owned();
        }
        let contact = &self.contact;
        let name = contact
            .name()
            .or(contact.phone_number())
            .unwrap_or("Unknown");
        match self.call_log.direction() {
            Direction::Inbound => format!("Inbound Call from {name}"),
            Direction::Outbound => format!("Outbound Call to {name}"),
            Direction::Other(_) => format!("Call with {name}"),
        }
    }

    /// Returns the JSON of a member that has no view, e.g. `hashedAccountId`. `null` is the same as absent.
    pub fn member(&self, name: &str) -> Option<Box<RawValue>> {
        let member = split::member(self.raw().get(), name)?;
        (member.get() != "null").then(|| member.to_owned())
    }

    /// Returns the whole input as it came in. Holds secrets.
    pub fn raw(&self) -> &RawValue {
        self.text.raw()
    }
}

/// Shows ids only: an input holds secrets and private texts.
impl fmt::Debug for CreateCallLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CreateCallLog")
            .field("session", &self.call_log.session())
            .finish_non_exhaustive()
    }
}

impl Texts {
    fn read(input: &Object<'_>, faults: &mut Faults) -> Self {
        Self {
            note: input.long_text("note", faults),
            ai_note: input.long_text("aiNote", faults),
            transcript: input.long_text("transcript", faults),
            ring_sense_transcript: input.long_text("ringSenseTranscript", faults),
            ring_sense_summary: input.long_text("ringSenseSummary", faults),
            ring_sense_bulleted_summary: input.long_text("ringSenseBulletedSummary", faults),
            ring_sense_link: input.long_text("ringSenseLink", faults),
            composed_log_details: input.long_text("composedLogDetails", faults),
            voicemail_link: input.lenient_text("voicemailLink"),
        }
    }
}

/// Reports what no header can carry. A secret that is read from a file often ends in a line break.
fn check_header_value(value: &str, input: &Object<'_>, faults: &mut Faults) {
    let is_control = |byte: u8| byte.is_ascii_control() && byte != b'\t';
    if let Some(index) = value.bytes().position(is_control) {
        let message = format!(
            "holds a control character, such as a line break, at byte {} of {}; leave it out",
            index + 1,
            value.len()
        );
        input.report("authHeader", message, faults);
    }
}

fn numbers_of(record: &CallRecord) -> Vec<String> {
    let numbers = |party: &Party| [party.phone_number.clone(), party.extension_number.clone()];
    [record.from(), record.to()]
        .into_iter()
        .flat_map(numbers)
        .flatten()
        .collect()
}

fn non_empty<T: AsRef<str>>(text: &Option<T>) -> Option<&str> {
    text.as_ref()
        .map(AsRef::as_ref)
        .filter(|text| !text.is_empty())
}
