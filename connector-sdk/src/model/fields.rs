//! Objects whose members are named by a manifest, an administrator or a gateway.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::reader::{Faults, Object, id, text};

/// An object of which only the sender and the connector know the members: `additionalSubmission`,
/// `user.platformAdditionalInfo`, `user.userSettings`.
#[derive(Clone, Default)]
pub struct Fields(Option<Box<RawValue>>);

impl Fields {
    pub(super) fn read(parent: &Object<'_>, name: &str, faults: &mut Faults) -> Self {
        Self(parent.object(name, faults).map(|object| object.to_raw()))
    }

    /// Returns the JSON text of a member. `null` and `""` are the same as absent.
    pub fn get(&self, name: &str) -> Option<Box<RawValue>> {
        let raw = self.0.as_deref()?;
        let object = Object::read(raw, "", &mut Faults::default())?;
        let member = object.get(name).filter(|member| member.get() != r#""""#);
        member.map(ToOwned::to_owned)
    }

    /// Returns a string, or a number as its digits; `None` for anything else.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)
            .and_then(|raw| id(&raw))
            .map(|id| id.as_str().to_owned())
    }

    /// Whether a member is `true`. Some senders write booleans as text.
    pub fn is_true(&self, name: &str) -> bool {
        let Some(raw) = self.get(name) else {
            return false;
        };
        raw.get() == "true" || text(&raw).is_some_and(|text| text == "true")
    }

    /// Reads a member as a type of the connector's; `None` if it is absent or of another shape.
    pub fn value<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// Returns the whole object as it came in.
    pub fn raw(&self) -> Option<&RawValue> {
        self.0.as_deref()
    }
}

/// Shows nothing of the content: values may be secret.
impl std::fmt::Debug for Fields {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Fields").finish_non_exhaustive()
    }
}
