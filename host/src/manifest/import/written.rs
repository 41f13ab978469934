//! A platform as a manifest of Switchboard.

use std::collections::BTreeSet;

use super::{
    Document, ImportedManifest,
    document::toml_text,
    field,
    origin::Origin,
    platform::{Name, NamedAddress, Platform},
    quoted_for_people,
};
use crate::manifest::grammar::MANIFEST_VERSION;

/// Writes a platform of the file `origin`.
pub(super) fn write(platform: &Platform<'_>, origin: &Origin) -> ImportedManifest {
    let mut document = Document::default();
    head(&mut document, platform, origin);
    document.not_carried_over("", &[&origin.lost[..], &platform.lost].concat());
    crm(&mut document, &platform.name);
    connector(&mut document, &platform.name.ours);
    network(&mut document, &platform.addresses);
    log(&mut document);
    field::write_all(&platform.fields, &mut document);
    settings(&mut document);
    let (toml, notes) = document.finish();
    ImportedManifest {
        name: platform.name.ours.clone(),
        toml,
        notes,
    }
}

fn head(document: &mut Document, platform: &Platform<'_>, origin: &Origin) {
    let version = origin.version.as_deref().map_or(String::new(), |version| {
        format!(", version {}", quoted_for_people(version))
    });
    document.comment(&format!(
        "Imported from App Connect's manifest{version}: the platform {}.",
        quoted_for_people(platform.key)
    ));
    document.comment("");
    document.comment(
        "To enable it, go through the comments below, copy this file into the folder of manifests and the connector's \
         library into a folder of connectors. Then:",
    );
    document.comment("");
    document.example(&format!(
        "switchboard log --crm {} call.json",
        platform.name.ours
    ));
    document.comment("");
}

fn crm(document: &mut Document, name: &Name) {
    document.gap();
    document.integer("manifest_version", MANIFEST_VERSION.into());
    document.gap();
    document.table("[crm]");
    if name.ours != name.theirs {
        let theirs = quoted_for_people(&name.theirs);
        let note = format!("the name {theirs}: the name of a CRM holds a-z, 0-9 and - only");
        document.not_carried_over("", &[note]);
    }
    document.text("name", &name.ours);
    if let Some(display_name) = &name.display_name {
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

fn network(document: &mut Document, addresses: &[NamedAddress]) {
    document.gap();
    document.table("[network]");
    document.comment(
        "The only addresses that the connector may reach. App Connect names those that people open in a browser: if \
         the CRM's API has others, write them here.",
    );
    let mut hosts = Vec::new();
    let mut notes = Vec::new();
    for NamedAddress { address, title } in addresses {
        let title = title.as_deref().map_or(String::new(), |title| {
            format!(" for {}", quoted_for_people(title))
        });
        let shown = format!("{}{title}", quoted_for_people(&address.shown));
        match &address.host {
            Err(error) => notes.push(format!(
                "the address {shown}: {}; write the hosts that it means",
                error.problem()
            )),
            Ok(host) => {
                document.comment(&format!("From {shown}."));
                hosts.push(toml_text(&host.to_string()));
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
