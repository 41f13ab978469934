//! When a call started, in the user's zone and format.

mod pattern;
mod token;
mod week;
mod zone;

use std::borrow::Cow;

use jiff::Timestamp;
use switchboard_connector_sdk::model::User;

use super::settings::Settings;

const DEFAULT_FORMAT: &str = "YYYY-MM-DD hh:mm:ss A";

/// Writes the start of a call.
pub(super) fn text(start: Timestamp, user: &User, settings: &Settings<'_>) -> String {
    let format = settings.date_format();
    let format = format.map_or(Cow::Borrowed(DEFAULT_FORMAT), Cow::Owned);
    pattern::write(&format, &start.to_zoned(zone::of(user)))
}

#[cfg(test)]
mod tests;
