//! A call's way from leg to leg.

use std::fmt::Write as _;

use switchboard_connector_sdk::model::{Direction, Leg, Party};

use super::components::filled;
use super::duration;

/// Writes one line a leg; `None` for a call without legs.
pub(super) fn text(legs: &[Leg]) -> Option<String> {
    let (first, others) = legs.split_first()?;
    let mut journey = String::new();
    let record = &first.record;
    match record.direction() {
        Direction::Outbound => add_party(&mut journey, "Made call from ", record.from()),
        _ => add_party(&mut journey, "Received call at ", record.to()),
    }
    for leg in others {
        add_transfer(&mut journey, leg);
    }
    Some(journey)
}

fn add_transfer(journey: &mut String, leg: &Leg) {
    let record = &leg.record;
    let is_own_call =
        *record.direction() == Direction::Outbound && leg.leg_type.as_deref() != Some("PstnToSip");
    let party = if is_own_call {
        record.from()
    } else {
        record.to()
    };
    add_party(journey, "\nTransferred to ", party);
    if let Some(duration) = record.duration_as_sent().and_then(duration::of_leg) {
        journey.push_str(", duration: ");
        journey.push_str(&duration);
    }
}

/// Adds name, number and extension of a party, as far as they are known. An unknown party leaves its place empty, as in
/// App Connect.
fn add_party(journey: &mut String, what: &str, party: &Party) {
    journey.push_str(what);
    let name = filled(party.name.as_deref());
    let number = filled(party.phone_number.as_deref());
    let extension = filled(party.extension_number.as_deref());
    let extension = extension.map(|extension| format!("ext {extension}"));
    let parts = [name, number, extension.as_deref()].into_iter().flatten();
    for (index, part) in parts.enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        // Writing to a text cannot fail.
        let _ = write!(journey, "{separator}{part}");
    }
}
