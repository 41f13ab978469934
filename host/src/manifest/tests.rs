use std::{ffi::OsString, fs};

use proptest::prelude::*;
use serde_json::json;

use super::*;

mod bounds;

/// A whole manifest, every key written out.
pub(super) const WHOLE: &str = r#"
manifest_version = 1

[crm]
name = "pipedrive"
display_name = "Pipedrive"

[connector]
library = "switchboard_connector_pipedrive"
sha256 = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00FF"
isolation = "process"

[network]
allowed_hosts = ["*.pipedrive.com", "localhost:*"]
read_requests = ["POST /v1/search"]
rejects_unapplied = [503]
proxy = "http://me:${PROXY_PASSWORD}@proxy.example:3128"

[limits]
timeout = "1500ms"
max_in_flight = 1_000
requests_per_second = 2.5
burst = 1_0
memory = "1GB"

[sandbox]
required = false

[log]
format = "text/html"
unknown_custom_fields = "refuse"

[ledger]
lease_margin = "1m"
quarantine = "2h"

[auth]
command = ["bin/token", "--key", "k"]

[[custom_fields]]
name = "deals"
title = "Deal"
type = "selection"
contact_dependent = true

[[custom_fields]]
name = "outcome"
type = "selection"
required = true
options = [{ value = 7, title = "Seven" }, { value = "x" }]
default = "7"
description = "How it went"

[[custom_fields]]
name = "due"
type = "date"
default = 2026-01-31

[settings]
api_region = "${REGION}"
price = 0x10
when = 2026-01-31T10:00:00Z
nested = { list = [1.5, true, "a$${b}"] }
"#;

pub(super) const HEAD: &str = "manifest_version = 1
[crm]
name = \"acme\"
[connector]
library = \"acme\"
";

pub(super) fn environment(name: &str) -> Option<OsString> {
    match name {
        "REGION" => Some("eu-central".into()),
        "PROXY_PASSWORD" => Some("hunter2".into()),
        "SECRET_NUMBER" => Some("4711".into()),
        _ => None,
    }
}

fn try_read(text: &str) -> Result<Manifest, Vec<Diagnostic>> {
    let path = Path::new("manifests/acme.toml");
    Manifest::parse(path, text.as_bytes(), &environment)
}

pub(super) fn read(text: &str) -> Manifest {
    try_read(text).unwrap_or_else(|faults| panic!("{}", rendered(&faults)))
}

fn faults(text: &str) -> Vec<Diagnostic> {
    try_read(text).expect_err("this manifest has a fault")
}

pub(super) fn rendered(faults: &[Diagnostic]) -> String {
    let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
    texts.join("\n\n")
}

fn messages(text: &str) -> Vec<String> {
    let faults = faults(text);
    faults.iter().map(|f| f.message().to_owned()).collect()
}

#[test]
fn a_whole_manifest_is_read_key_by_key() {
    let manifest = read(WHOLE);
    let network = &manifest.network;
    assert_eq!(manifest.crm.name, "pipedrive");
    assert_eq!(manifest.crm.display_name, "Pipedrive");
    let library = LibraryRef::Name("switchboard_connector_pipedrive".into());
    let everywhere = LibraryByPlatform::Everywhere(library);
    assert_eq!(manifest.connector.library, everywhere);
    let digest = manifest.connector.sha256.unwrap().to_string();
    assert_eq!(digest, "00ff".repeat(16));
    assert_eq!(manifest.connector.isolation, Isolation::Process);
    assert_eq!(network.allowed_hosts[0].to_string(), "*.pipedrive.com");
    assert!(network.read_requests[0].matches("POST", "/v1/search"));
    assert_eq!(network.rejects_unapplied, [503]);
    assert_eq!(
        network.proxy.as_ref().unwrap().expose(),
        "http://me:hunter2@proxy.example:3128/"
    );
    assert_eq!(manifest.limits.timeout, Duration::from_millis(1500));
    assert_eq!(manifest.limits.max_in_flight, 1000);
    let rate = RequestRate::per_second(2.5, Some(10));
    assert!(rate.is_some() && manifest.limits.rate == rate);
    assert_eq!(manifest.limits.memory, 1024 * 1024 * 1024);
    assert!(!manifest.sandbox.required);
    assert_eq!(manifest.log.format, LogFormat::Html);
    assert_eq!(
        manifest.log.unknown_custom_fields,
        UnknownCustomFields::Refuse
    );
    assert_eq!(manifest.ledger.lease_margin, Duration::from_secs(60));
    assert_eq!(manifest.ledger.quarantine, Duration::from_secs(7200));
    let command = manifest.auth.command.as_ref().unwrap();
    assert!(
        command.program.ends_with("bin/token") && command.program.parent() != Some("bin".as_ref())
    );
    assert_eq!(command.arguments[0], "--key");
    assert!(!format!("{command:?}").contains("--key"));
    let [deals, outcome, due] = &manifest.custom_fields[..] else {
        panic!("{:?}", manifest.custom_fields);
    };
    assert_eq!((&*deals.name, &*deals.title), ("deals", "Deal"));
    assert!(deals.contact_dependent && !deals.required && !deals.has_fixed_options());
    assert!(outcome.required && outcome.has_fixed_options());
    assert_eq!(
        (outcome.kind, &*outcome.title),
        (FieldKind::Selection, "outcome")
    );
    assert_eq!(
        (&outcome.options[0].value, &*outcome.options[0].title),
        (&json!(7), "Seven")
    );
    assert_eq!(
        (&outcome.options[1].value, &*outcome.options[1].title),
        (&json!("x"), "x")
    );
    assert_eq!(outcome.default, Some(json!("7")));
    assert_eq!(outcome.description.as_deref(), Some("How it went"));
    assert_eq!(due.default, Some(json!("2026-01-31")));
    assert_eq!(
        manifest.settings.to_json(),
        json!({
            "api_region": "eu-central",
            "price": 16,
            "when": "2026-01-31T10:00:00Z",
            "nested": {"list": [1.5, true, "a${b}"]},
        })
    );
}

#[test]
fn what_is_left_out_has_its_default() {
    let manifest = read(HEAD);
    assert_eq!(manifest.crm.display_name, "acme");
    assert_eq!(manifest.connector.sha256, None);
    assert_eq!(manifest.connector.isolation, Isolation::default());
    assert_eq!(manifest.network, Network::default());
    assert_eq!(manifest.limits.timeout, Duration::from_secs(30));
    assert_eq!(manifest.limits.max_in_flight, 32);
    assert_eq!(manifest.limits.rate, None);
    assert_eq!(manifest.limits.memory, 256 * 1024 * 1024);
    assert!(manifest.sandbox.required);
    assert_eq!(manifest.log, LogSection::default());
    assert_eq!(manifest.ledger.lease_margin, Duration::from_secs(30));
    assert_eq!(manifest.ledger.quarantine, Duration::from_secs(300));
    assert!(manifest.custom_fields.is_empty());
    assert_eq!(manifest.settings.to_json(), json!({}));
}

#[test]
fn what_came_from_variables_is_listed_as_secret_and_no_debug_output_shows_it() {
    let manifest = read(WHOLE);
    let all: Vec<_> = manifest.secrets().collect();
    assert_eq!(all, ["hunter2", "hunter2", "eu-central"]);
    assert_eq!(
        manifest.settings.secrets().collect::<Vec<_>>(),
        ["eu-central"]
    );
    let shown = format!("{manifest:?}");
    for secret in all {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_password_written_into_the_proxy_is_secret() {
    let manifest = read(&format!(
        "{HEAD}[network]\nproxy = \"http://me:pw-1@proxy\"\n"
    ));
    assert_eq!(manifest.secrets().collect::<Vec<_>>(), ["pw-1"]);
    assert!(!format!("{manifest:?}").contains("pw-1"));
}

#[test]
fn a_library_is_a_name_a_path_beside_the_manifest_or_one_of_these_a_platform() {
    let library = |text: &str| {
        let head = HEAD.replace("library = \"acme\"", &format!("library = {text}"));
        read(&head).connector.library
    };
    let path = |text: &str| LibraryRef::Path(PathBuf::from(text));
    let named = |text: &str| LibraryByPlatform::Everywhere(LibraryRef::Name(text.into()));
    assert_eq!(library("\"my-acme_2\""), named("my-acme_2"));
    for (text, expected) in [
        ("\"libacme.so\"", "manifests/libacme.so"),
        ("\"../lib/acme\"", "manifests/../lib/acme"),
        ("\"/opt/acme\"", "/opt/acme"),
    ] {
        let everywhere = LibraryByPlatform::Everywhere(path(expected));
        assert_eq!(library(text), everywhere);
    }
    let each = library("{ linux-x86_64-gnu = \"a.so\", windows-x86_64 = \"a\" }");
    assert_eq!(
        each.for_platform("linux-x86_64-gnu"),
        Some(&path("manifests/a.so"))
    );
    assert_eq!(
        each.for_platform("windows-x86_64"),
        Some(&LibraryRef::Name("a".into()))
    );
    assert_eq!(each.for_platform("macos-aarch64"), None);
    let everywhere = library("\"acme\"");
    let acme = LibraryRef::Name("acme".into());
    assert_eq!(everywhere.for_platform("macos-aarch64"), Some(&acme));
}

#[test]
fn a_command_for_credentials_has_a_program() {
    let read = |command: &str| try_read(&format!("{HEAD}[auth]\ncommand = {command}\n"));
    let command = |text: &str| read(text).unwrap().auth.command.unwrap();
    assert_eq!(command("[\"token\"]").program, Path::new("token"));
    assert_eq!(command("[\"token\", \"\"]").arguments, [""]);
    for wrong in ["[]", "[\" \"]", "[7]", "\"token\""] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_rate_is_a_number_with_bounds_and_a_burst_by_default() {
    let rate = |text: &str| {
        let text = format!("{HEAD}[limits]\nrequests_per_second = {text}\n");
        try_read(&text).map(|manifest| manifest.limits.rate.unwrap())
    };
    for (text, interval_us, burst) in [
        ("5", 200_000, 5),
        ("0.5", 2_000_000, 1),
        ("1e4", 100, 10_000),
    ] {
        let rate = rate(text).unwrap();
        let found = (rate.interval().as_micros(), rate.burst());
        assert_eq!(found, (interval_us, burst), "{text}");
    }
    for text in [
        "0",
        "-1",
        "0.0009",
        "10001",
        "nan",
        "inf",
        "\"5\"",
        "99999999999999999999",
    ] {
        assert!(rate(text).is_err(), "{text}");
    }
}

/// Each file of `tests/cases` is rendered whole and compared with a file under `snapshots/`.
#[test]
fn diagnostics_point_at_the_fault_and_say_what_is_allowed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manifest/tests/cases");
    let cases = fs::read_dir(folder).unwrap();
    let mut names = Vec::new();
    for path in cases.map(|case| case.unwrap().path()) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        insta::assert_snapshot!(name.clone(), rendered(&faults(&text)));
        names.push(name);
    }
    assert_eq!(names.len(), 15, "{names:?}");
}

#[test]
fn a_summary_is_one_line_that_says_where_what_and_what_to_do() {
    let text = HEAD.replace("name = \"acme\"", "name = \"Acmé\" ");
    let [fault] = &faults(&text)[..] else {
        panic!()
    };
    assert_eq!(
        fault.summary(),
        "manifests/acme.toml:3:8: `name` is not 1 to 64 of the characters a-z, 0-9 and -"
    );
    assert_eq!(fault.position(), Some((3, 8)));
    let isolation = &faults(
        &text
            .replace("Acmé", "acme")
            .replace("[connector]\n", "[connector]\nisolation = \"proces\"\n"),
    )[0];
    assert_eq!(
        isolation.summary(),
        "manifests/acme.toml:5:13: `isolation` is not `process` or `in-process`; did you mean `process`?"
    );
    let file = &faults("manifest_version = 1\n")[0];
    assert_eq!(
        file.summary(),
        "manifests/acme.toml: missing key `crm` in the manifest; add `[crm]`"
    );
}

#[test]
fn colour_only_on_request() {
    let fault = &faults("x = 1")[0];
    assert!(fault.render_styled().contains('\u{1b}'));
    assert!(!fault.render().contains('\u{1b}'));
}

#[test]
fn a_value_from_a_variable_is_in_no_message() {
    for text in [
        "[network]\nproxy = \"${PROXY_PASSWORD}\"\n",
        "[network]\nallowed_hosts = [\"https://${PROXY_PASSWORD}\"]\n",
        "[log]\nformat = \"${PROXY_PASSWORD}\"\n",
        "[limits]\ntimeout = \"${PROXY_PASSWORD}\"\n",
        "[[custom_fields]]\nname = \"${PROXY_PASSWORD}\"\ntype = \"input\"\n\
         [[custom_fields]]\nname = \"${PROXY_PASSWORD}\"\ntype = \"input\"\n",
    ] {
        let shown = rendered(&faults(&format!("{HEAD}{text}")));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_line_too_long_to_show_is_named_by_line_and_column() {
    let hosts = "\"*\", ".repeat(1000);
    let found = faults(&format!("{HEAD}[network]\nallowed_hosts = [{hosts}]\n"));
    assert_eq!(
        found[1].to_string(),
        "error: `allowed_hosts` has a faulty entry: a bare `*` would allow every host\n\
         --> manifests/acme.toml:7:23\n \
         = note: expected `host`, `*.host`, `host:port`, `host:*` or `*.host:port`"
    );
}

#[test]
fn more_faults_than_anybody_reads_are_counted() {
    let keys: String = (0..150).map(|n| format!("k{n} = 1\n")).collect();
    let found = messages(&format!("manifest_version = 1\n{keys}"));
    assert_eq!(found.len(), 101);
    assert_eq!(found[100], "there are 52 more faults in this file");
    let lines = "= x\n".repeat(150);
    assert_eq!(messages(&lines).len(), 101);
}

/// A manifest, or faults that can be shown: whatever comes in.
fn is_manifest_or_faults(bytes: &[u8]) -> bool {
    let path = Path::new("manifests/acme.toml");
    match Manifest::parse(path, bytes, &environment) {
        Ok(_) => true,
        Err(faults) => {
            let shown = faults
                .iter()
                .map(|fault| fault.render_styled() + &fault.summary());
            !faults.is_empty() && shown.map(|text| text.len()).min() > Some(0)
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_manifest_or_faults(bytes: Vec<u8>) {
        prop_assert!(is_manifest_or_faults(&bytes));
    }

    #[test]
    fn any_text_is_a_manifest_or_faults(
        text in "([a-c.é]|[\"'=\\[\\]{}#,\r\n\t $\\\\\u{feff}-]|[0-9]|\u{0})*",
    ) {
        prop_assert!(is_manifest_or_faults(text.as_bytes()));
        let below_head = format!("{HEAD}{text}");
        prop_assert!(is_manifest_or_faults(below_head.as_bytes()));
    }

    #[test]
    fn a_manifest_with_any_part_replaced_is_a_manifest_or_faults(
        start in 0..WHOLE.len(), len in 0..20usize, part in "[a-z\"'=\\[\\]{}\r\n $é]{0,6}",
    ) {
        let end = (start + len).min(WHOLE.len());
        let text = format!("{}{part}{}", &WHOLE[..start], &WHOLE[end..]);
        prop_assert!(is_manifest_or_faults(text.as_bytes()));
    }
}

#[test]
fn a_date_that_may_be_a_default_may_be_submitted_and_no_other() {
    for text in [
        "2026-01-31",
        "2026-01-31T10:00",
        "2026-01-31T10:00:00.5Z",
        "2026-01-31T10:00:00+05:30",
        "20260131",
        "2026-01-31 10:00:00",
        "2026-01-31t10:00:00z",
        "2026-01-31T10:00:60",
        "2026-01-31T10",
        "2026-02-30",
    ] {
        let field = format!("{HEAD}[[custom_fields]]\nname = \"due\"\ntype = \"date\"\n");
        let defaulted = format!("{field}default = \"{text}\"\n");
        let is_default =
            Manifest::parse(Path::new("a.toml"), defaulted.as_bytes(), &environment).is_ok();
        let manifest =
            Manifest::parse(Path::new("a.toml"), field.as_bytes(), &environment).unwrap();
        let submission = format!("{{\"due\": \"{text}\"}}");
        let members = crate::input::Members::read(submission.as_bytes()).unwrap();
        let checked = crate::custom_fields::check(
            &manifest.custom_fields,
            UnknownCustomFields::Pass,
            members,
        );
        assert_eq!(checked.faults.is_empty(), is_default, "{text}");
    }
}
