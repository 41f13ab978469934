//! What README and docs claim, where a machine can see whether it is true.
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use mock_crm::MockCrm;
use serde_json::{Value, json};
use switchboard_host::{CallOutcome, Fault, FaultCode};
use switchboard_tests::{Workplace, workspace_root};

const CALL: &str = "connector-sdk/src/testing/create-call-log.json";

fn document(path: &str) -> String {
    fs::read_to_string(workspace_root().join(path)).unwrap()
}

/// Returns the one code block of a language that contains `part`.
fn block(document: &str, language: &str, part: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks = document.split(&fence).skip(1);
    let mut blocks = blocks
        .map(|rest| rest.split("```").next().unwrap())
        .filter(|block| block.contains(part));
    let block = blocks.next().unwrap_or_else(|| panic!("no block {part:?}"));
    assert_eq!(blocks.next(), None, "{part:?} stands in several blocks");
    block.to_owned()
}

/// Returns what a console block shows after a command.
fn shown_after(block: &str, command: &str) -> String {
    let prompt = format!("$ {command}\n");
    let (_, shown) = block.split_once(&prompt).unwrap();
    shown.split("$ ").next().unwrap().to_owned()
}

/// Builds a crate on its own, outside of the workspace, and returns its library.
fn build_alone(folder: &Path, library: &str) -> PathBuf {
    // The versions that are known to work together; cargo drops what the crate does not need.
    fs::copy(
        workspace_root().join("Cargo.lock"),
        folder.join("Cargo.lock"),
    )
    .unwrap();
    let target = folder.join("target");
    let built = Command::new(env!("CARGO"))
        .current_dir(folder)
        .args(["build", "--quiet"])
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{errors}");
    let prefix = std::env::consts::DLL_PREFIX;
    let suffix = std::env::consts::DLL_SUFFIX;
    target.join(format!("debug/{prefix}{library}{suffix}"))
}

#[test]
fn the_connector_in_the_readme_builds_alone_and_logs_a_call() {
    let readme = document("README.md");
    let sdk = workspace_root().join("connector-sdk");
    let manifest = block(&readme, "toml", "[package]");
    let path = r#"path = "../switchboard/connector-sdk""#;
    assert!(manifest.contains(path), "{manifest}");
    let manifest = manifest.replace(path, &format!("path = {}", json!(sdk)));
    let alone = tempfile::tempdir().unwrap();
    fs::create_dir(alone.path().join("src")).unwrap();
    fs::write(alone.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(
        alone.path().join("src/lib.rs"),
        block(&readme, "rust,ignore", "export_connector!"),
    )
    .unwrap();
    let schema = block(&readme, "json", "\"properties\"");
    fs::write(alone.path().join("settings.schema.json"), schema).unwrap();

    let mut place = Workplace::new().unwrap();
    let library = build_alone(alone.path(), "acme_connector");
    fs::copy(
        &library,
        place.connectors().join(library.file_name().unwrap()),
    )
    .unwrap();
    let manifest = block(&readme, "toml", "manifest_version");
    place.write_manifest("acme", &manifest).unwrap();
    let call: Value = serde_json::from_str(&document(CALL)).unwrap();
    place.guard(&[
        call["authHeader"].as_str().unwrap(),
        call["note"].as_str().unwrap(),
    ]);
    let crm = MockCrm::start().unwrap();
    let output = place
        .switchboard(["log", "--crm", "acme"])
        .unwrap()
        .env("ACME_URL", crm.url())
        .stdin(call.to_string())
        .run()
        .unwrap();

    assert_eq!((output.code, output.signal), (Some(0), None), "{output:#?}");
    let message = json!({ "message": "Call logged", "messageType": "success", "ttl": 30000 });
    assert_eq!(
        output.json().unwrap(),
        json!({ "logId": "act-1", "returnMessage": message })
    );
    let entries = crm.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        entries[0].body,
        json!({ "contact": "77", "subject": "Inbound Call from John Smith" })
    );
}

#[test]
fn the_demo_prints_what_the_readme_shows_from_any_folder() {
    let shown = block(&document("README.md"), "console", "cargo xtask demo");
    let demo = Command::new(env!("CARGO"))
        .current_dir(workspace_root().join("connectors/example/src"))
        .args(["xtask", "demo"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&demo.stderr);
    assert!(demo.status.success(), "{errors}");
    let printed = String::from_utf8(demo.stdout).unwrap();
    assert_eq!(
        without_port(&printed),
        without_port(&shown_after(&shown, "cargo xtask demo"))
    );
}

fn without_port(text: &str) -> String {
    let (before, after) = text.split_once("127.0.0.1:").unwrap();
    format!(
        "{before}PORT{}",
        after.trim_start_matches(|c: char| c.is_ascii_digit())
    )
}

#[test]
fn the_details_of_the_example_are_those_that_their_page_shows() {
    let shown = block(
        &document("docs/log-details.md"),
        "console",
        "switchboard compose",
    );
    let place = Workplace::new().unwrap();
    fs::write(place.root().join("call.json"), document(CALL)).unwrap();
    let arguments = ["compose", "--format", "text/plain", "call.json"];
    let output = place.switchboard(arguments).unwrap().run().unwrap();
    let command = "switchboard compose --format text/plain call.json";
    assert_eq!(output.stdout, shown_after(&shown, command));
}

#[test]
fn enabling_a_crm_in_three_steps_prints_what_the_readme_shows() {
    let shown = block(&document("README.md"), "console", "list --check");
    let place = Workplace::new().unwrap();
    place
        .place_connector("switchboard-connector-example")
        .unwrap();
    place
        .write_manifest("example", &document("manifests/example.toml"))
        .unwrap();
    fs::write(place.root().join("call.json"), document(CALL)).unwrap();
    let program = switchboard_tests::program("switchboard-host", "switchboard").unwrap();
    let crm = MockCrm::start().unwrap();
    for command in shown.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let mut words = command.split(' ');
        assert_eq!(words.next(), Some("switchboard"));
        let mut invocation = Command::new(&program);
        invocation.args(words);
        let output = place
            .invocation(invocation)
            .env("EXAMPLE_CRM_URL", crm.url())
            .run()
            .unwrap();
        assert_eq!(output.code, Some(0), "{command}: {output:#?}");
        assert_eq!(output.stdout, shown_after(&shown, command), "{command}");
    }
    assert_eq!(crm.n_entries(), 1);
}

#[test]
fn the_table_of_error_codes_says_what_the_host_does() {
    let operating = document("docs/operating.md");
    let rows = operating.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    // Other tables of the page have fewer columns.
    let documented: Vec<_> = cells
        .filter(|cells| cells.len() == 7)
        .map(|cells| cells[1..5].join(" "))
        .collect();
    let real: Vec<_> = FaultCode::all()
        .map(|code| {
            let outcome = CallOutcome::not_logged("acme", &Fault::new(code, "why"));
            let (exit, http) = (outcome.exit_code(), outcome.http_status());
            let kind = outcome.return_message()["messageType"].as_str().unwrap();
            format!("`{code}` {exit} {http} {kind}")
        })
        .collect();
    assert_eq!(documented, real);
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    let pages = [
        "README.md",
        "ARCHITECTURE.md",
        "docs/app-connect.md",
        "docs/connector.md",
        "docs/ledger.md",
        "docs/log-details.md",
        "docs/manifest.md",
        "docs/operating.md",
        "docs/pipedrive.md",
    ];
    for page in pages {
        let folder = workspace_root().join(page);
        let text = document(page);
        let targets = text.split("](").skip(1);
        for target in targets.map(|rest| rest.split(')').next().unwrap()) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if path.is_empty() {
                folder.clone()
            } else {
                folder.parent().unwrap().join(path)
            };
            assert!(path.exists(), "{page}: {target}");
            if !anchor.is_empty() {
                let title = format!("# {}", anchor.replace('-', " "));
                let linked = fs::read_to_string(&path).unwrap();
                let linked = linked.to_lowercase().replace('`', "");
                assert!(linked.contains(&title), "{page}: {target}");
            }
        }
    }
}
