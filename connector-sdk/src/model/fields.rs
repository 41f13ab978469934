//! Objects whose members are named by a manifest, an administrator or a gateway.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::excerpt::Excerpt;
use super::faults::Faults;
use super::reader::Object;
use super::scalar::Scalar;
use super::split;

/// An object of which only the sender and the connector know the members: `additionalSubmission`,
/// `user.platformAdditionalInfo`, `user.userSettings`.
#[derive(Clone, Default)]
pub struct Fields(Option<Excerpt>);

impl Fields {
    pub(super) fn read(parent: &Object<'_>, name: &str, faults: &mut Faults) -> Self {
        Self(parent.object(name, faults).map(|object| object.excerpt()))
    }

    /// Returns the JSON text of a member. `null` and `""` are the same as absent.
    pub fn get(&self, name: &str) -> Option<Box<RawValue>> {
        let member = split::member(self.raw()?.get(), name)?;
        let is_there = !matches!(member.get(), "null" | r#""""#);
        is_there.then(|| member.to_owned())
    }

    /// Returns a string, or a number as its digits; `None` for anything else.
    pub fn text(&self, name: &str) -> Option<String> {
        let raw = self.get(name)?;
        Scalar::read(&raw).map(Scalar::into_text)
    }

    /// Whether a member is `true`. Some senders write booleans as text.
    pub fn is_true(&self, name: &str) -> bool {
        let Some(raw) = self.get(name) else {
            return false;
        };
        let is_text = matches!(Scalar::read(&raw), Some(Scalar::Text(text)) if text == "true");
        raw.get() == "true" || is_text
    }

    /// Reads a member as a type of the connector's; `None` if it is absent or of another shape.
    pub fn value<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// Returns the whole object as it came in.
    pub fn raw(&self) -> Option<&RawValue> {
        self.0.as_ref().map(Excerpt::raw)
    }
}

/// Shows nothing of the content: values may be secret.
impl std::fmt::Debug for Fields {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Fields").finish_non_exhaustive()
    }
}
