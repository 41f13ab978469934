//! A connector with every lint that an author may have: its own code is clean, and so is what the macro adds.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, unused, nonstandard_style, future_incompatible)]
#![deny(missing_debug_implementations, unused_qualifications, unused_results, let_underscore_drop)]
#![deny(trivial_casts, trivial_numeric_casts, single_use_lifetimes, unused_lifetimes)]
#![deny(unsafe_op_in_unsafe_fn, rust_2018_idioms, rust_2021_compatibility, rust_2024_compatibility)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery, clippy::undocumented_unsafe_blocks)]
#![deny(clippy::unwrap_used, clippy::panic, clippy::absolute_paths, clippy::indexing_slicing)]

use switchboard_connector_sdk::{
    CallContext, CallLogged, Connector, CreateCallLog, Fault, NoSettings, Opening, export_connector,
};

/// The Acme CRM.
#[derive(Debug)]
pub struct Acme;

impl Connector for Acme {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let request = ctx.http().post("https://api.acme.example/calls");
        let answer = request.text(call.subject()).send().await?.error_for_status()?;
        Ok(CallLogged::new(answer.text()))
    }
}

// What macros of the standard library and of this crate mean must not depend on names that an author defines.
#[allow(dead_code, unreachable_pub, non_camel_case_types, missing_docs, missing_debug_implementations)]
mod shadows {
    pub struct Option;
    pub struct Some;
    pub struct Vec;
    pub struct str;
    pub struct u8;
}
#[allow(unused_imports, clippy::wildcard_imports)]
use shadows::*;

EXPORT
