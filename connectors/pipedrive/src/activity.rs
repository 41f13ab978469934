//! The activity, as `POST /api/v2/activities` wants it.

use std::num::NonZeroU64;

use serde::Serialize;
use serde_json::value::RawValue;
use switchboard_connector_sdk::CreateCallLog;
use switchboard_connector_sdk::jiff::tz::Offset;
use switchboard_connector_sdk::model::CallDuration;

use crate::target::Target;

/// An activity in the making. What is absent is left out: Pipedrive refuses an empty text for an id.
#[derive(Serialize)]
pub(crate) struct Activity<'a> {
    owner_id: NonZeroU64,
    subject: String,
    duration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deal_id: Option<NonZeroU64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    done: bool,
    due_date: String,
    due_time: String,
    participants: [Participant; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    org_id: Option<NonZeroU64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_id: Option<&'a RawValue>,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
struct Participant {
    person_id: NonZeroU64,
    primary: bool,
}

impl<'a> Activity<'a> {
    /// Describes a call as an activity of the type `kind`.
    pub(crate) fn new(
        call: &'a CreateCallLog,
        target: &'a Target,
        org_id: Option<NonZeroU64>,
        kind: &'a str,
    ) -> Self {
        let start = Offset::UTC.to_datetime(call.call_log().start_time());
        Self {
            owner_id: target.owner.id,
            subject: call.subject(),
            duration: hours_and_minutes(call.call_log().duration()),
            deal_id: target.link.deal_id(),
            note: call.composed_log_details(),
            done: true,
            due_date: start.date().to_string(),
            due_time: format!("{:02}:{:02}", start.hour(), start.minute()),
            participants: [Participant {
                person_id: target.person_id,
                primary: true,
            }],
            org_id,
            lead_id: target.link.lead_id(),
            kind,
        }
    }
}

/// Returns a duration as `HH:MM`, rounded up, so that a short call is not shown as none. A call that is
/// running or of unknown length has `00:00`.
pub(crate) fn hours_and_minutes(duration: CallDuration) -> String {
    const NANOS_PER_MINUTE: u128 = 60_000_000_000;
    let length = duration.length().unwrap_or_default();
    let minutes = length.as_nanos().div_ceil(NANOS_PER_MINUTE);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up_to_the_minute() {
        let lengths = [
            (-5.0, "00:00"),
            (0.0, "00:00"),
            (0.5, "00:01"),
            (1.0, "00:01"),
            (60.0, "00:01"),
            (60.5, "00:02"),
            (125.0, "00:03"),
            (3540.0, "00:59"),
            (3541.0, "01:00"),
            (3600.0, "01:00"),
            (86_399.0, "24:00"),
            (90_060.0, "25:01"),
            (360_000.0, "100:00"),
        ];
        for (seconds, expected) in lengths {
            let found = hours_and_minutes(CallDuration::Seconds(seconds));
            assert_eq!(found, expected, "{seconds}");
        }
    }

    #[test]
    fn a_length_that_nobody_knows_is_none() {
        for duration in [
            CallDuration::Pending,
            CallDuration::Unknown,
            CallDuration::Seconds(f64::INFINITY),
        ] {
            assert_eq!(hours_and_minutes(duration), "00:00", "{duration:?}");
        }
    }
}
