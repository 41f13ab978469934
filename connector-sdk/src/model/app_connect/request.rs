//! The body of App Connect's `POST /callLog`.

use serde_json::value::RawValue;

use super::members::{Members, ObjectText};
use super::moved;
use crate::model::InputFault;

/// What App Connect's server makes itself. It heeds no such member of a request, which comes from a browser.
const MADE_BY_THE_SERVER: [&str; 6] = [
    "user",
    "contactInfo",
    "authHeader",
    "callLog",
    "composedLogDetails",
    "proxyConfig",
];

/// What the input's contact and call record are made from.
const TAKEN_APART: [&str; 4] = ["logInfo", "contactId", "contactType", "contactName"];

/// What may stand beside the call record or in its `voicemail`, and its name there.
const VOICEMAIL: [(&str, &str); 2] = [
    ("voicemailLink", "link"),
    ("voicemailMessageId", "messageId"),
];

const EMPTY: &str = r#""""#;

/// A request, taken apart.
pub(super) struct Request<'a> {
    members: Members<'a>,
    record: Members<'a>,
    /// What the record's voicemail says in place of members that the request itself lacks.
    of_the_voicemail: Vec<(&'static str, &'a RawValue)>,
}

impl<'a> Request<'a> {
    /// Reads a request; `None` if it is no object.
    pub(super) fn read(json: &'a [u8]) -> Option<Self> {
        let members = Members::read(json)?;
        let record = members.object("logInfo");
        let voicemail = record.object("voicemail");
        let missing = VOICEMAIL.into_iter();
        let missing = missing.filter(|(name, _)| members.get(name).is_none());
        let of_the_voicemail = missing
            .filter_map(|(name, inner)| Some((name, voicemail.get(inner)?)))
            .collect();
        Some(Self {
            members,
            record,
            of_the_voicemail,
        })
    }

    /// Adds what the request says to an input.
    pub(super) fn write_to(&self, input: &mut ObjectText) {
        input.add("contactInfo", &self.contact());
        for record in self.members.all("logInfo") {
            input.add("callLog", record.get());
        }
        for (name, value) in self.members.iter() {
            if !TAKEN_APART.contains(&name) && !MADE_BY_THE_SERVER.contains(&name) {
                input.add(name, self.of_the_voicemail(name).unwrap_or(value).get());
            }
        }
        for (name, value) in &self.of_the_voicemail {
            if self.members.as_sent(name).is_none() {
                input.add(name, value.get());
            }
        }
    }

    /// Returns a fault of the input as one of the request.
    pub(super) fn explain(&self, fault: &InputFault) -> InputFault {
        if fault.pointer == "/contactInfo/id" && !self.has_contact() {
            let message = "is missing: no contact was found for the number of the call; create or choose one, then log \
                           the call again";
            return InputFault::new("/contactId", message);
        }
        let number = format!("/logInfo/{}/phoneNumber", self.contact_side());
        let made_from = [
            ("/callLog", "/logInfo"),
            ("/contactInfo/id", "/contactId"),
            ("/contactInfo/type", "/contactType"),
            ("/contactInfo/name", "/contactName"),
            ("/contactInfo/phoneNumber", &number),
        ];
        let pointer = &fault.pointer;
        let place = made_from
            .iter()
            .find_map(|(from, to)| moved(pointer, from, to))
            .or_else(|| self.place_in_voicemail(pointer));
        InputFault::new(place.unwrap_or_else(|| pointer.clone()), &fault.message)
    }

    fn contact(&self) -> String {
        let mut contact = ObjectText::default();
        if self.has_contact() {
            for id in self.members.all("contactId") {
                contact.add("id", id.get());
            }
        }
        for (name, sent_as) in [("type", "contactType"), ("name", "contactName")] {
            for value in self.members.all(sent_as) {
                let is_null = value.get() == "null";
                contact.add(name, if is_null { EMPTY } else { value.get() });
            }
            if self.members.as_sent(sent_as).is_none() {
                contact.add(name, EMPTY);
            }
        }
        let other_side = self.record.object(self.contact_side());
        if let Some(number) = other_side.as_sent("phoneNumber") {
            contact.add("phoneNumber", number.get());
        }
        contact.end()
    }

    /// Whether a contact is named. App Connect sends 0 or nothing where it knows none.
    fn has_contact(&self) -> bool {
        let is_zero = |id: &str| id.parse().is_ok_and(|number: f64| number == 0.0);
        let mut ids = self.members.all("contactId").map(RawValue::get);
        ids.any(|id| id != "null" && id != EMPTY && !is_zero(id))
    }

    /// Returns which side of the call the contact is.
    fn contact_side(&self) -> &'static str {
        let direction = self.record.get("direction").map(RawValue::get);
        let direction = direction.and_then(|text| serde_json::from_str::<String>(text).ok());
        match direction.as_deref() {
            Some("Inbound") => "from",
            _ => "to",
        }
    }

    fn of_the_voicemail(&self, name: &str) -> Option<&'a RawValue> {
        let mut all = self.of_the_voicemail.iter();
        all.find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }

    fn place_in_voicemail(&self, pointer: &str) -> Option<String> {
        VOICEMAIL.into_iter().find_map(|(name, inner)| {
            self.of_the_voicemail(name)?;
            let own = format!("/{name}");
            // A member that is null, as often as it stands there, is the request's own.
            let is_own = pointer == own && self.members.as_sent(name).is_some();
            let place = format!("/logInfo/voicemail/{inner}");
            moved(pointer, &own, &place).filter(|_| !is_own)
        })
    }
}
