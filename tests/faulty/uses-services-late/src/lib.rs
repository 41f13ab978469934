//! Keeps the services of its first call, a request that is under way there included, and uses both in the next.
//!
//! The input's note is the URL that it writes to. The first call answers `kept`; every later one the numbers of the
//! faults that the kept request and a new one over the kept services end with.

#![forbid(unsafe_code)]

use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use faulty_raw::{
    Answer, GOOD_METADATA,
    abi_stable::std_types::{ROk, RResult, RStr, RVec},
    async_ffi::{FfiFuture, FutureExt},
    export_raw_connector,
    switchboard_abi::{HostServicesBox, RawConnector, RawFault, RawMessage},
};
use serde_json::{Value, json};

type Reply = FfiFuture<RResult<RawMessage, RawFault>>;

/// What the first call has left behind.
#[derive(Default)]
struct UsesServicesLate(Mutex<Option<(HostServicesBox, Reply)>>);

impl RawConnector for UsesServicesLate {
    fn call(&self, host: HostServicesBox, _: RStr<'_>, _: RVec<u8>, input: RVec<u8>) -> Answer {
        let input: Value = serde_json::from_slice(&input).unwrap_or_default();
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((earlier, under_way)) = kept else {
            let under_way = begun(&host, "GET", &input);
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((host, under_way));
            return std::future::ready(ROk(logged("kept"))).into_ffi();
        };
        let late = begun(&earlier, "POST", &input);
        async move {
            let ends = [end(under_way.await), end(late.await)];
            ROk(logged(&ends.join(" ")))
        }
        .into_ffi()
    }
}

/// Starts a request and polls it once, so that it is under way.
fn begun(host: &HostServicesBox, method: &str, input: &Value) -> Reply {
    let head = json!({
        "method": method,
        "url": input["note"],
        "headers": [["authorization", input["authHeader"]]],
    });
    let mut reply = host.http(RawMessage {
        head: head.to_string().into_bytes().into(),
        body: RVec::from_slice(b"{}"),
    });
    match std::pin::Pin::new(&mut reply).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => reply,
        Poll::Ready(reply) => std::future::ready(reply).into_ffi(),
    }
}

fn end(reply: RResult<RawMessage, RawFault>) -> String {
    match reply.into_result() {
        Ok(_) => "answered".to_owned(),
        Err(fault) => fault.code.to_string(),
    }
}

fn logged(id: &str) -> RVec<u8> {
    json!({ "logId": id }).to_string().into_bytes().into()
}

export_raw_connector!(UsesServicesLate, metadata = GOOD_METADATA);
