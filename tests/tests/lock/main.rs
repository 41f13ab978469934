//! The lock file: what it holds, what it keeps from being loaded, and what a CI sees by it.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

mod checking;
mod loading;
mod writing;

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use switchboard_tests::{Output, Stage, settings};

/// The Example CRM, and the CRM `other`, whose connector has other bytes.
struct Scene {
    stage: Stage,
}

impl Scene {
    fn new() -> Self {
        let scene = Self {
            stage: Stage::new().unwrap(),
        };
        scene.add("other", b"o");
        scene
    }

    /// Enables a CRM with a copy of the Example CRM's connector that ends in these bytes. It works all the same.
    fn add(&self, name: &str, end: &[u8]) {
        let mut bytes = fs::read(self.library("switchboard_connector_example")).unwrap();
        bytes.extend(end);
        fs::write(self.library(name), bytes).unwrap();
        let settings = settings(&[("base_url", &self.stage.crm.url())]);
        self.stage.enable(name, name, &settings).unwrap();
    }

    fn library(&self, name: &str) -> PathBuf {
        let connectors = self.stage.place.connectors();
        connectors.join(format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"))
    }

    fn lock_file(&self) -> PathBuf {
        self.stage.place.manifests().join("switchboard.lock")
    }

    /// Runs `switchboard lock`.
    fn lock(&self, arguments: &[&str]) -> Output {
        let arguments = [&["lock"], arguments].concat();
        let output = self.stage.place.switchboard(arguments).unwrap();
        let output = output.run().unwrap();
        assert_eq!(output.signal, None, "{output:#?}");
        output
    }

    /// Writes the lock file.
    fn locked(self) -> Self {
        let output = self.lock(&[]);
        assert_eq!(output.code, Some(0), "{output:#?}");
        self
    }

    /// Returns name, state, whether it is locked, and the reason, of every CRM.
    fn states(&self) -> Vec<(String, String, bool, String)> {
        let crms = self.stage.list().unwrap().json().unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let state = |crm: &Value| {
            (
                text(&crm["name"]),
                text(&crm["state"]),
                crm["locked"].as_bool().unwrap(),
                text(&crm["reason"]),
            )
        };
        crms.as_array().unwrap().iter().map(state).collect()
    }
}

/// The last byte of a library, changed, means nothing to anybody but a digest.
fn change_last_byte(library: &Path) {
    let mut bytes = fs::read(library).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(library, bytes).unwrap();
}
