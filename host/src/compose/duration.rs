//! How long a call or a leg took, in words.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::number;
use crate::input::text_of;

/// Writes a call's duration: hours, minutes and seconds, and no days. `null` counts as no time at all, as it does in
/// App Connect; a text that is no number, such as `pending`, is written as it is.
pub(super) fn of_call(raw: &RawValue) -> Option<Cow<'_, str>> {
    if raw.get() == "null" {
        return Some(in_words(0.0).into());
    }
    if let Some(seconds) = number::read(raw.get()) {
        return Some(in_words(seconds).into());
    }
    let text = text_of(raw)?;
    Some(match number::read(&text) {
        Some(seconds) => in_words(seconds).into(),
        None if text.trim().is_empty() => in_words(0.0).into(),
        None => text,
    })
}

/// Writes a leg's duration in seconds, as many as there are.
pub(super) fn of_leg(raw: &RawValue) -> Option<String> {
    if let Some(seconds) = number::read(raw.get()) {
        return Some(counted(seconds, "second"));
    }
    let text = text_of(raw)?;
    let unit = match number::read(&text) {
        Some(seconds) if seconds > 1.0 => "seconds",
        _ => "second",
    };
    Some(format!("{text} {unit}"))
}

fn in_words(seconds: f64) -> String {
    let hours = (seconds / 3600.0).floor();
    let minutes = (seconds % 3600.0 / 60.0).floor();
    let rest = seconds % 60.0;
    // Two units are plural from 2 on; seconds, which may have a fraction, are singular at 1 only.
    let parts = [
        (hours, counted(hours, "hour")),
        (minutes, counted(minutes, "minute")),
        (rest, plural_but_for_one(rest)),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0.0);
    let parts: Vec<_> = parts.map(|(_, part)| part).collect();
    if parts.is_empty() {
        return "0 seconds".to_owned();
    }
    parts.join(", ")
}

fn counted(number: f64, unit: &str) -> String {
    let plural = if number > 1.0 { "s" } else { "" };
    format!("{} {unit}{plural}", number::write(number))
}

fn plural_but_for_one(seconds: f64) -> String {
    let unit = if seconds == 1.0 { "second" } else { "seconds" };
    format!("{} {unit}", number::write(seconds))
}
