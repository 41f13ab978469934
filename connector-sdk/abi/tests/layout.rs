//! Guards ABI 1: what the boundary looks like equals the checked-in snapshot, for good.
//!
//! The snapshot holds what `abi_stable` compares when a library is loaded: for every type that can be reached from the
//! root module its name, size, alignment, defining crate, fields, functions, tag and extra checks. Beside them stand
//! the constants by which host and library find each other.

// Sizes differ where pointers do; every platform that connectors ship for has 64 bits.
#![cfg(target_pointer_width = "64")]

use std::collections::HashSet;

use abi_stable::StableAbi;
use abi_stable::library::{ROOT_MODULE_LOADER_NAME, RootModule};
use abi_stable::type_layout::TypeLayout;
use switchboard_abi::{ABI_VERSION, ConnectorModRef, RawFault, metadata};

const FROZEN: &str = "\
ABI 1 is frozen. A connector that somebody built and shipped carries these layouts, and a host refuses it as soon as one
of them differs: an added field, another order, a renamed type or a new version of abi_stable breaks every shipped
connector. Undo the change. What has to grow grows in the JSON of heads, contexts and operations; what cannot becomes a
second root module, ABI 2, that hosts try before the first.";

#[test]
fn abi_1_is_what_it_was_when_it_was_frozen() {
    let current = constants() + &layouts(ConnectorModRef::LAYOUT);
    let frozen = include_str!("abi-1.txt").replace("\r\n", "\n");
    if let Some(difference) = first_difference(&frozen, &current) {
        let whole = concat!(env!("CARGO_TARGET_TMPDIR"), "/abi-1-now.txt");
        std::fs::write(whole, current).unwrap();
        panic!("{FROZEN}\n\nThe first difference, {difference}\n\nThe whole of it now: {whole}");
    }
}

#[test]
fn every_type_of_the_boundary_is_in_the_snapshot() {
    let snapshot = include_str!("abi-1.txt");
    for name in [
        "ConnectorMod",
        "HostServices_TO",
        "RawConnector_TO",
        "RawMessage",
        "RawFault",
        // `FfiFuture` is this one with a `'static` lifetime.
        "BorrowingFfiFuture",
        "RVec",
        "RString",
    ] {
        let in_snapshot = snapshot.lines().any(|line| {
            line.strip_prefix("type ")
                .is_some_and(|shown| shown.starts_with(name))
        });
        assert!(in_snapshot, "{name}");
    }
}

#[test]
fn a_changed_copy_of_a_type_renders_differently() {
    let original = one_layout(RawFault::LAYOUT);
    assert_eq!(one_layout(same::RawFault::LAYOUT), original);
    for (change, layout) in [
        ("a field more", grown::RawFault::LAYOUT),
        ("another order", reordered::RawFault::LAYOUT),
        ("a wider number", wider::RawFault::LAYOUT),
        ("a renamed field", renamed::RawFault::LAYOUT),
    ] {
        assert_ne!(one_layout(layout), original, "{change}");
        let difference = first_difference(&original, &one_layout(layout));
        assert!(difference.is_some(), "{change}");
    }
}

#[test]
fn a_grown_table_renders_differently() {
    let table = layouts(ConnectorModRef::LAYOUT);
    assert_eq!(layouts(ConnectorModRef::LAYOUT), table, "not repeatable");
    let grown = layouts(grown::ConnectorModRef::LAYOUT);
    assert!(!table.contains("field_name:close"), "{table}");
    assert!(grown.contains("field_name:close"), "{grown}");
}

/// `abi_stable` compares the major version of the crate that defines a type, and the snapshot once hid it.
#[test]
fn another_major_version_of_the_crate_renders_differently() {
    assert_eq!(env!("CARGO_PKG_VERSION_MAJOR"), "1", "{FROZEN}");
    let of = |version: &str| {
        let text = format!(
            "crate switchboard-abi {version}\npackage:'switchboard-abi' version:'{version}'"
        );
        as_any_1_x(&text, version)
    };
    assert_eq!(of("1.7.2"), of("1.0.0"));
    for version in ["2.0.0", "0.9.0", "10.0.0"] {
        assert_ne!(of(version), of("1.0.0"), "{version}");
    }
}

/// Renders by what host and library find each other.
fn constants() -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name}: {value}\n"));
    line("abi version", ABI_VERSION);
    line(
        "root module",
        &format!("{} {}", ConnectorModRef::BASE_NAME, ConnectorModRef::NAME),
    );
    line(
        "root module version",
        ConnectorModRef::VERSION_STRINGS.version.as_str(),
    );
    line("root module symbol", ROOT_MODULE_LOADER_NAME);
    line("metadata symbol", metadata::SYMBOL);
    line("metadata section", metadata::SECTION);
    line("metadata section in Mach-O", metadata::SECTION_MACHO);
    line("metadata magic", &format!("{:?}", metadata::MAGIC));
    line("metadata header length", &metadata::HEADER_LEN.to_string());
    text
}

/// Renders a type and every type that it can reach, each once, in the order in which they are found.
fn layouts(root: &'static TypeLayout) -> String {
    let (mut text, mut seen, mut next) = (String::new(), HashSet::new(), vec![root]);
    while let Some(layout) = next.pop() {
        if !seen.insert(layout.get_utypeid()) {
            continue;
        }
        text.push('\n');
        text.push_str(&one_layout(layout));
        let mut reached: Vec<_> = layout
            .shared_vars()
            .type_layouts()
            .iter()
            .map(|layout| layout())
            .collect();
        if let Some(checks) = layout.extra_checks() {
            reached.extend(checks.nested_type_layouts().iter());
        }
        next.extend(reached.into_iter().rev());
    }
    text
}

/// Renders one type. Lines of source files, addresses and patch versions of this crate do not show: they may change.
fn one_layout(layout: &'static TypeLayout) -> String {
    let mut text = format!(
        "type {}\nsize {} align {} nonzero {}\ncrate {} {}\nrepr {:?}\n",
        layout.full_type(),
        layout.size(),
        layout.alignment(),
        layout.is_nonzero(),
        layout.package(),
        layout.package_version(),
        layout.repr_attr(),
    );
    section(&mut text, "data", &layout.data().to_string());
    section(&mut text, "phantom", &layout.phantom_fields().to_string());
    let tag = Some(layout.tag().to_string()).filter(|tag| tag != "null");
    section(&mut text, "tag", &tag.unwrap_or_default());
    let checks = layout.extra_checks().map(|checks| checks.to_string());
    section(&mut text, "extra checks", &checks.unwrap_or_default());
    as_any_1_x(&text, env!("CARGO_PKG_VERSION"))
}

/// Hides the minor version of this crate: layouts of all 1.x agree. Another major version shows, and then differs.
fn as_any_1_x(text: &str, version: &str) -> String {
    if !version.starts_with("1.") {
        return text.to_owned();
    }
    text.replace(
        &format!("crate switchboard-abi {version}"),
        "crate switchboard-abi 1.x",
    )
    .replace(
        &format!("package:'switchboard-abi' version:'{version}'"),
        "package:'switchboard-abi' version:'1.x'",
    )
}

fn section(text: &mut String, name: &str, content: &str) {
    let lines = content.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("{name}:\n"));
    for line in lines {
        text.push_str(&format!("  {}\n", line.trim_end()));
    }
}

/// Names the first line in which two snapshots differ, and the type that it belongs to.
fn first_difference(frozen: &str, current: &str) -> Option<String> {
    if frozen == current {
        return None;
    }
    let mut belongs_to = "the constants";
    let (mut left, mut right) = (frozen.lines(), current.lines());
    loop {
        let (frozen, current) = (left.next(), right.next());
        if frozen != current {
            let shown = |line: Option<&str>| line.unwrap_or("(its end)").trim().to_owned();
            return Some(format!(
                "in {belongs_to}:\n  frozen:  {}\n  current: {}",
                shown(frozen),
                shown(current)
            ));
        }
        // Equal line by line, yet different: only the last line break can be.
        let line = frozen?;
        if line.starts_with("type ") {
            belongs_to = line;
        }
    }
}

/// Copies of `RawFault`, each with one change, as somebody might make it.
mod same {
    use abi_stable::{
        StableAbi,
        std_types::{RString, RVec},
    };

    #[repr(C)]
    #[derive(StableAbi)]
    pub(super) struct RawFault {
        pub(super) code: u32,
        pub(super) retry_after_ms: u64,
        pub(super) message: RString,
        pub(super) detail: RVec<u8>,
    }
}

#[allow(dead_code, reason = "only its layout is looked at")]
mod grown {
    use abi_stable::{
        StableAbi,
        std_types::{RStr, RString, RVec},
    };

    #[repr(C)]
    #[derive(StableAbi)]
    pub(super) struct RawFault {
        pub(super) code: u32,
        pub(super) retry_after_ms: u64,
        pub(super) message: RString,
        pub(super) detail: RVec<u8>,
        pub(super) hint: RString,
    }

    #[repr(C)]
    #[derive(StableAbi)]
    #[sabi(kind(Prefix(prefix_ref = ConnectorModRef, prefix_fields = ConnectorModPrefix)))]
    #[sabi(missing_field(panic))]
    pub(super) struct ConnectorMod {
        pub(super) metadata: extern "C" fn() -> RStr<'static>,
        pub(super) open: extern "C" fn(),
        #[sabi(last_prefix_field)]
        pub(super) close: extern "C" fn(),
    }
}

mod reordered {
    use abi_stable::{
        StableAbi,
        std_types::{RString, RVec},
    };

    #[repr(C)]
    #[derive(StableAbi)]
    pub(super) struct RawFault {
        pub(super) retry_after_ms: u64,
        pub(super) code: u32,
        pub(super) message: RString,
        pub(super) detail: RVec<u8>,
    }
}

mod wider {
    use abi_stable::{
        StableAbi,
        std_types::{RString, RVec},
    };

    // The size stays: four bytes of padding follow a `u32` here.
    #[repr(C)]
    #[derive(StableAbi)]
    pub(super) struct RawFault {
        pub(super) code: u64,
        pub(super) retry_after_ms: u64,
        pub(super) message: RString,
        pub(super) detail: RVec<u8>,
    }
}

mod renamed {
    use abi_stable::{
        StableAbi,
        std_types::{RString, RVec},
    };

    #[repr(C)]
    #[derive(StableAbi)]
    pub(super) struct RawFault {
        pub(super) code: u32,
        pub(super) retry_after_ms: u64,
        pub(super) text: RString,
        pub(super) detail: RVec<u8>,
    }
}
