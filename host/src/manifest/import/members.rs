//! Members of App Connect's manifest that have no place in one of Switchboard, and what they are about.

use super::{Object, quoted_for_people};

/// What a member is about, by its name.
pub(super) type About = [(&'static str, &'static str)];

pub(super) const FILE: &About = &[
    ("author", "who makes App Connect"),
    ("redirectUri", "where a sign-in returns to"),
    ("serverUrl", "the address of App Connect's server"),
];

pub(super) const PLATFORM: &About = &[
    ("auth", "how users sign in; the token comes with each call"),
    (
        "canOpenLogPage",
        "whether users can open an entry in the CRM",
    ),
    ("contactPageUrl", "where a contact is shown in the CRM"),
    ("contactTypes", "the kinds of contact that users can create"),
    (
        "developer",
        "who makes the platform's connector for App Connect",
    ),
    ("documentationUrl", "a link for users"),
    (
        "embedUrls",
        "the pages of the CRM in which App Connect is shown",
    ),
    (
        "enableExtensionNumberLoggingSetting",
        "whether users may log calls between extensions",
    ),
    (
        "enableFallbackContactPageUrl",
        "whether a page is opened for unknown callers",
    ),
    (
        "fallbackContactPageUrl",
        "the page that is opened for unknown callers",
    ),
    ("getSupportUrl", "a link for users"),
    ("logPageUrl", "where an entry is shown in the CRM"),
    ("logoUrl", "the CRM's logo"),
    (
        "override",
        "changes of this platform for some accounts, perhaps of its addresses",
    ),
    (
        "rcAdditionalSubmission",
        "what App Connect adds to a call from the user's RingCentral account",
    ),
    ("releaseNotesUrl", "a link for users"),
    (
        "requestConfig",
        "the time limit of App Connect's requests; see `timeout` under [limits]",
    ),
    (
        "serverSideLogging",
        "logging by App Connect's server, without a user",
    ),
    (
        "settings",
        "the pages of the users' settings; what users set comes with each call, in `user.userSettings`",
    ),
    (
        "trackSmsTypingDuration",
        "whether typing of messages is timed",
    ),
    (
        "urlIdentifier",
        "the CRM's pages, in an older form; see `allowed_hosts`",
    ),
    ("writeReviewUrl", "a link for users"),
];

pub(super) const PAGE: &About = &[
    (
        "disableContactCache",
        "whether contacts are looked up anew each time",
    ),
    ("feedback", "the form for feedback"),
    (
        "messageLog",
        "the fields of a message's log; Switchboard logs calls",
    ),
    (
        "newContact",
        "the fields of a new contact; Switchboard creates none",
    ),
    ("useContactSearch", "whether users can search for a contact"),
];

pub(super) const ENVIRONMENT: &About = &[("instructions", "how users find their address")];

pub(super) const FIELD: &About = &[
    (
        "accountDataKey",
        "its options come from the user's account, so any value is accepted",
    ),
    (
        "accountDataProperty",
        "where in the account's data the options are",
    ),
    (
        "accountDataPropertyByContactType",
        "where in the account's data the options are",
    ),
    (
        "defaultSettingId",
        "its default is one of the user's settings",
    ),
    (
        "defaultSettingValues",
        "its default is one of the user's settings, for each kind of call",
    ),
    ("placeholder", "what is shown while the field is empty"),
    ("uiSchema", "how the field is drawn"),
];

/// Says of every member that nobody asked for that it is not carried over. `prefix` is the way to the object.
pub(super) fn lost(prefix: &str, object: &Object<'_>, about: &About) -> Vec<String> {
    let note = |name: &str| {
        let known = about.iter().find(|(known, _)| *known == name);
        let about = known.map_or("Switchboard does not know it", |(_, about)| about);
        format!("{}: {about}", quoted_for_people(&format!("{prefix}{name}")))
    };
    object.rest().map(note).collect()
}
