//! What finds a call's entry in the CRM again.

use jiff::Timestamp;
use serde::Serialize;

use super::row::as_text;

/// What a connector needs to look for the entry of a call, and what tells one call from another.
///
/// Ids and times only: neither names nor phone numbers nor any text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallReference {
    /// The user's hostname.
    pub hostname: String,
    /// The user's id.
    pub user_id: String,
    /// The contact that the entry is about.
    pub contact_id: String,
    /// What identifies the call: `sessionId`, else `telephonySessionId`, else `id`.
    pub session: String,
    /// The record's `sessionId`.
    pub session_id: Option<String>,
    /// The record's `telephonySessionId`.
    pub telephony_session_id: Option<String>,
    /// The record's `id`.
    pub record_id: Option<String>,
    /// When the call started.
    #[serde(serialize_with = "as_text")]
    pub started_at: Timestamp,
    /// `Inbound`, `Outbound`, or what was sent in its place.
    pub direction: String,
}
