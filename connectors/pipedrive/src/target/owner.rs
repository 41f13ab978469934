//! Who owns the activity: the user who logs the call, or the one an administrator assigned it to.

use std::num::NonZeroU64;

use switchboard_connector_sdk::CreateCallLog;
use switchboard_connector_sdk::model::InputFault;

use super::{id, id_of, quoted, unfit};
use crate::settings::UserMapping;

/// The Pipedrive user who owns an activity.
pub(crate) struct Owner {
    pub(crate) id: NonZeroU64,
    /// Says that the call was assigned to somebody whom Pipedrive does not know.
    pub(crate) warning: Option<String>,
}

impl Owner {
    /// Returns the assignee, if the call is assigned and one is known, else the user who logs the call.
    pub(crate) fn of(call: &CreateCallLog, mappings: &[UserMapping]) -> Result<Self, InputFault> {
        if !call.additional_submission().is_true("isAssignedToUser") {
            let id = logging_user(call.user().id())?;
            return Ok(Self { id, warning: None });
        }
        if let Some(id) = assignee(call, mappings)? {
            return Ok(Self { id, warning: None });
        }
        Ok(Self {
            id: logging_user(call.user().id())?,
            warning: Some(unknown_assignee(call)),
        })
    }
}

/// Returns the number before the first `-` of `user.id`.
pub(crate) fn logging_user(user_id: &str) -> Result<NonZeroU64, InputFault> {
    let number = user_id.split('-').next().and_then(id);
    number.ok_or_else(|| {
        let kind = "the id of a Pipedrive user, alone or before a hyphen";
        unfit("/user/id", &quoted(user_id), kind)
    })
}

/// Returns whom the gateway or the manifest names. The assignment token is the gateway's and never decoded
/// here.
fn assignee(
    call: &CreateCallLog,
    mappings: &[UserMapping],
) -> Result<Option<NonZeroU64>, InputFault> {
    let named = id_of(
        call.user().platform_additional_info(),
        "assigneeId",
        "/user/platformAdditionalInfo",
        "the id of a Pipedrive user",
    )?;
    Ok(named.or_else(|| mapped(&assigned_extension(call)?, mappings)))
}

fn mapped(extension: &str, mappings: &[UserMapping]) -> Option<NonZeroU64> {
    let has_extension = |mapping: &&UserMapping| {
        let mut known = mapping.rc_extension.iter();
        known.any(|known| known == extension)
    };
    let mapping = mappings.iter().find(has_extension);
    mapping.map(|mapping| mapping.crm_user)
}

fn assigned_extension(call: &CreateCallLog) -> Option<String> {
    call.additional_submission().text("adminAssignedUserRcId")
}

fn unknown_assignee(call: &CreateCallLog) -> String {
    let assigned = match assigned_extension(call) {
        Some(extension) => format!("RingCentral extension {}", quoted(&extension)),
        None => "a user without a RingCentral extension".to_owned(),
    };
    format!(
        "the call is assigned to {assigned}, for which no Pipedrive user is known: the activity \
         belongs to the user who logged the call; add the extension to user_mappings in the \
         manifest's [settings]"
    )
}
