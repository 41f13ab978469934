//! One platform of App Connect's manifest, as it is read.

use super::{
    Node, Object,
    address::Address,
    field::{self, Entry},
    members,
    name::crm_name,
    quoted_for_people,
};

/// A platform, read whole.
pub(super) struct Platform<'a> {
    pub(super) key: &'a str,
    pub(super) name: Name,
    pub(super) addresses: Vec<NamedAddress>,
    pub(super) fields: Vec<Entry>,
    /// What has no place in a manifest.
    pub(super) lost: Vec<String>,
}

/// How the CRM is called, there and here.
pub(super) struct Name {
    pub(super) theirs: String,
    pub(super) ours: String,
    pub(super) display_name: Option<String>,
}

/// Where people open the CRM.
pub(super) struct NamedAddress {
    pub(super) address: Address,
    /// What users choose it by, where there are several.
    pub(super) title: Option<String>,
}

impl<'a> Platform<'a> {
    /// Reads a platform; `None` if there is a fault that leaves nothing to call it by.
    pub(super) fn read(node: Node<'_>, key: &'a str) -> Option<Self> {
        let platform = node.object()?;
        let name = Name::read(&platform, key)?;
        let mut lost = Vec::new();
        let part = |name| platform.member(name).and_then(Node::object);
        let fields = part("page").map(|page| fields(&page, &mut lost));
        let addresses = part("environment").map(|part| addresses(&part, &mut lost));
        // The last of all, for it tells which members nobody has asked for.
        lost.extend(members::lost("", &platform, members::PLATFORM));
        Some(Self {
            key,
            name,
            addresses: addresses.unwrap_or_default(),
            fields: fields.unwrap_or_default(),
            lost,
        })
    }
}

impl Name {
    fn read(platform: &Object<'_>, key: &str) -> Option<Self> {
        let filled = |name: &str| platform.text(name).filter(|text| !text.trim().is_empty());
        let theirs = filled("name").unwrap_or(key);
        let display_name = filled("displayName");
        let Some(ours) = crm_name(theirs) else {
            let theirs = quoted_for_people(theirs);
            platform.report(format!(
                "no CRM can be named after {theirs}: nothing in it is of a-z or 0-9"
            ));
            return None;
        };
        Some(Self {
            theirs: theirs.to_owned(),
            ours,
            display_name: display_name.map(str::to_owned),
        })
    }
}

/// Reads the pages, of which the form for a call alone is carried over.
fn fields(page: &Object<'_>, lost: &mut Vec<String>) -> Vec<Entry> {
    let form = page.member("callLog").and_then(Node::object);
    let fields = form.map(|form| {
        let fields = form.member("additionalFields");
        let fields = fields.map(|fields| field::read_all(&fields));
        lost.extend(members::lost("page.callLog.", &form, &[]));
        fields.unwrap_or_default()
    });
    lost.extend(members::lost("page.", page, members::PAGE));
    fields.unwrap_or_default()
}

/// Reads every address.
fn addresses(environment: &Object<'_>, lost: &mut Vec<String>) -> Vec<NamedAddress> {
    // It says which of the members are there, and those say it again.
    environment.member("type");
    let names = ["url", "urlIdentifier"];
    let texts = names.iter().filter_map(|name| environment.text(name));
    let mut addresses: Vec<_> = texts.map(|text| NamedAddress::new(text, None)).collect();
    if let Some(selections) = environment.member("selections") {
        for selection in selections.entries().filter_map(Node::object) {
            let title = selection.text("name");
            let text = selection.text("const");
            addresses.extend(text.map(|text| NamedAddress::new(text, title)));
            lost.extend(members::lost("environment.selections.", &selection, &[]));
        }
    }
    lost.extend(members::lost(
        "environment.",
        environment,
        members::ENVIRONMENT,
    ));
    addresses
}

impl NamedAddress {
    fn new(text: &str, title: Option<&str>) -> Self {
        Self {
            address: Address::read(text),
            title: title.map(str::to_owned),
        }
    }
}
