//! One platform of App Connect's manifest.

use std::collections::BTreeSet;

use super::{
    Document, ImportedManifest, Node, Object, address::host_of, document, field, members,
    name::crm_name, quoted,
};
use crate::manifest::grammar::MANIFEST_VERSION;

/// What the file says beside its platforms.
pub(super) struct Origin {
    version: Option<String>,
    others: Vec<String>,
}

/// How many members beside the platforms are named. Every file names them, so a hostile list would grow twice.
const MAX_OTHERS: usize = 20;

impl Origin {
    /// Reads what stands beside `platforms`.
    pub(super) fn of(file: &Object<'_>) -> Self {
        let version = file.text("version").map(str::to_owned);
        let mut others = members::lost("", file, members::FILE);
        let n_more = others.len().saturating_sub(MAX_OTHERS);
        if n_more > 0 {
            others.truncate(MAX_OTHERS);
            others.push(format!("{n_more} more members beside `platforms`"));
        }
        Self { version, others }
    }
}

/// How the CRM is called, there and here.
struct Name<'a> {
    theirs: &'a str,
    ours: String,
    display_name: Option<&'a str>,
}

/// Imports a platform; `None` if there is a fault.
pub(super) fn import(node: Node<'_>, key: &str, origin: &Origin) -> Option<ImportedManifest> {
    let platform = node.object()?;
    let name = Name::read(&platform, key)?;
    let page = platform.member("page").and_then(Node::object);
    let call_log = page
        .as_ref()
        .and_then(|page| page.member("callLog")?.object());
    let fields = call_log
        .as_ref()
        .and_then(|form| form.member("additionalFields"));
    let environment = platform.member("environment").and_then(Node::object);
    let mut notes = origin.others.clone();
    let addresses = environment
        .as_ref()
        .map(|environment| addresses(environment, &mut notes));
    for (prefix, part, about) in [
        ("", Some(&platform), members::PLATFORM),
        ("page.", page.as_ref(), members::PAGE),
        ("page.callLog.", call_log.as_ref(), &[]),
        ("environment.", environment.as_ref(), members::ENVIRONMENT),
    ] {
        notes.extend(
            part.into_iter()
                .flat_map(|part| members::lost(prefix, part, about)),
        );
    }

    let mut document = Document::default();
    head(&mut document, key, &name.ours, origin);
    document.not_carried_over("", &notes);
    crm(&mut document, &name);
    connector(&mut document, &name.ours);
    network(&mut document, &addresses.unwrap_or_default());
    log(&mut document);
    if let Some(fields) = &fields {
        field::import_all(fields, &mut document);
    }
    settings(&mut document);
    let (toml, notes) = document.finish();
    Some(ImportedManifest {
        name: name.ours,
        toml,
        notes,
    })
}

impl<'a> Name<'a> {
    fn read(platform: &'a Object<'_>, key: &'a str) -> Option<Self> {
        let filled = |name: &str| platform.text(name).filter(|text| !text.trim().is_empty());
        let theirs = filled("name").unwrap_or(key);
        let display_name = filled("displayName");
        let Some(ours) = crm_name(theirs) else {
            let theirs = quoted(theirs);
            platform.report(format!(
                "no CRM can be named after {theirs}: nothing in it is of a-z or 0-9"
            ));
            return None;
        };
        Some(Self {
            theirs,
            ours,
            display_name,
        })
    }
}

/// Where people open the CRM.
struct Address {
    text: String,
    /// What users choose it by, where there are several.
    title: Option<String>,
}

/// Reads every address, and reports what else there is.
fn addresses(environment: &Object<'_>, lost_members: &mut Vec<String>) -> Vec<Address> {
    // It says which of the members are there, and those say it again.
    environment.member("type");
    let names = ["url", "urlIdentifier"];
    let texts = names.iter().filter_map(|name| environment.text(name));
    let untitled = |text: &str| Address {
        text: text.to_owned(),
        title: None,
    };
    let mut addresses: Vec<_> = texts.map(untitled).collect();
    let Some(selections) = environment.member("selections") else {
        return addresses;
    };
    for selection in selections.entries().filter_map(Node::object) {
        let title = selection.text("name").map(str::to_owned);
        let text = selection.text("const").map(str::to_owned);
        addresses.extend(text.map(|text| Address { text, title }));
        lost_members.extend(members::lost("environment.selections.", &selection, &[]));
    }
    addresses
}

fn head(document: &mut Document, key: &str, name: &str, origin: &Origin) {
    let version = origin.version.as_deref().map_or(String::new(), |version| {
        format!(", version {}", quoted(version))
    });
    document.comment(&format!(
        "Imported from App Connect's manifest{version}: the platform {}.",
        quoted(key)
    ));
    document.comment("");
    document.comment(
        "To enable it, go through the comments below, copy this file into the folder of manifests and the connector's \
         library into a folder of connectors. Then:",
    );
    document.comment("");
    document.example(&format!("switchboard log --crm {name} call.json"));
    document.comment("");
}

fn crm(document: &mut Document, name: &Name<'_>) {
    document.gap();
    document.integer("manifest_version", MANIFEST_VERSION.into());
    document.gap();
    document.table("[crm]");
    if name.ours != name.theirs {
        let theirs = quoted(name.theirs);
        let note = format!("the name {theirs}: the name of a CRM holds a-z, 0-9 and - only");
        document.not_carried_over("", &[note]);
    }
    document.text("name", &name.ours);
    if let Some(display_name) = name.display_name {
        document.text("display_name", display_name);
    }
}

fn connector(document: &mut Document, name: &str) {
    document.gap();
    document.table("[connector]");
    document.comment(
        "App Connect's manifest names no library. This is a guess: write the bare name of the connector's library.",
    );
    document.text(
        "library",
        &format!("switchboard_connector_{}", name.replace('-', "_")),
    );
}

fn network(document: &mut Document, addresses: &[Address]) {
    document.gap();
    document.table("[network]");
    document.comment(
        "The only addresses that the connector may reach. App Connect names those that people open in a browser: if \
         the CRM's API has others, write them here.",
    );
    let mut hosts = Vec::new();
    let mut notes = Vec::new();
    for Address { text, title } in addresses {
        let title = title
            .as_deref()
            .map_or(String::new(), |title| format!(" for {}", quoted(title)));
        let shown = format!("{}{title}", quoted(text));
        match host_of(text).map(|host| document::quoted(&host.to_string())) {
            None => notes.push(format!(
                "the address {shown}: write the hosts that it means"
            )),
            Some(host) => {
                document.comment(&format!("From {shown}."));
                hosts.push(host);
            }
        }
    }
    document.not_carried_over("", &notes);
    let mut seen = BTreeSet::new();
    hosts.retain(|host| seen.insert(host.clone()));
    document.array("allowed_hosts", &hosts);
}

fn log(document: &mut Document) {
    document.gap();
    document.table("[log]");
    document.comment(
        "App Connect's manifest does not say what the body of an entry looks like. Write what the CRM shows: \
         text/plain, text/html or text/markdown.",
    );
    document.text("format", "text/plain");
}

fn settings(document: &mut Document) {
    document.gap();
    document.table("[settings]");
    document.comment("What the connector is opened with: its own documentation says what.");
}
