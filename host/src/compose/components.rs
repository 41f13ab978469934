//! The components of a log entry's body, in their order: one table for all formats.

use std::borrow::Cow;

use jiff::Timestamp;
use switchboard_connector_sdk::CreateCallLog;
use switchboard_connector_sdk::model::{CallRecord, Direction, Party};

use super::settings::{Settings, Switch};
use super::{Format, date, duration, journey, score};

/// What values are taken from.
pub(super) struct Source<'a> {
    pub(super) call: &'a CreateCallLog,
    /// When the call started, if that is to be written.
    pub(super) start: Option<Timestamp>,
    pub(super) settings: Settings<'a>,
}

/// One component.
pub(super) struct Component {
    pub(super) kind: Kind,
    pub(super) label: Label,
    /// The user's setting that leaves it out.
    pub(super) switch: Switch,
    /// Takes the value; without one the component is left out.
    pub(super) value: for<'a> fn(&Source<'a>) -> Option<Cow<'a, str>>,
}

/// What a component looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The agent's note, which stands above the rest.
    Note,
    /// One line.
    Field,
    /// One line with an address.
    Link,
    /// Lines of text.
    Block,
    /// Lines of text, in HTML with an empty line below.
    SpacedBlock,
    /// The lines of the call's journey.
    Journey,
}

/// What a component is called.
#[derive(Debug, Clone, Copy)]
pub(super) enum Label {
    /// The same everywhere.
    Same(&'static str),
    /// Plain text, then HTML, then Markdown.
    ByFormat(&'static str, &'static str, &'static str),
    /// In HTML for an outbound call, in HTML for others, then outside of HTML.
    ByDirection(&'static str, &'static str, &'static str),
}

use Kind::{Block, Field, Journey, Link, Note, SpacedBlock};
use Label::{ByDirection, ByFormat, Same};
use Switch::{Off, On};

/// All components, in the order in which they are written.
pub(super) static COMPONENTS: [Component; 19] = [
    Component {
        kind: Note,
        label: ByFormat("Note", "Agent notes", "Agent notes"),
        switch: On("addCallLogNote"),
        value: |of| text(of.call.note()),
    },
    Component {
        kind: Field,
        label: Same("Session Id"),
        switch: Off("addCallSessionId"),
        value: |of| text(of.call.call_log().session_id()),
    },
    Component {
        kind: Field,
        label: Same("RingCentral user name"),
        switch: Off("addRingCentralUserName"),
        value: |of| text(own_side(of.call.call_log()).name.as_deref()),
    },
    Component {
        kind: Field,
        label: Same("RingCentral number and extension"),
        switch: Off("addRingCentralNumber"),
        value: |of| number_and_extension(own_side(of.call.call_log())),
    },
    Component {
        kind: Field,
        label: Same("Summary"),
        switch: On("addCallLogSubject"),
        value: |of| text(of.call.call_log().custom_subject()),
    },
    Component {
        kind: Field,
        label: ByDirection(
            "Recipient phone number",
            "Caller phone number",
            "Contact Number",
        ),
        switch: Off("addCallLogContactNumber"),
        value: |of| text(of.call.contact().phone_number()),
    },
    Component {
        kind: Field,
        label: ByFormat("Date/Time", "Date/time", "Date/Time"),
        switch: On("addCallLogDateTime"),
        value: |of| Some(date::text(of.start?, of.call.user(), &of.settings).into()),
    },
    Component {
        kind: Field,
        label: Same("Duration"),
        switch: On("addCallLogDuration"),
        value: |of| duration::of_call(of.call.call_log().duration_as_sent()?),
    },
    Component {
        kind: Field,
        label: Same("Result"),
        switch: On("addCallLogResult"),
        value: |of| text(of.call.call_log().result()),
    },
    Component {
        kind: Link,
        label: Same("Call recording link"),
        switch: On("addCallLogRecording"),
        value: |of| text(of.call.call_log().recording()?.link.as_deref()),
    },
    Component {
        kind: Link,
        label: Same("Voicemail recording link"),
        switch: On("addCallLogRecording"),
        value: |of| {
            let beside = of.call.voicemail_link();
            text(beside.or_else(|| of.call.call_log().voicemail_link()))
        },
    },
    Component {
        kind: SpacedBlock,
        label: Same("AI Note"),
        switch: On("addCallLogAiNote"),
        value: |of| lines(of.call.ai_note()),
    },
    Component {
        kind: SpacedBlock,
        label: Same("Transcript"),
        switch: On("addCallLogTranscript"),
        value: |of| lines(of.call.transcript()),
    },
    Component {
        kind: Block,
        label: Same("ACE transcript"),
        switch: On("addCallLogRingSenseRecordingTranscript"),
        value: |of| lines(of.call.ring_sense_transcript()),
    },
    Component {
        kind: Block,
        label: Same("ACE summary"),
        switch: On("addCallLogRingSenseRecordingSummary"),
        value: |of| lines(of.call.ring_sense_summary()),
    },
    Component {
        kind: Field,
        label: Same("Call score"),
        switch: On("addCallLogRingSenseRecordingAIScore"),
        value: |of| score::text(of.call.ring_sense_ai_score()?),
    },
    Component {
        kind: Block,
        label: Same("ACE bulleted summary"),
        switch: On("addCallLogRingSenseRecordingBulletedSummary"),
        value: |of| lines(of.call.ring_sense_bulleted_summary()),
    },
    Component {
        kind: Link,
        label: Same("ACE recording link"),
        switch: On("addCallLogRingSenseRecordingLink"),
        value: |of| text(of.call.ring_sense_link()),
    },
    Component {
        kind: Journey,
        label: Same("Call journey"),
        switch: On("addCallLogLegs"),
        value: |of| journey::text(of.call.call_log().legs()).map(Cow::Owned),
    },
];

impl Label {
    pub(super) fn text(self, format: Format, direction: &Direction) -> &'static str {
        match (self, format) {
            (Same(label), _) => label,
            (ByFormat(label, _, _), Format::Plain) => label,
            (ByFormat(_, label, _), Format::Html) => label,
            (ByFormat(_, _, label), Format::Markdown) => label,
            (ByDirection(label, _, _), Format::Html) if *direction == Direction::Outbound => label,
            (ByDirection(_, label, _), Format::Html) => label,
            (ByDirection(_, _, label), _) => label,
        }
    }
}

/// Returns the RingCentral user's side of a call.
fn own_side(record: &CallRecord) -> &Party {
    match record.direction() {
        Direction::Inbound => record.to(),
        _ => record.from(),
    }
}

fn number_and_extension(party: &Party) -> Option<Cow<'_, str>> {
    let number = filled(party.phone_number.as_deref())?;
    Some(match filled(party.extension_number.as_deref()) {
        Some(extension) => Cow::Owned(format!("{number} {extension}")),
        None => Cow::Borrowed(number),
    })
}

fn text(value: Option<&str>) -> Option<Cow<'_, str>> {
    filled(value).map(Cow::Borrowed)
}

/// Takes a text of several lines, which ends where its last line does.
fn lines(value: Option<&str>) -> Option<Cow<'_, str>> {
    filled(value).map(|text| Cow::Borrowed(text.trim_end_matches(['\r', '\n'])))
}

/// Takes a text that is not empty: an empty one is the same as none.
pub(super) fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
