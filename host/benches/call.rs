//! What one call costs, and which part of Switchboard takes how much of it.
//!
//! The same connector logic, on the same JSON, at a call as small as the contract allows and at the example call:
//!
//! - `plain`: read the context and the call, make the entry, write the answer, as functions linked in;
//! - `abi`: the same through a loaded library, as the host calls it;
//! - `pipeline`: the same through [`Host::create_call_log`], everything but the network;
//! - `floor`: no logic, the call's JSON read into a tree and written once.
//!
//! Loading stands outside. The ratios are printed at the end.

use std::error::Error;
use std::fs;
use std::future::ready;
use std::hint::black_box;

use abi_stable::library::lib_header_from_path;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RErr, RResult, RSlice, RStr, RVec};
use async_ffi::{FfiFuture, FutureExt as _};
use criterion::{BenchmarkId, Criterion};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use switchboard_abi::{
    ConnectorModRef, HostServices, HostServices_TO, RawConnectorBox, RawFault, RawMessage,
};
use switchboard_connector_sdk::wire::ContextHead;
use switchboard_connector_sdk::{CreateCallLog, Fault};
use switchboard_host::{CallOptions, Host};
use switchboard_tests::{Workplace, library_in};

use times::Times;

mod times;

const CONNECTOR: &str = "switchboard-bench-connector";
const MANIFEST: &str = r#"
manifest_version = 1
[crm]
name = "bench"
[connector]
library = "switchboard_bench_connector"
isolation = "in-process"
"#;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let library = library_in(CONNECTOR, "bench")?;
    let place = Workplace::new()?;
    fs::copy(
        &library,
        place
            .connectors()
            .join(library.file_name().ok_or("a library has a name")?),
    )?;
    place.write_manifest("bench", MANIFEST)?;
    let subject = Subject {
        connector: open(&library)?,
        host: Host::builder()
            .manifests(place.manifests())
            .connectors([place.connectors()])
            .build()?,
        runtime: tokio::runtime::Builder::new_current_thread().build()?,
        context: context()?,
    };
    let times = Times::new(100);
    let mut criterion = Criterion::default().configure_from_args();
    for (size, input) in inputs() {
        subject.check(&input)?;
        subject.measure(&mut criterion, size, &input, &times);
    }
    criterion.final_summary();
    print_ratios(&times);
    Ok(())
}

/// Returns the smallest call that is valid, and the example.
fn inputs() -> [(&'static str, Vec<u8>); 2] {
    let smallest = json!({
        "user": { "id": "1" },
        "contactInfo": { "id": "1" },
        "authHeader": "",
        "callLog": { "id": "1", "startTime": 0 },
    });
    let example = include_bytes!("../../connector-sdk/src/testing/create-call-log.json");
    [
        ("smallest", smallest.to_string().into_bytes()),
        ("example", example.to_vec()),
    ]
}

fn context() -> serde_json::Result<Vec<u8>> {
    let mut head = ContextHead::new("01890a5d-ac96-774b-bcce-b302099a8057");
    head.remaining_ms = 30_000;
    serde_json::to_vec(&head)
}

/// Opens the library without the host, as an embedder of the bare ABI could.
fn open(library: &std::path::Path) -> Result<RawConnectorBox, Failure> {
    let module = lib_header_from_path(library)?.init_root_module::<ConnectorModRef>()?;
    let input = json!({ "settings": {}, "crm": "bench", "host": {} }).to_string();
    let services = HostServices_TO::from_value(NoServices, TD_Opaque);
    let opened = module.open()(services, RSlice::from_slice(input.as_bytes()));
    opened
        .into_result()
        .map_err(|fault| Fault::from(fault).into())
}

/// What is measured.
struct Subject {
    connector: RawConnectorBox,
    host: Host,
    runtime: tokio::runtime::Runtime,
    context: Vec<u8>,
}

impl Subject {
    fn plain(&self, input: &[u8]) -> Result<Vec<u8>, Failure> {
        let context: ContextHead = serde_json::from_slice(&self.context)?;
        black_box(context);
        // The boundary hands every connector a copy of its own.
        let input = input.to_vec();
        let call = CreateCallLog::from_json(&input)?;
        Ok(serde_json::to_vec(&switchboard_bench_connector::log(
            &call,
        ))?)
    }

    fn abi(&self, input: &[u8]) -> Result<Vec<u8>, Failure> {
        let services = HostServices_TO::from_value(NoServices, TD_Opaque);
        let (context, input) = (RVec::from(self.context.clone()), RVec::from(input.to_vec()));
        let operation = RStr::from_str("createCallLog");
        let answer = self.connector.call(services, operation, context, input);
        let answer = answer
            .now_or_never()
            .ok_or("the connector waits for nothing")?;
        Ok(answer.into_result().map_err(Fault::from)?.into())
    }

    fn pipeline(&self, input: &[u8]) -> Option<String> {
        let call = self
            .host
            .create_call_log("bench", input, CallOptions::default());
        self.runtime.block_on(call).log_id().map(str::to_owned)
    }

    /// Sees that all three do the same.
    fn check(&self, input: &[u8]) -> Result<(), Failure> {
        let plain = self.plain(input)?;
        assert_eq!(plain, self.abi(input)?);
        let plain: Value = serde_json::from_slice(&plain)?;
        assert_eq!(plain["logId"].as_str(), self.pipeline(input).as_deref());
        Ok(())
    }

    fn measure(&self, criterion: &mut Criterion, size: &'static str, input: &[u8], times: &Times) {
        let mut group = criterion.benchmark_group("call");
        let mut bench = |name: &'static str, run: &dyn Fn()| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter_custom(|n_runs| times.take(size, name, n_runs, run));
            });
        };
        bench("plain", &|| drop(black_box(self.plain(black_box(input)))));
        bench("abi", &|| drop(black_box(self.abi(black_box(input)))));
        bench("pipeline", &|| {
            drop(black_box(self.pipeline(black_box(input))))
        });
        bench("floor", &|| drop(black_box(floor(black_box(input)))));
        group.finish();
    }
}

fn floor(input: &[u8]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&serde_json::from_slice::<Value>(input)?)
}

/// Prints a table in Markdown. Rows that a filter left out are missing.
#[expect(clippy::print_stdout, reason = "this is the result")]
fn print_ratios(times: &Times) {
    println!(
        "| call | plain | abi | pipeline | floor | abi - plain | abi/plain | pipeline/plain | pipeline/floor |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for size in ["smallest", "example"] {
        let micros = |name| times.micros(size, name);
        let [Some(plain), Some(abi), Some(pipeline), Some(floor)] =
            ["plain", "abi", "pipeline", "floor"].map(micros)
        else {
            continue;
        };
        println!(
            "| {size} | {plain:.2} µs | {abi:.2} µs | {pipeline:.2} µs | {floor:.2} µs | {:.2} µs | {:.2} | {:.2} | {:.2} |",
            abi - plain,
            abi / plain,
            pipeline / plain,
            pipeline / floor
        );
    }
}

/// The services of a host that a connector without a CRM never asks.
#[derive(Clone)]
struct NoServices;

impl NoServices {
    fn refuse<T: Send + 'static>(&self) -> FfiFuture<RResult<T, RawFault>> {
        ready(RErr(Fault::unsupported("a bench has no services").into())).into_ffi()
    }
}

impl HostServices for NoServices {
    fn http(&self, _: RawMessage) -> FfiFuture<RResult<RawMessage, RawFault>> {
        self.refuse()
    }

    fn log(&self, _: u8, _: RStr<'_>, _: RVec<u8>) {}

    fn now_unix_ms(&self) -> u64 {
        0
    }

    fn call(&self, _: RStr<'_>, _: RVec<u8>) -> FfiFuture<RResult<RVec<u8>, RawFault>> {
        self.refuse()
    }
}
