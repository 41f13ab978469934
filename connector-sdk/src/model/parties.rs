//! Who logs a call, and whom it was with.

use serde_json::value::RawValue;

use super::excerpt::Excerpt;
use super::faults::Faults;
use super::fields::Fields;
use super::id::Id;
use super::reader::{Object, shorten};

/// The App Connect user who logs the call.
#[derive(Clone)]
pub struct User {
    id: Id,
    hostname: Option<String>,
    timezone_name: Option<String>,
    timezone_offset: Option<Id>,
    rc_account_id: Option<Id>,
    settings: Fields,
    platform_additional_info: Fields,
    text: Excerpt,
}

impl User {
    pub(super) fn read(object: &Object<'_>, faults: &mut Faults) -> Self {
        Self {
            id: object.required_id("id", faults),
            hostname: object.text("hostname", faults),
            timezone_name: object.text("timezoneName", faults),
            timezone_offset: object.id("timezoneOffset", faults),
            rc_account_id: object.id("rcAccountId", faults),
            settings: Fields::read(object, "userSettings", faults),
            platform_additional_info: Fields::read(object, "platformAdditionalInfo", faults),
            text: object.excerpt(),
        }
    }

    /// Whether the input named the user, as [`User::id`] promises.
    pub(super) fn is_identified(&self) -> bool {
        !self.id.is_blank()
    }

    /// Returns the user's id in the CRM as App Connect writes it, e.g. `42-pipedrive`. Never empty.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Returns the tenant's host of the CRM, e.g. `acme.pipedrive.com`.
    pub fn hostname(&self) -> Option<&str> {
        self.hostname
            .as_deref()
            .filter(|hostname| !hostname.is_empty())
    }

    /// Returns the user's time zone by its IANA name.
    pub fn timezone_name(&self) -> Option<&str> {
        self.timezone_name.as_deref()
    }

    /// Returns the user's distance from UTC as it was sent: `+05:30`, `+0530`, or digits of hours or minutes.
    pub fn timezone_offset(&self) -> Option<&str> {
        self.timezone_offset.as_ref().map(Id::as_str)
    }

    /// Returns the RingCentral account.
    pub fn rc_account_id(&self) -> Option<&str> {
        self.rc_account_id.as_ref().map(Id::as_str)
    }

    /// Returns the user's settings in App Connect. Each is an object with a member `value`.
    pub fn settings(&self) -> &Fields {
        &self.settings
    }

    /// Returns what the gateway knows of the user in this CRM.
    pub fn platform_additional_info(&self) -> &Fields {
        &self.platform_additional_info
    }

    /// Returns the whole object as it came in. Holds secrets.
    pub fn raw(&self) -> &RawValue {
        self.text.raw()
    }
}

/// The contact of the CRM that the call was with.
#[derive(Clone)]
pub struct Contact {
    id: Id,
    kind: Option<String>,
    phone_number: Option<String>,
    name: Option<String>,
    text: Excerpt,
}

impl Contact {
    pub(super) fn read(object: &Object<'_>, faults: &mut Faults) -> Self {
        Self {
            id: object.required_id("id", faults),
            kind: object.text("type", faults),
            phone_number: object.text("phoneNumber", faults),
            name: object.text("name", faults),
            text: object.excerpt(),
        }
    }

    /// Whether the input named the contact, as [`Contact::id`] promises.
    pub(super) fn is_identified(&self) -> bool {
        !self.id.is_blank()
    }

    /// Reports a phone number that is neither E.164 nor one of the numbers of the call itself: App Connect copies
    /// short codes, extensions and `anonymous` from there.
    pub(super) fn check_number(&self, object: &Object<'_>, call: &[String], faults: &mut Faults) {
        let Some(number) = self.phone_number() else {
            return;
        };
        if is_e164(number) || call.iter().any(|known| known == number) {
            return;
        }
        let shown = serde_json::Value::from(number).to_string();
        let message = format!(
            "{} is not an E.164 number (expected + and up to 15 digits)",
            shorten(&shown)
        );
        object.report("phoneNumber", message, faults);
    }

    /// Returns the contact's id in the CRM, a number as its digits. Never empty.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Returns the kind of contact, in the CRM's words.
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// Returns the contact's phone number: E.164, or as it stands in the call record.
    pub fn phone_number(&self) -> Option<&str> {
        self.phone_number
            .as_deref()
            .filter(|number| !number.is_empty())
    }

    /// Returns the contact's name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| !name.is_empty())
    }

    /// Returns the whole object as it came in.
    pub fn raw(&self) -> &RawValue {
        self.text.raw()
    }
}

/// `^\+[1-9][0-9]{1,14}$`, ITU-T E.164.
fn is_e164(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+') else {
        return false;
    };
    (2..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the text of a member that may be a string, a number or an object, e.g. a score.
pub(super) fn score(object: &Object<'_>, faults: &mut Faults) -> Option<Excerpt> {
    let found = object.get("ringSenseAIScore")?;
    let text = found.excerpt();
    if found.scalar().is_none() && !text.cut().get().starts_with('{') {
        found.mistyped("a string, a number or an object", faults);
        return None;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::is_e164;

    #[test]
    fn e164_is_a_plus_and_up_to_fifteen_digits() {
        for number in ["+12", "+16505550100", "+123456789012345"] {
            assert!(is_e164(number), "{number}");
        }
        for number in [
            "",
            "+",
            "+1",
            "6505550100",
            "+0123",
            "+1234567890123456",
            "+1650555010x",
        ] {
            assert!(!is_e164(number), "{number}");
        }
    }
}
