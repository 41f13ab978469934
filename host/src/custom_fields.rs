//! Checks what users submitted beside a call (`additionalSubmission`) against the custom fields of the manifest.
//!
//! Defaults are filled in first. What cannot be logged is a fault, and all faults are found; what can, but not as the
//! sender may think, is a warning.

mod finding;

use serde_json::value::{RawValue, to_raw_value};
use switchboard_connector_sdk::model::InputFault;

use crate::input::Members;
use crate::manifest::{CustomField, FieldKind, UnknownCustomFields, is_iso_date};

/// The member of an input that holds the values.
pub(crate) const SUBMISSION: &str = "additionalSubmission";

/// By these App Connect assigns a call to another user, whatever the manifest says.
const ASSIGNMENT: [&str; 3] = [
    "isAssignedToUser",
    "adminAssignedUserToken",
    "adminAssignedUserRcId",
];

/// So many unknown fields are named one by one: an input has room for millions.
const MAX_NAMED: usize = 100;

/// What the check of one submission came to.
#[derive(Default)]
pub(crate) struct Checked {
    /// The submission as the connector shall get it, if that is not as it came in.
    pub(crate) changed: Option<Box<RawValue>>,
    /// What was changed or not checked.
    pub(crate) warnings: Vec<String>,
    /// Why the call is refused.
    pub(crate) faults: Vec<InputFault>,
}

/// Checks a submission; one that is absent has no members.
pub(crate) fn check(
    fields: &[CustomField],
    unknown: UnknownCustomFields,
    submission: Members<'_>,
) -> Checked {
    let mut check = Check {
        submission,
        is_changed: false,
        found: Checked::default(),
    };
    for field in fields {
        check.fill_in(field);
        check.check(field);
    }
    check.check_unknown(fields, unknown);
    check.finish()
}

/// The check of one submission.
struct Check<'a> {
    submission: Members<'a>,
    is_changed: bool,
    found: Checked,
}

impl Check<'_> {
    /// Fills in a field's default.
    fn fill_in(&mut self, field: &CustomField) {
        let default = field.default.as_ref().filter(|default| *default != "");
        if let Some(default) = default
            && !self.submission.has(&field.name)
        {
            let value = to_raw_value(default).expect("a default is JSON");
            self.submission.set(&field.name, value);
            self.is_changed = true;
        }
    }

    /// Checks the value of a field that the manifest defines.
    fn check(&mut self, field: &CustomField) {
        let Some(value) = self.submission.get(&field.name).filter(is_present) else {
            let missing = field.required.then(|| finding::missing(field));
            self.found.faults.extend(missing);
            return;
        };
        if field.kind == FieldKind::Warning {
            self.submission.remove(&field.name);
            self.is_changed = true;
            self.found.warnings.push(finding::dropped(field));
        } else if let Some(expected) = unmet(field, value) {
            let misfit = finding::misfit(field, value, &expected);
            self.found.faults.push(misfit);
        }
    }

    /// Names the fields that the manifest does not define.
    fn check_unknown(&mut self, fields: &[CustomField], unknown: UnknownCustomFields) {
        let is_known =
            |name: &str| ASSIGNMENT.contains(&name) || fields.iter().any(|it| it.name == name);
        let present = self.submission.present();
        let names: Vec<_> = present.filter(|name| !is_known(name)).collect();
        let (named, others) = names.split_at(names.len().min(MAX_NAMED));
        let named = named.iter();
        match unknown {
            UnknownCustomFields::Pass => {
                let warnings = named.map(|name| finding::passed_on(name));
                self.found.warnings.extend(warnings);
                let others = finding::others_passed_on(others.len());
                self.found.warnings.extend(others);
            }
            UnknownCustomFields::Refuse => {
                let faults = named.map(|name| finding::unknown(name, fields));
                self.found.faults.extend(faults);
                let others = finding::others_unknown(others.len());
                self.found.faults.extend(others);
            }
        }
    }

    fn finish(self) -> Checked {
        let changed = self.is_changed.then(|| {
            RawValue::from_string(self.submission.to_json()).expect("members are written as JSON")
        });
        Checked {
            changed,
            ..self.found
        }
    }
}

impl Members<'_> {
    /// Whether a field has a value.
    fn has(&self, name: &str) -> bool {
        self.get(name).filter(is_present).is_some()
    }

    /// Returns the names of the fields that have a value.
    fn present(&self) -> impl Iterator<Item = &str> {
        let members = self.iter().filter(|(_, value)| is_present(value));
        members.map(|(name, _)| name)
    }
}

/// Whether a value counts: forms send an empty text for what was left empty, whatever the field holds.
fn is_present(value: &&RawValue) -> bool {
    !matches!(value.get(), "null" | r#""""#)
}

/// Returns what a field expects, if the value is something else.
fn unmet(field: &CustomField, value: &RawValue) -> Option<String> {
    let is_boolean = || matches!(value.get(), "true" | "false");
    match field.kind {
        FieldKind::Selection if field.has_fixed_options() && !is_listed(field, value) => {
            Some(finding::options(field))
        }
        FieldKind::Checkbox if !is_boolean() => Some("true or false".to_owned()),
        FieldKind::Date if !is_date(value) => {
            Some("an ISO date like 2026-01-31, with or without a time".to_owned())
        }
        _ => None,
    }
}

fn is_listed(field: &CustomField, value: &RawValue) -> bool {
    let value = match value.get().as_bytes() {
        [b'"', ..] => text(value),
        [b'{' | b'[', ..] => None,
        // A number as it is written: of a long one a conversion would round the digits.
        _ => Some(value.get().to_owned()),
    };
    let mut options = field.options.iter();
    value.is_some_and(|value| options.any(|option| option.text() == value))
}

fn is_date(value: &RawValue) -> bool {
    text(value).is_some_and(|text| is_iso_date(&text))
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

#[cfg(test)]
mod tests;
