//! A faulty connector: it logs more lines than it may, longer ones, and what nobody may read.

#![forbid(unsafe_code)]

use serde::Deserialize;
use serde_json::Value;
use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, Log, MessageType, Opening,
    ReturnMessage, export_connector,
};

/// `[settings]` of the manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chatty {
    /// How many lines it logs in a call.
    #[serde(default)]
    n_lines: usize,
    /// How long each of them is.
    #[serde(default)]
    n_bytes: usize,
    /// Whether it logs and answers the whole input.
    #[serde(default)]
    tells: bool,
    ending: Ending,
}

/// How a call ends.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Ending {
    Logged,
    Refused,
    Panic,
}

impl Connector for Chatty {
    type Settings = Self;

    fn open(settings: Self, _host: &Opening) -> Result<Self, Fault> {
        Ok(settings)
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        for n in 1..=self.n_lines {
            ctx.log()
                .info(&format!("line {n} {}", "x".repeat(self.n_bytes)));
        }
        let text = if self.tells { call.raw().get() } else { "done" };
        if self.tells {
            tell(ctx, text);
        }
        match self.ending {
            Ending::Logged => {
                let message = ReturnMessage::new(MessageType::Success, text);
                let message = message.with_details(Value::from(text));
                Ok(CallLogged::new("1")
                    .with_message(message)
                    .with_warning(text))
            }
            Ending::Refused => Err(Fault::rejected(text)),
            Ending::Panic => panic!("{text}"),
        }
    }
}

/// Logs a text at every level, as the message, as a field, and as the name of one.
fn tell(ctx: &CallContext, input: &str) {
    let parsed = serde_json::from_str::<Value>(input).unwrap_or_default();
    let line = || ctx.log().with("input", parsed.clone()).with(input, input);
    let levels = [Log::error, Log::warn, Log::info, Log::debug, Log::trace];
    for write in levels {
        write(line(), input);
    }
    each_text(&parsed, &mut |text| line().info(&format!("found {text}!")));
}

fn each_text(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, visit)),
        Value::Object(members) => members.values().for_each(|it| each_text(it, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

export_connector!(
    Chatty,
    operations = [createCallLog],
    settings_schema = "../any-settings.schema.json"
);
