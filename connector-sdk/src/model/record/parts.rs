//! The parts of a call record that are objects.

use std::sync::OnceLock;

use serde_json::value::RawValue;

use crate::model::faults::Faults;
use crate::model::reader::Object;
use crate::model::scalar::Scalar;
use crate::model::split;

/// One side of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Party {
    /// Usually E.164.
    pub phone_number: Option<String>,
    /// The number within the RingCentral account.
    pub extension_number: Option<String>,
    /// The extension's id within the RingCentral account.
    pub extension_id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// City and state or country.
    pub location: Option<String>,
}

/// The RingCentral extension that a record belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Extension {
    /// Its id.
    pub id: Option<String>,
    /// Its address in the RingCentral API.
    pub uri: Option<String>,
}

/// What a call cost, as decimal text in the account's currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Billing {
    /// Paid from what the plan includes.
    pub cost_included: Option<String>,
    /// Paid beside it.
    pub cost_purchased: Option<String>,
}

/// The recording of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recording {
    /// Its id.
    pub id: Option<String>,
    /// Its address in the RingCentral API.
    pub uri: Option<String>,
    /// `Automatic` or `OnDemand`.
    pub kind: Option<String>,
    /// Where the sound is.
    pub content_uri: Option<String>,
    /// Where a person can listen to it.
    pub link: Option<String>,
}

pub(super) fn party(record: &Object<'_>, name: &str, faults: &mut Faults) -> Party {
    let Some(object) = record.object(name, faults) else {
        return Party::default();
    };
    Party {
        phone_number: object.lenient_text("phoneNumber"),
        extension_number: object.lenient_text("extensionNumber"),
        extension_id: id_text(&object, "extensionId", faults),
        name: object.lenient_text("name"),
        location: object.lenient_text("location"),
    }
}

pub(super) fn extension(record: &Object<'_>, faults: &mut Faults) -> Extension {
    let Some(object) = record.object("extension", faults) else {
        return Extension::default();
    };
    Extension {
        id: id_text(&object, "id", faults),
        uri: object.lenient_text("uri"),
    }
}

/// Checks the shape of what [`billing`] reads.
pub(super) fn unread_billing(record: &Object<'_>, faults: &mut Faults) -> OnceLock<Billing> {
    record.object("billing", faults);
    OnceLock::new()
}

pub(super) fn billing(record: &RawValue) -> Billing {
    let billing = split::member(record.get(), "billing").map_or("", RawValue::get);
    let cost = |name| Some(Scalar::read(split::member(billing, name)?)?.into_text());
    Billing {
        cost_included: cost("costIncluded"),
        cost_purchased: cost("costPurchased"),
    }
}

pub(super) fn recording(record: &Object<'_>, faults: &mut Faults) -> Option<Recording> {
    let object = record.object("recording", faults)?;
    Some(Recording {
        id: id_text(&object, "id", faults),
        uri: object.lenient_text("uri"),
        kind: object.lenient_text("type"),
        content_uri: object.lenient_text("contentUri"),
        link: object.lenient_text("link"),
    })
}

fn id_text(object: &Object<'_>, name: &str, faults: &mut Faults) -> Option<String> {
    object.id(name, faults).map(|id| id.as_str().to_owned())
}
