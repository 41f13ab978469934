//! Composes the body of a log entry: `composedLogDetails`, in the words and the order of RingCentral App Connect.
//!
//! ```text
//! components  what a call has to say, one row a component: setting, label, kind, where its value comes from
//! writer      how a format writes each kind: frames, links, escapes
//! ```
//!
//! Every component is written once, in order, into one text, so the cost is linear in the input. What App Connect's own
//! composer does differently, and why, stands in `docs/log-details.md`.

mod components;
mod date;
mod duration;
mod input;
mod journey;
mod number;
mod score;
mod settings;
mod writer;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use switchboard_connector_sdk::CreateCallLog;

use components::{COMPONENTS, Source};
use settings::Settings;
use writer::Writer;

pub use input::{Draft, read_input};

/// How a log entry's body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `text/plain`
    Plain,
    /// `text/html`: values are escaped, their line breaks are `<br>`.
    Html,
    /// `text/markdown`
    Markdown,
}

/// A text that names no [`Format`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected text/plain, text/html or text/markdown, found {0:?}")]
pub struct UnknownFormat(String);

/// Composes the body of a call's log entry.
///
/// The user's settings, `user.userSettings`, say which components are written and how the date looks. A body that came
/// with the call, `composedLogDetails`, is not looked at.
///
/// ```
/// use switchboard_host::CreateCallLog;
/// use switchboard_host::compose::{Format, compose};
///
/// let call = CreateCallLog::from_json(r#"{
///     "user": { "id": "42", "timezoneName": "Europe/Berlin" },
///     "contactInfo": { "id": "77" },
///     "authHeader": "",
///     "callLog": { "id": "1", "startTime": "2026-03-05T17:04:05Z", "duration": 125 },
///     "note": "Call back."
/// }"#)?;
/// assert_eq!(
///     compose(&call, Format::Plain),
///     "- Note: Call back.\n\
///      - Date/Time: 2026-03-05 06:04:05 PM\n\
///      - Duration: 2 minutes, 5 seconds\n"
/// );
/// # Ok::<(), switchboard_host::InvalidInput>(())
/// ```
pub fn compose(call: &CreateCallLog, format: Format) -> String {
    write(call, Some(call.call_log().start_time()), format)
}

/// Writes the components of a call; without a start the date is left out.
fn write(call: &CreateCallLog, start: Option<Timestamp>, format: Format) -> String {
    let settings = Settings::read(call.user().settings().raw());
    let source = Source {
        call,
        start,
        settings,
    };
    let mut writer = Writer::new(format, capacity(call));
    for component in &COMPONENTS {
        if !source.settings.is_on(component.switch) {
            continue;
        }
        if let Some(value) = (component.value)(&source) {
            let label = component.label.text(format, call.call_log().direction());
            writer.write(component.kind, label, &value);
        }
    }
    writer.into_text()
}

/// Returns about how long the details will be. Growing a long text copies all of it.
fn capacity(call: &CreateCallLog) -> usize {
    let texts = [
        call.note(),
        call.ai_note(),
        call.transcript(),
        call.ring_sense_transcript(),
        call.ring_sense_summary(),
        call.ring_sense_bulleted_summary(),
    ];
    let n_bytes: usize = texts.into_iter().flatten().map(str::len).sum();
    // HTML writes four bytes for a line break, which stands once in a few words.
    1024 + n_bytes + n_bytes / 8
}

impl Format {
    const ALL: [Self; 3] = [Self::Plain, Self::Html, Self::Markdown];

    /// Returns the format's media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Html => "text/html",
            Self::Markdown => "text/markdown",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
