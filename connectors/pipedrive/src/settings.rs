//! What an operator may set.

use std::num::NonZeroU64;

use serde::Deserialize;

/// `[settings]` of the manifest. All of them may be left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    test,
    derive(switchboard_connector_sdk::testing::schemars::JsonSchema),
    schemars(crate = "switchboard_connector_sdk::testing::schemars")
)]
pub(crate) struct Settings {
    /// The `key_string` of the activity type for calls. Without it, or while that type is not active, the
    /// first active type whose name contains "call" is taken.
    pub(crate) call_activity_type: Option<String>,
    /// Which Pipedrive user owns the activities of which RingCentral extensions, where an administrator
    /// assigns calls.
    #[serde(default)]
    pub(crate) user_mappings: Vec<UserMapping>,
}

/// One Pipedrive user and the RingCentral extensions of the same person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    test,
    derive(switchboard_connector_sdk::testing::schemars::JsonSchema),
    schemars(crate = "switchboard_connector_sdk::testing::schemars")
)]
pub(crate) struct UserMapping {
    /// The ids of the extensions.
    pub(crate) rc_extension: Vec<String>,
    /// The id of the Pipedrive user.
    pub(crate) crm_user: NonZeroU64,
}
