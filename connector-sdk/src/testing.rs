//! A pretend host: test a connector without a network and without a CRM.
//!
//! ```
//! use serde_json::json;
//! use switchboard_connector_sdk::testing::{Answer, PretendHost, example_call};
//! # use switchboard_connector_sdk::*;
//! # struct Acme;
//! # impl Connector for Acme {
//! #     type Settings = NoSettings;
//! #     fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> { Ok(Acme) }
//! #     async fn create_call_log(&self, ctx: &CallContext, call: CreateCallLog) -> Result<CallLogged, Fault> {
//! #         let request = ctx.http().post("https://api.acme.example/calls").json(&call.contact().id());
//! #         let answer: serde_json::Value = request.send().await?.error_for_status()?.json()?;
//! #         Ok(CallLogged::new(answer["id"].as_str().unwrap()))
//! #     }
//! # }
//! let host = PretendHost::new();
//! host.answer("POST", "https://api.acme.example/calls", Answer::json(201, &json!({ "id": "7" })));
//! let connector = host.open::<Acme>(json!({})).unwrap();
//! let logged = connector.create_call_log(&example_call()).unwrap();
//! assert_eq!(logged.log_id(), "7");
//! assert_eq!(host.requests().len(), 1);
//! ```
//!
//! The host behind it is the real boundary: requests, faults and log lines pass through the same objects as in
//! production, only the network is answered from a script.

mod host;
mod reference;
mod schema;

pub use host::{Answer, LogLine, OpenConnector, PretendHost, SentRequest};
pub use reference::reference_to;
pub use schema::assert_schema_is_current;
pub use schemars;

/// Returns a whole input of `createCallLog`: an inbound call of seven seconds with a note, an AI note and a transcript.
/// Change members to make other cases.
pub fn example_call() -> serde_json::Value {
    serde_json::from_str(include_str!("testing/create-call-log.json")).expect("the example is JSON")
}

#[cfg(test)]
mod tests;
