//! The user's settings that bear on a log entry's body.
//!
//! App Connect's are objects with a member `value`, and it takes values as JavaScript does: what is neither absent nor
//! `null`, `false`, 0 or `""` is on, the text `"false"` too.

use serde_json::value::RawValue;

use super::components::filled;
use super::number;
use crate::input::{Members, text_of};

const DATE_FORMAT: &str = "logDateFormat";

/// `user.userSettings`.
#[derive(Default)]
pub(super) struct Settings<'a>(Members<'a>);

/// A setting that turns a component on and off, and what it is without the user's word.
#[derive(Debug, Clone, Copy)]
pub(super) enum Switch {
    /// On unless the user turns it off.
    On(&'static str),
    /// Off unless the user turns it on.
    Off(&'static str),
}

impl<'a> Settings<'a> {
    pub(super) fn read(raw: Option<&'a RawValue>) -> Self {
        let members = raw.and_then(|raw| Members::read(raw.get().as_bytes()));
        Self(members.unwrap_or_default())
    }

    pub(super) fn is_on(&self, switch: Switch) -> bool {
        let value = self.value(switch.name(), is_truthy);
        value.unwrap_or(matches!(switch, Switch::On(_)))
    }

    /// Returns the user's pattern for dates, if there is one.
    pub(super) fn date_format(&self) -> Option<String> {
        self.value(DATE_FORMAT, |raw| {
            let text = text_of(raw)?;
            filled(Some(&text)).map(str::to_owned)
        })?
    }

    fn value<T>(&self, name: &str, take: impl FnOnce(&RawValue) -> T) -> Option<T> {
        let setting = Members::read(self.0.get(name)?.get().as_bytes())?;
        let value = setting.get("value")?;
        (value.get() != "null").then(|| take(value))
    }
}

impl Switch {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::On(name) | Self::Off(name) => name,
        }
    }
}

/// Whether JavaScript takes a value for something; `null` is not asked for.
pub(super) fn is_truthy(raw: &RawValue) -> bool {
    match raw.get() {
        "false" | r#""""# => false,
        json => number::read(json) != Some(0.0),
    }
}
