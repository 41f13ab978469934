//! Write a Switchboard connector: a shared library that logs phone calls into a CRM.
//!
//! Implement [`Connector`] and export it with [`export_connector!`]; a crate of type `cdylib` then builds the file that
//! an operator drops into the host's folder. The host owns the network, the retries and the log; a connector turns one
//! call into one entry.
//!
//! ```
//! #![forbid(unsafe_code)]
//! use serde::Deserialize;
//! use serde_json::{Value, json};
//! use switchboard_connector_sdk::{
//!     CallContext, CallLogged, Connector, CreateCallLog, Fault, Opening, export_connector,
//! };
//!
//! struct Acme;
//!
//! impl Connector for Acme {
//!     type Settings = switchboard_connector_sdk::NoSettings;
//!
//!     fn open(_: Self::Settings, _: &Opening) -> Result<Self, Fault> {
//!         Ok(Acme)
//!     }
//!
//!     async fn create_call_log(
//!         &self,
//!         ctx: &CallContext,
//!         call: CreateCallLog,
//!     ) -> Result<CallLogged, Fault> {
//!         let entry = json!({ "contact": call.contact().id(), "subject": call.subject() });
//!         let request = ctx.http().post("https://api.acme.example/calls");
//!         let answer = request.authorization(call.auth_header()).json(&entry).send().await?;
//!         let answer: Value = answer.error_for_status()?.json()?;
//!         let id = answer["id"].as_str().ok_or_else(|| Fault::unknown_outcome("no id"))?;
//!         Ok(CallLogged::new(id))
//!     }
//! }
//!
//! export_connector!(Acme, operations = [createCallLog]);
//! # fn main() {}
//! ```
//!
//! The module `testing` (feature `testing`, for `[dev-dependencies]`) is a pretend host for a connector's own tests.

mod connector;
#[allow(
    unsafe_code,
    reason = "the expansion of export_connector! holds a library's unsafe parts"
)]
mod export;
mod fault;
mod fence;
mod metadata;
mod settings;

pub mod http;
pub mod model;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;

pub use connector::{CallContext, Connector, Log, Opening};
pub use fault::{Fault, FaultCode};
pub use jiff;
pub use model::{CallLogged, CreateCallLog, MessageType, ReturnMessage};

/// The settings of a connector that has none: any key under `[settings]` is an error.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// What the expansion of [`export_connector!`] names. Not for authors.
#[doc(hidden)]
pub mod __private {
    pub use crate::export::{Answer, create_call_log, open};
    pub use crate::metadata::{Metadata, block_len, render, same_text, text};
    pub use crate::settings::schema_of_no_settings;
    pub use abi_stable::library::{
        __call_root_module_loader, CheckTypeLayout, LibHeader, ROOT_MODULE_LOADER_NAME,
        RootModuleResult,
    };
    pub use abi_stable::prefix_type::PrefixTypeTrait;
    pub use abi_stable::std_types::{RResult, RSlice, RStr};
    pub use std::{sync::Arc, vec::Vec};
    pub use switchboard_abi::{
        ConnectorMod, ConnectorModRef, HostServicesBox, RawConnectorBox, RawFault,
    };
}
