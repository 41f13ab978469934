//! Calls a library through the boundary alone, without a host: for operations that no command runs.

use std::{future, path::Path};

use abi_stable::{
    library::lib_header_from_path,
    sabi_trait::TD_Opaque,
    std_types::{RErr, RResult, RSlice, RStr, RVec},
};
use async_ffi::{FfiFuture, FutureExt};
use serde_json::{Value, json};
use switchboard_abi::{
    ConnectorModRef, HostServices, HostServices_TO, HostServicesBox, RawConnectorBox, RawFault,
    RawMessage,
};
use switchboard_connector_sdk::Fault;

/// What every request is answered with.
pub(crate) const NO_NETWORK: &str = "there is no network here";

/// Services that reach nothing.
#[derive(Clone)]
struct NoServices;

impl HostServices for NoServices {
    fn http(&self, _: RawMessage) -> FfiFuture<RResult<RawMessage, RawFault>> {
        future::ready(RErr(Fault::unavailable(NO_NETWORK).into())).into_ffi()
    }

    fn log(&self, _: u8, _: RStr<'_>, _: RVec<u8>) {}

    fn now_unix_ms(&self) -> u64 {
        0
    }

    fn call(&self, _: RStr<'_>, _: RVec<u8>) -> FfiFuture<RResult<RVec<u8>, RawFault>> {
        future::ready(RErr(
            Fault::unsupported("there are no services here").into(),
        ))
        .into_ffi()
    }
}

/// Opens a connector with these settings and runs one operation of it.
pub(crate) fn call(
    library: &Path,
    settings: &Value,
    operation: &str,
    input: &Value,
) -> Result<Value, Fault> {
    let header = lib_header_from_path(library).unwrap();
    let module = header.init_root_module::<ConnectorModRef>().unwrap();
    let opening = json!({ "settings": settings, "crm": "foreign" }).to_string();
    let opened = module.open()(services(), RSlice::from_slice(opening.as_bytes()));
    let connector: RawConnectorBox = opened.into_result().map_err(Fault::from)?;
    let input = input.to_string().into_bytes();
    let ending = connector.call(
        services(),
        operation.into(),
        b"{}".to_vec().into(),
        input.into(),
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let answer = runtime
        .block_on(ending)
        .into_result()
        .map_err(Fault::from)?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

fn services() -> HostServicesBox {
    HostServices_TO::from_value(NoServices, TD_Opaque)
}
