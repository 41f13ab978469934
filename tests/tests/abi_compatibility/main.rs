//! The boundary holds across versions of the SDK, compilers, allocators and profiles; a changed boundary is refused.
//!
//! Every library here is the Example CRM's connector, so every one has to log a call.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

mod boundary;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use serde_json::{Value, json};
use switchboard_connector_sdk::{FaultCode, testing::reference_to};
use switchboard_tests::{
    ForeignWorkspace, Stage, example_input, has_toolchain, library_in, settings, workspace_root,
};

/// The Example CRM's connector in all its variants.
static FOREIGN: LazyLock<ForeignWorkspace> = LazyLock::new(|| foreign().unwrap());

const EXAMPLE: &str = "connectors/example";
const SDK: &str = "switchboard-connector-sdk.workspace = true";
const ABI: &str = "switchboard-abi.workspace = true";

fn foreign() -> anyhow::Result<ForeignWorkspace> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign");
    let mut workspace = ForeignWorkspace::new(folder);
    add_newer_sdk(&mut workspace)?;
    add_older_sdk(&mut workspace)?;

    workspace.copy(
        EXAMPLE,
        "nightly-example",
        example("nightly-example", SDK, SDK),
    )?;

    workspace.add("tagging-allocator", include_str!("tagging-allocator.rs"))?;
    let allocator = format!("{SDK}\ntagging-allocator = {{ path = \"../tagging-allocator\" }}");
    let with_allocator = example("allocator-example", SDK, &allocator);
    workspace.copy(EXAMPLE, "allocator-example", |path, text| {
        let text = with_allocator(path, text);
        match path {
            "src/lib.rs" => text + ALLOCATOR,
            _ => text,
        }
    })?;
    add_changed_abi(&mut workspace)?;
    workspace.finish()
}

/// An SDK that calls itself 2.0.0 and knows an operation more, and a connector that exports it.
fn add_newer_sdk(workspace: &mut ForeignWorkspace) -> anyhow::Result<()> {
    const LAST: &str = "    (@function $other:ident) => {";
    workspace.copy("connector-sdk", "sdk-2", |path, text| match path {
        "Cargo.toml" => replaced(&text, "version = \"1.0.0\"", "version = \"2.0.0\""),
        "src/export.rs" => {
            let newer = "    (@function weighCallLog) => { $crate::__private::find_call_log };";
            replaced(&text, LAST, &format!("{newer}\n{LAST}"))
        }
        _ => text,
    })?;
    let sdk = "switchboard-connector-sdk = { path = \"../sdk-2\" }";
    let with_sdk = example("sdk-2-example", SDK, sdk);
    workspace.copy(EXAMPLE, "sdk-2-example", |path, text| {
        let text = with_sdk(path, text);
        match path {
            "src/lib.rs" => replaced(&text, "findCallLog]", "findCallLog, weighCallLog]"),
            _ => text,
        }
    })
}

/// The SDK as it was before connectors could look entries up, and a connector of that time.
///
/// What has changed since is kept here as it was, without its tests.
fn add_older_sdk(workspace: &mut ForeignWorkspace) -> anyhow::Result<()> {
    workspace.copy("connector-sdk", "older-sdk", |path, text| match path {
        "Cargo.toml" => replaced(&text, "\"switchboard-connector-sdk\"", "\"older-sdk\""),
        "src/connector.rs" => include_str!("sdk-without-look-up/connector.rs").to_owned(),
        "src/export.rs" => include_str!("sdk-without-look-up/export.rs").to_owned(),
        "src/lib.rs" => include_str!("sdk-without-look-up/lib.rs").to_owned(),
        "src/model.rs" => include_str!("sdk-without-look-up/model.rs").to_owned(),
        _ => text,
    })?;
    let sdk = "switchboard-connector-sdk = { package = \"older-sdk\", path = \"../older-sdk\" }";
    let with_sdk = example("older-example", SDK, sdk);
    workspace.copy(EXAMPLE, "older-example", |path, text| match path {
        "src/lib.rs" => include_str!("sdk-without-look-up/example.rs").to_owned(),
        _ => with_sdk(path, text),
    })
}

const ALLOCATOR: &str = "
#[global_allocator]
static ALLOCATOR: tagging_allocator::Tagging = tagging_allocator::Tagging;
";

/// A boundary with one service more in the middle of the host's table, and an SDK over it.
fn add_changed_abi(workspace: &mut ForeignWorkspace) -> anyhow::Result<()> {
    const CLOCK: &str = "    fn now_unix_ms(&self) -> u64;\n";
    workspace.copy(
        "connector-sdk/abi",
        "changed-abi",
        |path, text| match path {
            "Cargo.toml" => replaced(&text, "version = \"1.0.0\"", "version = \"1.0.1\""),
            "src/tables.rs" => replaced(&text, CLOCK, &format!("{CLOCK}    fn flush(&self);\n")),
            _ => text,
        },
    )?;
    workspace.copy("connector-sdk", "changed-sdk", |path, text| match path {
        "Cargo.toml" => {
            // A workspace has no two members of one name, whatever their versions.
            let text = replaced(&text, "\"switchboard-connector-sdk\"", "\"changed-sdk\"");
            replaced(
                &text,
                ABI,
                "switchboard-abi = { path = \"../changed-abi\" }",
            )
        }
        _ => text,
    })?;
    let sdk =
        "switchboard-connector-sdk = { package = \"changed-sdk\", path = \"../changed-sdk\" }";
    workspace.copy(
        EXAMPLE,
        "changed-example",
        example("changed-example", SDK, sdk),
    )
}

/// Renames the Example CRM's connector and replaces its dependency on the SDK.
fn example<'a>(name: &'a str, from: &'a str, to: &'a str) -> impl Fn(&str, String) -> String + 'a {
    move |path, text| match path {
        "Cargo.toml" => {
            let text = replaced(
                &text,
                "\"switchboard-connector-example\"",
                &format!("{name:?}"),
            );
            replaced(&text, from, to)
        }
        _ => text,
    }
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is missing in:\n{text}");
    text.replace(from, to)
}

/// Requires that the library loads and logs a call; returns what `inspect` says about it.
fn assert_logs_a_call(library: &Path) -> Value {
    let (stage, copy) = enabled(library);
    let output = stage.log("foreign", &example_input().unwrap()).unwrap();
    assert_eq!(output.code, Some(0), "{output:#?}");
    assert_eq!(output.json().unwrap()["logId"], "act-1");
    assert_eq!(stage.crm.n_entries(), 1);
    let inspect = ["inspect".as_ref(), "--json".as_ref(), copy.as_os_str()];
    let output = stage.place.switchboard(inspect).unwrap().run().unwrap();
    output.json().unwrap()
}

/// Enables the CRM `foreign` with a copy of the library, whose path is returned.
fn enabled(library: &Path) -> (Stage, PathBuf) {
    let stage = Stage::new().unwrap();
    let copy = stage.place.place_library(library).unwrap();
    let settings = settings(&[("base_url", &stage.crm.url())]);
    stage
        .enable("foreign", copy.to_str().unwrap(), &settings)
        .unwrap();
    (stage, copy)
}

#[test]
fn a_connector_of_an_sdk_that_calls_itself_2_0_0_logs_a_call() {
    let library = FOREIGN.library("sdk-2-example", None).unwrap();
    let inspection = assert_logs_a_call(&library);
    assert_eq!(inspection["metadata"]["sdk"], "2.0.0", "{inspection:#}");
    assert_eq!(inspection["metadata"]["abi"], "1.0.0", "{inspection:#}");
    // What a host does not know it does not ask for.
    let operations = json!(["createCallLog", "findCallLog", "weighCallLog"]);
    assert_eq!(inspection["metadata"]["operations"], operations);
}

#[test]
fn a_connector_from_before_look_ups_logs_a_call_and_answers_that_it_has_none() {
    let library = FOREIGN.library("older-example", None).unwrap();
    let inspection = assert_logs_a_call(&library);
    let operations = json!(["createCallLog"]);
    assert_eq!(inspection["metadata"]["operations"], operations);

    let settings = json!({ "base_url": "http://127.0.0.1:1" });
    let input = reference_to(&example_input().unwrap());
    let fault = boundary::call(&library, &settings, "findCallLog", &input).unwrap_err();
    assert_eq!(fault.code(), FaultCode::Unsupported);
    assert_eq!(
        fault.message(),
        r#"this connector does not know "findCallLog""#
    );
    // The same library of today takes the operation up, and asks the host.
    let library = library_in("switchboard-connector-example", "dev").unwrap();
    let fault = boundary::call(&library, &settings, "findCallLog", &input).unwrap_err();
    assert_eq!(fault.message(), boundary::NO_NETWORK);
}

#[test]
fn a_connector_with_an_allocator_of_its_own_logs_a_call() {
    let library = FOREIGN.library("allocator-example", None).unwrap();
    assert_logs_a_call(&library);
    let symbols = nm(&library, &[]);
    assert!(symbols.contains("tagging_allocator"), "it is not used");
}

#[test]
fn a_connector_of_the_nightly_compiler_logs_a_call_and_may_forbid_unsafe_code() {
    if !has_toolchain("nightly") {
        // Not by a macro: their output is only shown for tests that fail.
        let note = b"\nNOT TESTED: the nightly toolchain is not installed (rustup toolchain install nightly)\n";
        std::io::stderr().write_all(note).unwrap();
        return;
    }
    let library = FOREIGN.library("nightly-example", Some("nightly")).unwrap();
    assert_logs_a_call(&library);
    let code = fs::read_to_string(workspace_root().join(EXAMPLE).join("src/lib.rs")).unwrap();
    assert!(
        code.contains("#![forbid(unsafe_code)]"),
        "the example allows unsafe code"
    );
    let compiler = fs::read(&library).unwrap();
    assert!(
        contains(&compiler, b"-nightly ("),
        "another compiler made it"
    );
}

#[test]
fn a_changed_boundary_is_refused_by_its_first_difference() {
    let library = FOREIGN.library("changed-example", None).unwrap();
    let (stage, copy) = enabled(&library);
    let parts = [
        copy.to_str().unwrap(),
        "states ABI 1.0.0, but its types are others: ",
        "prefix-types have a different prefix, expected 6, found 7",
        "build the connector with an unmodified switchboard-connector-sdk",
    ];
    stage.check_disabled("foreign", &parts).unwrap();
    let list = stage.list().unwrap().json().unwrap();
    let reason = list[1]["reason"].as_str().unwrap();
    assert!(reason.len() < 1000, "{} bytes: {reason}", reason.len());
}

/// With fat LTO, stripped: what an author ships.
#[test]
fn the_shipped_library_logs_a_call_is_small_and_has_no_network() {
    let library = library_in("switchboard-connector-example", "release").unwrap();
    let inspection = assert_logs_a_call(&library);
    assert_eq!(inspection["network_imports"], json!([]));
    let size = inspection["size"].as_u64().unwrap();
    assert!(size < 1_000_000, "it has {size} bytes");

    let imports = nm(&library, &["-D", "--undefined-only"]);
    assert!(imports.contains("malloc"), "nm shows no imports: {imports}");
    for call in [
        "socket",
        "connect",
        "bind",
        "send",
        "sendto",
        "recv",
        "getaddrinfo",
        "epoll_create1",
    ] {
        let is_import = |line: &str| line.split([' ', '@']).any(|word| word == call);
        assert!(
            !imports.lines().any(is_import),
            "it imports {call}: {imports}"
        );
    }
    let bytes = fs::read(&library).unwrap();
    for part in [
        "tokio",
        "rustls",
        "openssl",
        "libssl",
        "hyper",
        "reqwest",
        "native-tls",
    ] {
        assert!(!contains(&bytes, part.as_bytes()), "it holds {part}");
    }
}

fn nm(library: &Path, arguments: &[&str]) -> String {
    let output = Command::new("nm")
        .args(arguments)
        .arg(library)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
