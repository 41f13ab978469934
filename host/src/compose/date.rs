//! When a call started, in the user's zone and format.

mod pattern;
mod token;
mod week;
mod zone;

use std::borrow::Cow;

use switchboard_connector_sdk::CreateCallLog;

use super::settings::Settings;

const DEFAULT_FORMAT: &str = "YYYY-MM-DD hh:mm:ss A";

/// Writes the start of a call.
pub(super) fn text(call: &CreateCallLog, settings: &Settings<'_>) -> String {
    let format = settings.date_format();
    let format = format.map_or(Cow::Borrowed(DEFAULT_FORMAT), Cow::Owned);
    let start = call.call_log().start_time();
    pattern::write(&format, &start.to_zoned(zone::of(call.user())))
}

#[cfg(test)]
mod tests;
