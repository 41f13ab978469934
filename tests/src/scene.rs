//! A mock CRM, the manifest that enables it and the connector that speaks to it.

use std::ffi::OsStr;
use std::fs;

use anyhow::{Context, Result};
use mock_crm::MockCrm;
use serde_json::{Value, json};
use switchboard_host::{Host, HostBuilder};

use crate::{Invocation, Workplace, example_input, workspace_root};

/// The line of Pipedrive's manifest that says how long a call may take.
const SHIPPED_TIMEOUT: &str = "timeout = \"30s\"";

/// Everything that one CRM needs, ready for calls.
pub struct Scene {
    /// The CRM that is called.
    pub crm: MockCrm,
    /// Where the program runs.
    pub place: Workplace,
    name: &'static str,
}

impl Scene {
    /// Sets up the Example CRM without TLS.
    ///
    /// # Errors
    ///
    /// The CRM cannot be started, the connector not be built, or a file not be written.
    pub fn example() -> Result<Self> {
        Self::example_with("")
    }

    /// As [`example`](Scene::example), with more sections of the manifest.
    ///
    /// # Errors
    ///
    /// As [`example`](Scene::example).
    pub fn example_with(sections: &str) -> Result<Self> {
        let scene = Self::new("example", MockCrm::start()?)?;
        let base_url = scene.crm.url();
        scene.place.write_manifest(
            "example",
            &manifest(
                "example",
                "Example CRM",
                &format!("{sections}\n[settings]\nbase_url = {base_url:?}"),
            ),
        )?;
        Ok(scene)
    }

    /// Sets up Pipedrive over TLS by the manifest that is shipped, with these lines of `[settings]`.
    ///
    /// # Errors
    ///
    /// As [`example`](Scene::example).
    pub fn pipedrive(settings: &str) -> Result<Self> {
        Self::shipped_pipedrive(SHIPPED_TIMEOUT, settings)
    }

    /// As [`pipedrive`](Scene::pipedrive), without settings and with another time for a call, such as `1s`.
    ///
    /// # Errors
    ///
    /// As [`example`](Scene::example).
    pub fn pipedrive_within(timeout: &str) -> Result<Self> {
        Self::shipped_pipedrive(&format!("timeout = {timeout:?}"), "")
    }

    fn shipped_pipedrive(timeout: &str, settings: &str) -> Result<Self> {
        let scene = Self::new("pipedrive", MockCrm::builder().tls().start()?)?;
        scene.crm.write_ca(scene.place.root())?;
        let path = workspace_root().join("manifests/pipedrive.toml");
        let shipped = fs::read_to_string(path).context("cannot read Pipedrive's manifest")?;
        // The mock CRM takes the place of every tenant. The settings are the last section.
        let manifest = shipped
            .replace("*.pipedrive.com", &scene.crm.authority())
            .replace(SHIPPED_TIMEOUT, timeout);
        let manifest = format!("{manifest}\n{settings}");
        scene.place.write_manifest("pipedrive", &manifest)?;
        Ok(scene)
    }

    /// Sets up a connector that logs too much, with these lines of `[settings]`. It sends nothing.
    ///
    /// # Errors
    ///
    /// As [`example`](Scene::example).
    pub fn chatty(settings: &str) -> Result<Self> {
        let scene = Self::new("chatty", MockCrm::start()?)?;
        let settings = format!("[settings]\n{settings}");
        let manifest = manifest("chatty", "Chatty", &settings);
        scene.place.write_manifest("chatty", &manifest)?;
        Ok(scene)
    }

    /// Sets up a connector that sends a call's input as it came. The host composes nothing for it.
    ///
    /// # Errors
    ///
    /// As [`example`](Scene::example).
    pub fn echo() -> Result<Self> {
        Self::echo_with("[log]\nformat = \"custom\"")
    }

    /// As [`echo`](Scene::echo), with other sections of the manifest than the one that has nothing composed.
    ///
    /// # Errors
    ///
    /// As [`example`](Scene::example).
    pub fn echo_with(sections: &str) -> Result<Self> {
        let scene = Self::new("echo", MockCrm::start()?)?;
        let base_url = scene.crm.url();
        let sections = format!("{sections}\n[settings]\nbase_url = {base_url:?}");
        let manifest = manifest("echo", "Echo", &sections);
        scene.place.write_manifest("echo", &manifest)?;
        Ok(scene)
    }

    fn new(name: &'static str, crm: MockCrm) -> Result<Self> {
        let place = Workplace::new()?;
        place.place_connector(&format!("switchboard-connector-{name}"))?;
        Ok(Self { crm, place, name })
    }

    /// Prepares `switchboard log` with this input on stdin and more arguments.
    ///
    /// # Errors
    ///
    /// The program cannot be built.
    pub fn log<I>(&self, input: &Value, arguments: I) -> Result<Invocation>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let ca = self.place.root().join("mock-crm-ca.pem");
        let mut all: Vec<_> = ["log", "--crm", self.name].map(Into::into).into();
        if ca.exists() {
            all.extend(["--ca-file".into(), ca.into_os_string()]);
        }
        all.extend(arguments.into_iter().map(|it| it.as_ref().to_owned()));
        let invocation = self.place.switchboard(all)?;
        Ok(invocation.stdin(input.to_string()))
    }

    /// Starts a host in this process.
    ///
    /// # Errors
    ///
    /// As [`HostBuilder::build`], or the program that its workers are cannot be built.
    pub fn host(&self) -> Result<Host> {
        let builder = self.place.host()?;
        let ca = self.place.root().join("mock-crm-ca.pem");
        let with_ca = |builder: HostBuilder| builder.ca_file(&ca);
        let builder = if ca.exists() {
            with_ca(builder)
        } else {
            builder
        };
        Ok(builder.build()?)
    }
}

/// Writes a manifest whose connector may talk to this machine.
pub fn manifest(name: &str, display_name: &str, sections: &str) -> String {
    format!(
        "manifest_version = 1\n\
         [crm]\nname = {name:?}\ndisplay_name = {display_name:?}\n\
         [connector]\nlibrary = \"switchboard_connector_{name}\"\n\
         [network]\nallowed_hosts = [\"localhost:*\", \"127.0.0.1:*\"]\n\
         {sections}\n"
    )
}

/// Returns a whole input of `createCallLog`, for the session with this id.
///
/// # Errors
///
/// The file that it comes from cannot be read.
pub fn input(session: &str) -> Result<Value> {
    let mut input = example_input()?;
    input["callLog"]["sessionId"] = json!(session);
    Ok(input)
}
