//! App Connect's own manifest, one JSON file for all its platforms, as manifests of Switchboard: one TOML text each.
//!
//! Nothing is dropped without a word: what has no place in a manifest of Switchboard becomes a comment in the text and a
//! note to whoever imports. All texts of the JSON are hostile until they are escaped: in strings by the TOML writer, in
//! comments by [`quoted_for_people`].
//!
//! What the JSON looks like: `docs/developers/manifest.md` of App Connect, <https://github.com/ringcentral/rc-unified-crm-extension>.

mod address;
mod document;
mod error;
mod field;
mod javascript;
mod json;
mod members;
mod name;
mod node;
mod options;
mod origin;
mod platform;
mod written;

use std::collections::BTreeMap;

use super::diagnostic::quoted_for_people;
use document::Document;
use node::{Faults, Node, Object};
use origin::Origin;
use platform::Platform;

pub use error::{ImportError, ImportFault};

/// The largest manifest of App Connect that is imported: 1 MiB.
pub const MAX_IMPORT_LEN: usize = 1024 * 1024;

/// A manifest that was made of one platform of App Connect's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportedManifest {
    /// The CRM's name, which is also a good name for the file: `NAME.toml`.
    pub name: String,
    /// The text of the file. [`Manifest::parse`](super::Manifest::parse) accepts it.
    pub toml: String,
    /// What could not be carried over, one line each. It stands in the text's comments, too.
    pub notes: Vec<String>,
}

/// Turns App Connect's manifest into manifests of Switchboard: of every platform, or of the one with this name.
///
/// ```
/// let json = br#"{ "platforms": { "acme": {
///     "displayName": "Acme CRM",
///     "environment": { "type": "fixed", "url": "https://crm.acme.example" },
///     "settings": [{ "id": "colour" }]
/// } } }"#;
/// let [acme] = &switchboard_host::manifest::import(json, None)?[..] else { panic!() };
/// assert_eq!(acme.name, "acme");
/// assert!(acme.toml.contains("allowed_hosts = [\"crm.acme.example\"]"));
/// assert!(acme.notes[0].starts_with("`settings`: the pages of the users' settings"));
/// # Ok::<(), switchboard_host::manifest::ImportError>(())
/// ```
///
/// # Errors
///
/// [`ImportError`]; of a JSON in the wrong shape it holds every fault.
pub fn import(json: &[u8], platform: Option<&str>) -> Result<Vec<ImportedManifest>, ImportError> {
    if json.len() > MAX_IMPORT_LEN {
        return Err(ImportError::TooLarge);
    }
    if json.starts_with("\u{feff}".as_bytes()) {
        return Err(ImportError::ByteOrderMark);
    }
    let json = json::parse(json)?;
    let faults = Faults::default();
    let imported = read(Node::root(&json, &faults), platform)?;
    let faults = faults.into_vec();
    if faults.is_empty() {
        Ok(imported)
    } else {
        Err(ImportError::Shape(faults))
    }
}

/// Reads what it can; the result counts only if no fault was reported.
fn read(root: Node<'_>, wanted: Option<&str>) -> Result<Vec<ImportedManifest>, ImportError> {
    let Some(file) = root.object() else {
        return Ok(Vec::new());
    };
    let Some(platforms) = file.required("platforms", "an object with a member for each platform")
    else {
        return Ok(Vec::new());
    };
    let Some(platforms) = platforms.object() else {
        return Ok(Vec::new());
    };
    let wanted = selected(&platforms, wanted)?;
    let origin = Origin::read(&file);
    let mut names = BTreeMap::new();
    let mut imported = Vec::new();
    for key in wanted {
        let Some(node) = platforms.member_or_null(&key) else {
            continue;
        };
        let Some(platform) = Platform::read(node, &key) else {
            continue;
        };
        let name = platform.name.ours.clone();
        match names.insert(name.clone(), key.clone()) {
            None => imported.push(written::write(&platform, &origin)),
            Some(first) => node.report(format!(
                "the platforms {} and {} both become the CRM `{}`; import one with --platform, rename its file and the \
                 `name` in it, then import the other",
                quoted_for_people(&first),
                quoted_for_people(&key),
                name
            )),
        }
    }
    Ok(imported)
}

/// Returns the keys of the platforms to import.
fn selected(platforms: &Object<'_>, wanted: Option<&str>) -> Result<Vec<String>, ImportError> {
    let known: Vec<_> = platforms.names().map(str::to_owned).collect();
    if known.is_empty() {
        platforms.report("there is no platform in it");
    }
    match wanted {
        None => Ok(known),
        Some(wanted) if known.iter().any(|key| key == wanted) => Ok(vec![wanted.to_owned()]),
        Some(wanted) => Err(ImportError::UnknownPlatform {
            wanted: wanted.to_owned(),
            known,
        }),
    }
}

#[cfg(test)]
mod tests;
