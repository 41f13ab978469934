//! A folder of CRMs in which one works: whatever is wrong with another must not reach it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context, Result, ensure};
use mock_crm::MockCrm;
use serde_json::{Value, json};
use switchboard_host::Host;

use crate::{Output, Workplace, workspace_root};

/// The Example CRM, enabled and ready for calls, and a place to add others beside it.
pub struct Stage {
    /// The CRM that every connector here may reach.
    pub crm: MockCrm,
    /// Where the program runs.
    pub place: Workplace,
    n_calls: AtomicUsize,
}

impl Stage {
    /// Enables the Example CRM.
    ///
    /// # Errors
    ///
    /// The CRM cannot be started, the connector not be built, or a file not be written.
    pub fn new() -> Result<Self> {
        let (crm, place) = (MockCrm::start()?, Workplace::new()?);
        place.place_connector("switchboard-connector-example")?;
        let n_calls = AtomicUsize::new(0);
        let stage = Self {
            crm,
            place,
            n_calls,
        };
        let settings = settings(&[("base_url", &stage.crm.url())]);
        stage.enable("example", "switchboard_connector_example", &settings)?;
        Ok(stage)
    }

    /// As [`new`](Stage::new), with a faulty connector.
    ///
    /// # Errors
    ///
    /// As [`new`](Stage::new).
    pub fn with_faulty(name: &str, sections: &str) -> Result<Self> {
        let stage = Self::new()?;
        stage.add_faulty(name, sections)?;
        Ok(stage)
    }

    /// Enables the connector of `tests/faulty/NAME` as the CRM `NAME`, with more sections of the manifest. It runs in
    /// process, where nothing but the host's own care keeps its faults from others.
    ///
    /// # Errors
    ///
    /// The connector cannot be built, or a file not be written.
    pub fn add_faulty(&self, name: &str, sections: &str) -> Result<()> {
        self.place.place_connector(&format!("faulty-{name}"))?;
        let library = format!("faulty_{}", name.replace('-', "_"));
        self.enable_in("in-process", name, &library, sections)?;
        Ok(())
    }

    /// Writes the manifest of a CRM whose connector may reach this machine, and returns the manifest's path.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn enable(&self, name: &str, library: &str, sections: &str) -> Result<PathBuf> {
        self.write(name, &format!("library = {library:?}"), sections)
    }

    /// As [`enable`](Stage::enable), where the connector is to run: `process` or `in-process`.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn enable_in(
        &self,
        isolation: &str,
        name: &str,
        library: &str,
        sections: &str,
    ) -> Result<PathBuf> {
        let connector = format!("library = {library:?}\nisolation = {isolation:?}");
        self.write(name, &connector, sections)
    }

    fn write(&self, name: &str, connector: &str, sections: &str) -> Result<PathBuf> {
        let manifest = format!(
            "manifest_version = 1\n\
             [crm]\nname = {name:?}\n\
             [connector]\n{connector}\n\
             [network]\nallowed_hosts = [\"127.0.0.1:*\"]\n\
             {sections}"
        );
        self.place.write_manifest(name, &manifest)
    }

    /// Runs `switchboard log`.
    ///
    /// # Errors
    ///
    /// The program cannot be run, or ended in a way in which it never may.
    pub fn log(&self, crm: &str, input: &Value) -> Result<Output> {
        let invocation = self.place.switchboard(["log", "--crm", crm])?;
        let output = invocation.stdin(input.to_string()).run()?;
        check_ended_by_itself(&output)?;
        output.json()?;
        Ok(output)
    }

    /// Runs `switchboard log`, whose call has to fail with this exit code and `error.code`; returns what it printed.
    ///
    /// # Errors
    ///
    /// It ended in another way, without saying what to do, or the Example CRM does not work beside it.
    pub fn failure(&self, crm: &str, exit: i32, code: &str) -> Result<Value> {
        self.failure_of(crm, &self.new_call()?, exit, code)
    }

    /// As [`failure`](Stage::failure), with this input.
    ///
    /// # Errors
    ///
    /// As [`failure`](Stage::failure).
    pub fn failure_of(&self, crm: &str, input: &Value, exit: i32, code: &str) -> Result<Value> {
        let output = self.log(crm, input)?;
        let outcome = output.json()?;
        ensure!(
            output.code == Some(exit) && outcome["error"]["code"] == code,
            "expected {code} and exit code {exit}: {output:#?}"
        );
        ensure!(outcome["logId"] == Value::Null, "it has a logId: {outcome}");
        let advice = outcome["returnMessage"]["message"].as_str().unwrap_or("");
        ensure!(
            [
                "Log the call again",
                "Tell your administrator",
                "tell your administrator",
                "before you log it again"
            ]
            .iter()
            .any(|known| advice.contains(known)),
            "it does not say what to do: {outcome}"
        );
        self.check_example()?;
        Ok(outcome)
    }

    /// Requires that one CRM is disabled, for a reason with all of these parts, that `list --check` and `log` say so,
    /// and that no other CRM minds.
    ///
    /// # Errors
    ///
    /// Something else is the case.
    pub fn check_disabled(&self, crm: &str, parts: &[&str]) -> Result<()> {
        let list = self.list()?;
        ensure!(list.code == Some(1), "list --check succeeds: {list:#?}");
        let crms = list.json()?;
        let crms = crms.as_array().context("list prints an array")?;
        let found = crms.iter().find(|found| found["name"] == crm);
        let found = found.with_context(|| format!("{crm} is not listed: {list:#?}"))?;
        ensure!(found["state"] == "disabled", "{crm} is enabled: {found}");
        for other in crms.iter().filter(|other| other["name"] != crm) {
            ensure!(other["state"] == "ready", "is not ready: {other}");
        }
        contains_all(&found["reason"], parts)?;

        let outcome = self.failure(crm, 1, "disabled")?;
        contains_all(&outcome["error"]["message"], parts)
    }

    /// Runs `switchboard list --json --check`.
    ///
    /// # Errors
    ///
    /// The program cannot be run, or ended in a way in which it never may.
    pub fn list(&self) -> Result<Output> {
        let output = self
            .place
            .switchboard(["list", "--json", "--check"])?
            .run()?;
        check_ended_by_itself(&output)?;
        Ok(output)
    }

    /// Runs `switchboard inspect`, which has to refuse the file for a reason with all of these parts.
    ///
    /// # Errors
    ///
    /// It does something else.
    pub fn check_inspect_refuses(&self, file: &Path, parts: &[&str]) -> Result<()> {
        let invocation = self
            .place
            .switchboard(["inspect".as_ref(), file.as_os_str()])?;
        let output = invocation.run()?;
        check_ended_by_itself(&output)?;
        ensure!(output.code == Some(1), "inspect succeeds: {output:#?}");
        contains_all(&json!(output.stdout + &output.stderr), parts)
    }

    /// Starts a host in this process.
    ///
    /// # Errors
    ///
    /// The host cannot be built.
    pub fn host(&self) -> Result<Host> {
        Ok(self.place.host()?.build()?)
    }

    /// Returns an input for a call that no ledger knows.
    ///
    /// # Errors
    ///
    /// As [`example_input`].
    pub fn new_call(&self) -> Result<Value> {
        let n_calls = self.n_calls.fetch_add(1, Ordering::Relaxed);
        let mut input = example_input()?;
        input["callLog"]["sessionId"] = json!(format!("new-{n_calls}"));
        Ok(input)
    }

    /// Logs a call into the Example CRM, which has to work whatever else is wrong.
    fn check_example(&self) -> Result<()> {
        let n_before = self.crm.n_entries();
        let output = self.log("example", &self.new_call()?)?;
        ensure!(output.code == Some(0), "example is harmed: {output:#?}");
        let entries = self.crm.entries();
        ensure!(entries.len() == n_before + 1, "it wrote {entries:#?}");
        let id = output.json()?["logId"].clone();
        ensure!(id == entries[n_before].id.as_str(), "{id} is another entry");
        Ok(())
    }
}

/// Writes a `[settings]` section of texts.
pub fn settings(settings: &[(&str, &str)]) -> String {
    let lines = settings
        .iter()
        .map(|(name, value)| format!("{name} = {value:?}\n"));
    "[settings]\n".to_owned() + &lines.collect::<String>()
}

/// Returns a whole input of `createCallLog`.
///
/// # Errors
///
/// The file that it comes from cannot be read.
pub fn example_input() -> Result<Value> {
    let path = workspace_root().join("connector-sdk/src/testing/create-call-log.json");
    let text = fs::read_to_string(&path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// As [`example_input`], with this note.
///
/// # Errors
///
/// As [`example_input`].
pub fn input_with_note(note: &str) -> Result<Value> {
    let mut input = example_input()?;
    input["note"] = json!(note);
    Ok(input)
}

/// Requires that no signal and no panic ended the program.
fn check_ended_by_itself(output: &Output) -> Result<()> {
    // What a worker writes on its stderr stands in the host's log, behind a time.
    let begins = ["thread '", "note: run with `RUST_BACKTRACE"];
    let is_panic = |line: &str| begins.iter().any(|begin| line.starts_with(begin));
    let panicked = output.stderr.lines().any(is_panic);
    ensure!(
        output.signal.is_none() && !panicked,
        "the program was ended by a signal or a panic: {output:#?}"
    );
    ensure!(
        output.code != Some(101),
        "the program panicked: {output:#?}"
    );
    Ok(())
}

fn contains_all(text: &Value, parts: &[&str]) -> Result<()> {
    let text = text.as_str().context("no text was given")?;
    for part in parts {
        ensure!(text.contains(part), "{part:?} is missing in: {text}");
    }
    Ok(())
}
