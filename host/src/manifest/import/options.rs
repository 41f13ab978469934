//! What can be selected in a field.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Node, Object,
    javascript::{is_rounded, selectable},
    members, quoted_for_people,
};
use crate::manifest::{FieldKind, FieldOption, custom_field::as_text};

/// What can be selected.
#[derive(Default)]
pub(super) struct Options {
    pub(super) listed: Vec<FieldOption>,
    /// Whether there are others, which a manifest cannot list.
    pub(super) has_others: bool,
}

/// Where the options come from if App Connect's manifest does not list all of them.
const SOURCES: [&str; 4] = [
    "accountDataKey",
    "accountDataProperty",
    "accountDataPropertyByContactType",
    "contactTypeDependent",
];

/// Reads the options of a field; `lost` gets what of them is lost.
pub(super) fn read(object: &Object<'_>, kind: FieldKind, lost: &mut Vec<String>) -> Options {
    let listed = object.member("options");
    if kind != FieldKind::Selection {
        if listed.is_some() {
            lost.push("`options`: only a selection has any".to_owned());
        }
        return Options::default();
    }
    let mut options = listed.map_or_else(Options::default, |node| list(&node, lost));
    options.has_others |= SOURCES.iter().any(|source| object.says(source));
    note_none(object, &options, lost);
    options
}

fn list(node: &Node<'_>, lost: &mut Vec<String>) -> Options {
    let mut seen = BTreeSet::new();
    let mut options = Options::default();
    for entry in node.entries().filter_map(Node::object) {
        match option(&entry, &mut seen, lost) {
            Ok(option) => options.listed.push(option),
            Err(NoOption::Needless(reason)) => lost.push(reason),
            Err(NoOption::Unfit(reason)) => {
                options.has_others = true;
                lost.push(reason);
            }
        }
        let members = members::lost("", &entry, &[]);
        let members = members.iter();
        lost.extend(members.map(|member| format!("of an option, {member}")));
    }
    options
}

/// Why an option is not carried over.
enum NoOption {
    /// Nobody misses it.
    Needless(String),
    /// A manifest cannot hold its value.
    Unfit(String),
}

fn option(
    entry: &Object<'_>,
    seen: &mut BTreeSet<String>,
    lost: &mut Vec<String>,
) -> Result<FieldOption, NoOption> {
    let title = entry.text("title").filter(|title| !title.trim().is_empty());
    let written = entry
        .member("const")
        .map_or(&Value::Null, |node| node.value);
    let title = title.map_or_else(|| as_text(written), str::to_owned);
    let because = |reason: &str| format!("the option {}: {reason}", quoted_for_people(&title));
    if written.is_null() || written == "" {
        let reason = because("it has no value, as a field that is left out");
        return Err(NoOption::Needless(reason));
    }
    let Some(value) = selectable(written) else {
        let reason = "its value is no text, number or boolean, so any value is accepted";
        return Err(NoOption::Unfit(because(reason)));
    };
    let text = as_text(&value);
    if is_rounded(written) {
        lost.push(because(&format!(
            "its value, which JavaScript rounds to {text}"
        )));
    }
    if !seen.insert(text) {
        return Err(NoOption::Needless(because("another one has its value")));
    }
    Ok(FieldOption { value, title })
}

/// Says what it means here that users can choose nothing.
fn note_none(object: &Object<'_>, options: &Options, lost: &mut Vec<String>) {
    if !object.flag("includeNoneOption") {
        return;
    }
    let has_all = !options.listed.is_empty() && !options.has_others;
    let advice = if has_all {
        "; if something else is sent, add it to `options`"
    } else {
        ""
    };
    lost.push(format!(
        "`includeNoneOption`: whoever chooses nothing sends no value or an empty one, which `required` refuses{advice}"
    ));
}
