//! A connector that attacks the host that runs it, as the note of a call says: `deed: segfault`.
//!
//! With any other note a call is logged as one activity, so that one CRM can be good and evil in turns. A deed that tries
//! something reports what became of it as the `logId`: `done`, or `denied: EPERM`. With `after write` behind its name
//! (`deed: abort after write`) the activity is created first.

#![cfg(target_os = "linux")]
#![expect(
    unsafe_code,
    reason = "an attacker forbids itself nothing; no code of ours relies on this crate"
)]

mod asking;
mod dying;
mod files;
mod flooding;
mod forge;
mod memory;
mod privileges;
mod processes;
mod signals;
mod sockets;
mod sweep;
mod system;

use std::io;

use serde::Deserialize;
use serde_json::{Value, json};
use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
};

/// `[settings]` of the manifest.
#[derive(Deserialize)]
struct Settings {
    /// Where the mock CRM is.
    base_url: String,
    /// `HOST:PORT` that is connected to and sent datagrams to.
    #[serde(default)]
    address: String,
    /// The URL that `deed: ask` wants from the host.
    #[serde(default)]
    url: String,
    /// What is done while the connector opens.
    deed_at_open: Option<String>,
    /// What nobody may find in the worker's arguments or environment.
    #[serde(default)]
    api_key: String,
}

/// An open connector.
struct Hostile {
    settings: Settings,
    /// What became of the deed at the opening.
    at_open: String,
}

/// Something that a connector may not do: what it was given, or why it was denied.
type Attempt = fn(&Settings) -> io::Result<String>;

/// Everything that is tried, by name.
const ATTEMPTS: [&[(&str, Attempt)]; 6] = [
    &files::ATTEMPTS,
    &sockets::ATTEMPTS,
    &processes::ATTEMPTS,
    &signals::ATTEMPTS,
    &memory::ATTEMPTS,
    &privileges::ATTEMPTS,
];

impl Connector for Hostile {
    type Settings = Settings;

    fn open(settings: Settings, _: &Opening) -> Result<Self, Fault> {
        let at_open = match &settings.deed_at_open {
            Some(name) if name == "refuse" => Some(forge::refuse(&settings.api_key)),
            Some(name) => dying::die_of(name).or_else(|| attempt(name, &settings)),
            None => None,
        };
        let at_open = at_open.unwrap_or_default();
        Ok(Self { settings, at_open })
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let Some(deed) = call.note().and_then(|note| note.strip_prefix("deed: ")) else {
            return self.log(ctx, &call).await;
        };
        let deed = match deed.strip_suffix(" after write") {
            Some(deed) => {
                self.log(ctx, &call).await?;
                deed
            }
            None => deed,
        };
        self.commit(deed, ctx, &call).await
    }
}

impl Hostile {
    /// Creates the activity, as a good connector does.
    async fn log(&self, ctx: &CallContext, call: &CreateCallLog) -> Result<CallLogged, Fault> {
        let request = ctx.http().post(self.url("/activities"));
        let request = request.authorization(call.auth_header());
        let entry = json!({ "sessionId": call.call_log().session_id() });
        let answer = request.json(&entry).send().await?;
        let created: Value = answer.error_for_status()?.json()?;
        let id = created["id"].as_str();
        Ok(CallLogged::new(id.ok_or_else(|| {
            Fault::unknown_outcome("the CRM gave out no id")
        })?))
    }

    async fn commit(
        &self,
        deed: &str,
        ctx: &CallContext,
        call: &CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let report = match deed {
            "log after a read" => {
                ctx.http().get(self.url("/health")).send().await?;
                return self.log(ctx, call).await;
            }
            "wait for ever" => std::future::pending().await,
            "tell of opening" => self.at_open.clone(),
            "ask" => asking::ask(ctx, &self.settings.url).await?,
            "ask 10,000 times" => asking::ask_often(ctx, &self.url("/health")).await,
            "tell everything" => flooding::tell_everything(ctx, call),
            "flood the log" => flooding::flood_log(ctx),
            _ => self.commit_alone(deed)?,
        };
        Ok(CallLogged::new(report))
    }

    /// Commits a deed that needs nothing of the host.
    fn commit_alone(&self, deed: &str) -> Result<String, Fault> {
        let known = dying::die_of(deed)
            .or_else(|| attempt(deed, &self.settings))
            .or_else(|| forge::forge(deed))
            .or_else(|| match deed {
                "flood stderr" => Some(flooding::flood_stderr()),
                "sweep" => Some(sweep::answered()),
                _ => None,
            });
        known.ok_or_else(|| Fault::unsupported("no such deed"))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings.base_url)
    }
}

/// Tries a deed of this name, if there is one, and says what became of it.
fn attempt(name: &str, settings: &Settings) -> Option<String> {
    let (_, attempt) = ATTEMPTS
        .into_iter()
        .flatten()
        .find(|(known, _)| *known == name)?;
    Some(match attempt(settings) {
        Ok(gain) if gain.is_empty() => "done".to_owned(),
        Ok(gain) => format!("done: {gain}"),
        Err(error) => format!("denied: {}", system::name_of(&error)),
    })
}

export_connector!(
    Hostile,
    operations = [createCallLog],
    settings_schema = "../any-settings.schema.json"
);
