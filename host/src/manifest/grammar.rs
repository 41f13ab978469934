//! The sections of a manifest: which keys there are, what they hold, what they mean when absent.

use std::{collections::BTreeMap, ops::RangeInclusive, path::Path, time::Duration};

use toml::de::DeValue;
use url::Url;

use super::{
    AuthCommand, AuthSection, ConnectorSection, Crm, Isolation, LedgerSection, LibraryByPlatform,
    LibraryRef, Limits, LogFormat, LogSection, Manifest, Network, SandboxSection,
    UnknownCustomFields, custom_field,
    diagnostic::{Diagnostic, Place, listed, quoted_for_people},
    reader::{Item, Table},
    settings::Settings,
};
use crate::egress::RequestRate;
use crate::secret::Secret;

/// Every platform for which a library can be named: operating system, processor and, on Linux, C library.
pub(super) const PLATFORMS: [&str; 8] = [
    "linux-x86_64-gnu",
    "linux-x86_64-musl",
    "linux-aarch64-gnu",
    "linux-aarch64-musl",
    "macos-x86_64",
    "macos-aarch64",
    "windows-x86_64",
    "windows-aarch64",
];

pub(super) const ISOLATIONS: [(&str, Isolation); 2] = [
    ("process", Isolation::Process),
    ("in-process", Isolation::InProcess),
];

pub(super) const LOG_FORMATS: [(&str, LogFormat); 4] = [
    (LogFormat::Plain.as_str(), LogFormat::Plain),
    (LogFormat::Html.as_str(), LogFormat::Html),
    (LogFormat::Markdown.as_str(), LogFormat::Markdown),
    (LogFormat::Custom.as_str(), LogFormat::Custom),
];

pub(super) const UNKNOWN_CUSTOM_FIELDS: [(&str, UnknownCustomFields); 2] = [
    ("pass", UnknownCustomFields::Pass),
    ("refuse", UnknownCustomFields::Refuse),
];

pub(super) const MANIFEST_VERSION: u32 = 1;
pub(super) const MAX_NAME_LEN: usize = 64;
pub(super) const MAX_BURST: u32 = 10_000;
pub(super) const UNAPPLIED_STATUSES: RangeInclusive<u16> = 400..=599;
pub(super) const IN_FLIGHT: RangeInclusive<usize> = 1..=10_000;

/// The times that each key takes, and how that is said.
const TIMEOUT: Times = Times {
    range: Duration::from_secs(1)..=Duration::from_secs(10 * 60),
    expected: "a time from \"1s\" to \"10m\", with the unit ms, s, m or h",
};
/// A write that has left may take 6 s longer than its call.
const LEASE_MARGIN: Times = Times {
    range: Duration::from_secs(10)..=Duration::from_secs(10 * 60),
    expected: "a time from \"10s\" to \"10m\", with the unit ms, s, m or h",
};
const QUARANTINE: Times = Times {
    range: Duration::from_secs(1)..=Duration::from_secs(24 * 60 * 60),
    expected: "a time from \"1s\" to \"24h\", with the unit ms, s, m or h",
};

/// How much memory a worker may have.
const MEMORY: RangeInclusive<u64> = 32 * MEGABYTE..=64 * GIGABYTE;
const MEGABYTE: u64 = 1 << 20;
const GIGABYTE: u64 = 1 << 30;

/// The times that a key takes.
struct Times {
    range: RangeInclusive<Duration>,
    expected: &'static str,
}

/// Reads a whole manifest that stands in the file `path`.
pub(super) fn manifest(mut root: Table<'_>, path: &Path) -> Option<Manifest> {
    // A manifest of another version has another grammar: what looks like a fault in it may be none.
    if root.required("manifest_version", "manifest_version = 1", is_known_version) == Some(false) {
        return None;
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let file = root.place();
    let crm = root.required("crm", "[crm]", crm);
    let mut isolation = None;
    let connector = root.required("connector", "[connector]", |item| {
        connector(item, folder, &mut isolation)
    });
    let network = root.optional("network", network);
    let limits = root.optional("limits", |item| limits(item, isolation));
    let sandbox = root.optional("sandbox", |item| sandbox(item, isolation));
    let log = root.optional("log", log);
    let ledger = root.optional("ledger", ledger);
    let auth = root.optional("auth", |item| auth(item, folder));
    let custom_fields = root.optional("custom_fields", custom_field::read_all);
    let settings = root.optional("settings", Settings::read);
    root.finish();
    let (connector, library_place) = connector?;
    Some(Manifest {
        path: path.to_owned(),
        crm: crm?,
        connector,
        network: network.unwrap_or_default(),
        limits: limits.unwrap_or_default(),
        sandbox: sandbox.unwrap_or_default(),
        log: log.unwrap_or_default(),
        ledger: ledger.unwrap_or_default(),
        auth: auth.unwrap_or_default(),
        custom_fields: custom_fields.unwrap_or_default(),
        settings: settings.unwrap_or_else(|| Settings::absent(file)),
        secrets: Vec::new(),
        library_place,
    })
}

/// Whether a text can be the name of a CRM.
fn is_crm_name(name: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=MAX_NAME_LEN).contains(&name.len()) && name.bytes().all(allowed)
}

fn is_known_version(item: Item<'_>) -> Option<bool> {
    let found = item.integer(1..=u32::MAX)?;
    if found == MANIFEST_VERSION {
        return Some(true);
    }
    let message = format!("manifest version {found} is not known to this version of switchboard");
    item.report(
        Diagnostic::new(item.place(), message)
            .label(format!("expected {MANIFEST_VERSION}"))
            .help("use a newer switchboard, or write the manifest in version 1"),
    );
    Some(false)
}

fn crm(item: Item<'_>) -> Option<Crm> {
    let mut table = item.table("[crm]")?;
    let name = table.required("name", "name = \"acme\"", |item| {
        item.parsed("1 to 64 of the characters a-z, 0-9 and -", |text| {
            is_crm_name(text).then(|| text.to_owned())
        })
    });
    let display_name = table.optional("display_name", Item::filled);
    table.finish();
    let name = name?;
    Some(Crm {
        display_name: display_name.unwrap_or_else(|| name.clone()),
        name,
    })
}

/// Also returns where the library is named: faults that the library causes point there. What the file itself says of
/// `isolation` is put there whatever else is wrong: other sections depend on it.
fn connector(
    item: Item<'_>,
    folder: &Path,
    isolation: &mut Option<Isolation>,
) -> Option<(ConnectorSection, Place)> {
    let mut table = item.table("[connector]")?;
    let example = "library = \"switchboard_connector_acme\"";
    let library = table.required("library", example, |item| {
        Some((library(item, folder)?, item.place()))
    });
    let sha256 = table.optional("sha256", |item| {
        item.parsed("64 hexadecimal digits", |text| text.parse().ok())
    });
    *isolation = table.optional("isolation", |item| item.choice(&ISOLATIONS));
    table.finish();
    let (library, place) = library?;
    let section = ConnectorSection {
        library,
        sha256,
        isolation: isolation.unwrap_or_default(),
    };
    Some((section, place))
}

fn library(item: Item<'_>, folder: &Path) -> Option<LibraryByPlatform> {
    let DeValue::Table(platforms) = item.value() else {
        let library = item.parsed("a bare name or a path", |text| library_of(text, folder));
        return library.map(LibraryByPlatform::Everywhere);
    };
    let mut libraries = BTreeMap::new();
    for (key, value) in platforms {
        let platform = key.get_ref();
        if !PLATFORMS.contains(&platform.as_ref()) {
            let message = format!("unknown platform {}", quoted_for_people(platform));
            let fault = Diagnostic::new(item.place_of(key.span()), message)
                .label(format!("expected {}", listed(PLATFORMS)))
                .did_you_mean(platform, PLATFORMS);
            item.report(fault);
            continue;
        }
        let item = item.inner(platform, value);
        let library = item.parsed("a bare name or a path", |text| library_of(text, folder));
        libraries.insert(platform.to_string(), library);
    }
    if platforms.is_empty() {
        return item.refuse("a table with at least one platform");
    }
    // Without the one that cannot be read it would be another table, also where the value of a variable may be missing.
    let libraries = libraries.into_iter();
    let libraries = libraries.map(|(platform, library)| Some((platform, library?)));
    libraries
        .collect::<Option<_>>()
        .map(LibraryByPlatform::Named)
}

/// Anything with a slash or a dot is a path; a dot because a file's ending starts with one.
fn library_of(text: &str, folder: &Path) -> Option<LibraryRef> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if text.contains(['/', '\\', '.']) {
        Some(LibraryRef::Path(folder.join(text)))
    } else if !text.is_empty() && text.bytes().all(is_name) {
        Some(LibraryRef::Name(text.to_owned()))
    } else {
        None
    }
}

fn network(item: Item<'_>) -> Option<Network> {
    let mut table = item.table("[network]")?;
    let allowed_hosts = table.optional("allowed_hosts", |item| item.list(Item::pattern));
    let read_requests = table.optional("read_requests", |item| item.list(Item::pattern));
    let rejects_unapplied = table.optional("rejects_unapplied", |item| {
        item.list(|status| status.integer(UNAPPLIED_STATUSES))
    });
    let proxy = table.optional("proxy", proxy);
    table.finish();
    Some(Network {
        allowed_hosts: allowed_hosts.unwrap_or_default(),
        read_requests: read_requests.unwrap_or_default(),
        rejects_unapplied: rejects_unapplied.unwrap_or_default(),
        proxy,
    })
}

fn proxy(item: Item<'_>) -> Option<Secret> {
    let url = item.parsed("a URL that starts with http:// or https://", |text| {
        let url = Url::parse(text).ok()?;
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
    })?;
    item.reader().keep_secret(url.password());
    Some(Secret::new(url.into()))
}

fn limits(item: Item<'_>, isolation: Option<Isolation>) -> Option<Limits> {
    let mut table = item.table("[limits]")?;
    let timeout = table.optional("timeout", |item| time(item, &TIMEOUT));
    let max_in_flight = table.optional("max_in_flight", |item| item.integer(IN_FLIGHT));
    let rate = request_rate(&mut table);
    let memory = table.optional("memory", |item| {
        refuse_in_process(item, "`memory`", isolation);
        let expected = "a size from \"32MB\" to \"64GB\", with the unit MB or GB";
        item.parsed(expected, |text| {
            size_of(text).filter(|size| MEMORY.contains(size))
        })
    });
    table.finish();
    let default = Limits::default();
    Some(Limits {
        timeout: timeout.unwrap_or(default.timeout),
        max_in_flight: max_in_flight.unwrap_or(default.max_in_flight),
        rate,
        memory: memory.unwrap_or(default.memory),
    })
}

fn sandbox(item: Item<'_>, isolation: Option<Isolation>) -> Option<SandboxSection> {
    refuse_in_process(item, "`[sandbox]`", isolation);
    let mut table = item.table("[sandbox]")?;
    let required = table.optional("required", Item::boolean);
    table.finish();
    Some(SandboxSection {
        required: required.unwrap_or(SandboxSection::default().required),
    })
}

/// Reports what concerns a worker alone where the file itself says that there is none.
fn refuse_in_process(item: Item<'_>, what: &str, isolation: Option<Isolation>) {
    if isolation == Some(Isolation::InProcess) {
        let message = format!("{what} says nothing beside `isolation = \"in-process\"`");
        let help =
            format!("leave {what} out, or write `isolation = \"process\"` under [connector]");
        item.report(Diagnostic::new(item.place(), message).help(help));
    }
}

fn request_rate(table: &mut Table<'_>) -> Option<RequestRate> {
    let mut has_rate = false;
    let n_requests = table.optional("requests_per_second", |item| {
        has_rate = true;
        item.number(RequestRate::RANGE)
    });
    let burst = table.optional("burst", |item| {
        if !has_rate {
            let message = "`burst` says nothing without `requests_per_second`";
            let fault = Diagnostic::new(item.place(), message);
            item.report(fault.help("add `requests_per_second = 5`, or leave `burst` out"));
        }
        item.integer(1..=MAX_BURST)
    });
    RequestRate::per_second(n_requests?, burst)
}

fn ledger(item: Item<'_>) -> Option<LedgerSection> {
    let mut table = item.table("[ledger]")?;
    let lease_margin = table.optional("lease_margin", |item| time(item, &LEASE_MARGIN));
    let quarantine = table.optional("quarantine", |item| time(item, &QUARANTINE));
    table.finish();
    let default = LedgerSection::default();
    Some(LedgerSection {
        lease_margin: lease_margin.unwrap_or(default.lease_margin),
        quarantine: quarantine.unwrap_or(default.quarantine),
    })
}

fn auth(item: Item<'_>, folder: &Path) -> Option<AuthSection> {
    let mut table = item.table("[auth]")?;
    let command = table.optional("command", |item| command(item, folder));
    table.finish();
    Some(AuthSection { command })
}

/// Reads a program and its arguments. A program with a slash is a file beside the manifest or anywhere else, one
/// without is looked for in `PATH`.
fn command(item: Item<'_>, folder: &Path) -> Option<AuthCommand> {
    const EXPECTED: &str = "a program and its arguments, such as [\"/usr/local/bin/crm-token\"]";
    let has_none = item.value().as_array().is_some_and(|it| it.is_empty());
    if has_none {
        return item.refuse(EXPECTED);
    }
    let mut words = item.list(Item::text)?.into_iter();
    let program = words.next()?;
    if program.trim().is_empty() {
        return item.refuse(EXPECTED);
    }
    Some(AuthCommand {
        program: match program.contains('/') {
            true => folder.join(program),
            false => program.into(),
        },
        arguments: words.collect(),
    })
}

fn time(item: Item<'_>, times: &Times) -> Option<Duration> {
    item.parsed(times.expected, |text| {
        time_of(text).filter(|time| times.range.contains(time))
    })
}

fn time_of(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        "h" => Duration::from_secs(number.checked_mul(60 * 60)?),
        _ => return None,
    })
}

/// Reads a size as systems count memory: a megabyte has 1024 * 1024 bytes.
fn size_of(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let unit = match unit {
        "MB" => MEGABYTE,
        "GB" => GIGABYTE,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

fn log(item: Item<'_>) -> Option<LogSection> {
    let mut table = item.table("[log]")?;
    let format = table.optional("format", |item| item.choice(&LOG_FORMATS));
    let unknown_custom_fields = table.optional("unknown_custom_fields", |item| {
        item.choice(&UNKNOWN_CUSTOM_FIELDS)
    });
    table.finish();
    Some(LogSection {
        format: format.unwrap_or_default(),
        unknown_custom_fields: unknown_custom_fields.unwrap_or_default(),
    })
}
