//! `cargo xtask demo`: one call through the whole of Switchboard.
//!
//! Only the CRM is pretended, and even that is a server of its own behind a socket: the program, the connector library
//! and the manifest are those that an operator would use.

use std::fs;
use std::io::{self, Write};

use anyhow::{Context, Result, ensure};
use mock_crm::MockCrm;
use serde_json::Value;
use switchboard_tests::{Output, Workplace, workspace_root};

const CONNECTOR: &str = "switchboard-connector-example";
const INPUT: &str = "connector-sdk/src/testing/create-call-log.json";
const MANIFEST: &str = "manifests/example.toml";

/// Logs the example call and shows what came back.
///
/// # Errors
///
/// Something cannot be built, or the entry that the program reports is not the one that the CRM made.
pub(crate) fn run() -> Result<()> {
    // Stderr, as cargo does with its own progress: stdout holds the result.
    writeln!(
        io::stderr(),
        "building the program and the example connector, some minutes the first time ..."
    )?;
    let place = Workplace::new()?;
    place.place_connector(CONNECTOR)?;
    let manifest = fs::read_to_string(workspace_root().join(MANIFEST))
        .with_context(|| format!("cannot read {MANIFEST}"))?;
    place.write_manifest("example", &manifest)?;
    let crm = MockCrm::start()?;
    let output = log_call(&place, &crm)?;
    let outcome = logged(&output)?;
    check(&outcome, &crm)?;
    show(&outcome, &crm)
}

fn log_call(place: &Workplace, crm: &MockCrm) -> Result<Output> {
    let input = fs::read(workspace_root().join(INPUT))
        .with_context(|| format!("cannot read the example call {INPUT}"))?;
    let program = place.switchboard(["log", "--crm", "example", "-"])?;
    program.env("EXAMPLE_CRM_URL", crm.url()).stdin(input).run()
}

fn logged(output: &Output) -> Result<Value> {
    ensure!(
        output.code == Some(0),
        "switchboard did not exit with 0:\n{}{}",
        output.stdout,
        output.stderr
    );
    output.json()
}

/// Sees that the reported entry is the only one and that the CRM really made it.
fn check(outcome: &Value, crm: &MockCrm) -> Result<()> {
    let given_out: Vec<_> = crm.entries().into_iter().map(|entry| entry.id).collect();
    let log_id = outcome["logId"].as_str().unwrap_or_default();
    ensure!(
        given_out == [log_id],
        "switchboard reports the entry {}, the CRM has made {given_out:?}",
        outcome["logId"]
    );
    Ok(())
}

fn show(outcome: &Value, crm: &MockCrm) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(
        stdout,
        "crm            {} (pretended, on this machine)",
        crm.url()
    )?;
    for request in crm.requests() {
        writeln!(
            stdout,
            "request        {} {}",
            request.method, request.target
        )?;
    }
    for member in ["logId", "returnMessage"] {
        writeln!(stdout, "{member:15}{}", outcome[member])?;
    }
    writeln!(stdout, "checked        the CRM gave out that logId")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_that_the_crm_never_gave_out_is_an_error_that_names_it() {
        let crm = MockCrm::start().unwrap();
        let error = check(&json!({ "logId": "act-1" }), &crm).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"switchboard reports the entry "act-1", the CRM has made []"#
        );
    }

    #[test]
    fn a_program_that_fails_is_an_error_with_all_it_said() {
        let output = Output {
            stdout: "{}\n".to_owned(),
            stderr: "refused\n".to_owned(),
            code: Some(1),
            signal: None,
        };
        let error = logged(&output).unwrap_err();
        assert_eq!(
            error.to_string(),
            "switchboard did not exit with 0:\n{}\nrefused\n"
        );
    }
}
