//! Drives a connector as a host does: through the header symbol, the root module and the objects of the ABI.

use std::panic::panic_any;
use std::task::{Context, Poll, Waker};

use abi_stable::library::{LibHeader, RootModule};
use serde_json::{Value, json};
use switchboard_abi::ConnectorModRef;

use super::*;
use crate::fault::FaultCode;
use crate::fence::tests::install_printing_hook;
use crate::model::{CallLogged, Found};
use crate::testing::{PretendHost, example_call, reference_to};

/// Does what the note of its input says, and opens as its setting says.
struct Probe {
    on_drop: String,
}

#[derive(serde::Deserialize)]
struct Settings {
    #[serde(default)]
    on_open: String,
    #[serde(default)]
    on_drop: String,
}

struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("c4n4ry in a drop");
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        assert!(self.on_drop != "panic", "c4n4ry in the connector's drop");
    }
}

impl Connector for Probe {
    type Settings = Settings;

    fn open(settings: Settings, host: &Opening) -> Result<Self, Fault> {
        host.log().info("opening");
        match settings.on_open.as_str() {
            "panic" => panic!("c4n4ry in open"),
            "refuse" => Err(Fault::disabled(format!("{} is refused", host.crm()))),
            _ => Ok(Self {
                on_drop: settings.on_drop,
            }),
        }
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let note = call.note().unwrap_or_default();
        match note {
            "panic at once" => panic!("c4n4ry in the call"),
            "panic with a payload" => panic_any(PanicsOnDrop),
            "hang" => std::future::pending().await,
            "hang and panic in drop" => {
                let _held = PanicsOnDrop;
                std::future::pending().await
            }
            _ => {}
        }
        let answer = ctx.http().get("https://crm.example/").send().await?;
        assert!(note != "panic after an await", "c4n4ry after an await");
        Ok(CallLogged::new(format!(
            "{} {}",
            answer.status(),
            ctx.call_id()
        )))
    }

    async fn find_call_log(&self, ctx: &CallContext, call: CallReference) -> Result<Found, Fault> {
        let answer = ctx.http().get("https://crm.example/").send().await?;
        assert!(call.session() != "panic", "c4n4ry in the look-up");
        Ok(Found::entries([
            answer.status().to_string(),
            call.session().to_owned(),
        ]))
    }
}

crate::export_connector!(
    Probe,
    operations = [createCallLog, findCallLog],
    settings_schema = "src/export/tests/settings.schema.json"
);

/// Returns the root module by the path that a host takes, layout checks included.
fn module() -> ConnectorModRef {
    // A `LibHeader` is made to be read from a library by its symbol; the lint sees its marker types only.
    #[allow(improper_ctypes)]
    unsafe extern "C" {
        #[link_name = "_1as_0lib_1header_0root_bmodule_bloader"]
        static HEADER: LibHeader;
    }
    // SAFETY: `export_connector!` above defines the symbol as a `LibHeader`, immutable and for the whole run.
    let header = unsafe { &HEADER };
    install_printing_hook();
    header.init_root_module::<ConnectorModRef>().unwrap()
}

fn open_with(host: &PretendHost, input: &str) -> Result<RawConnectorBox, Fault> {
    let open = module().open();
    let opened = open(host.services(), RSlice::from_slice(input.as_bytes()));
    opened.into_result().map_err(Fault::from)
}

fn open_probe(host: &PretendHost, settings: Value) -> Result<RawConnectorBox, Fault> {
    let input = json!({ "settings": settings, "crm": "acme", "host": { "name": "test" } });
    open_with(host, &input.to_string())
}

type Started = FfiFuture<RResult<RVec<u8>, RawFault>>;

fn start(
    probe: &RawConnectorBox,
    host: &PretendHost,
    operation: &str,
    context: &str,
    input: &str,
) -> Started {
    probe.call(
        host.services(),
        operation.into(),
        context.as_bytes().to_vec().into(),
        input.as_bytes().to_vec().into(),
    )
}

fn ended(call: Started) -> Result<Value, Fault> {
    let answer = pollster::block_on(call)
        .into_result()
        .map_err(Fault::from)?;
    Ok(serde_json::from_slice(&answer).unwrap())
}

/// Starts the example call with a note that says what the probe does.
fn start_noted(probe: &RawConnectorBox, host: &PretendHost, note: &str) -> Started {
    let mut input = example_call();
    input["note"] = note.into();
    start(
        probe,
        host,
        "createCallLog",
        r#"{"call_id": "c-1"}"#,
        &input.to_string(),
    )
}

/// A host that answers the probe's request.
fn answering_host() -> PretendHost {
    let host = PretendHost::new();
    let answer = crate::testing::Answer::bytes(200, "");
    host.answer("GET", "https://crm.example/", answer);
    host
}

fn poll_once(call: &mut Started) {
    let mut context = Context::from_waker(Waker::noop());
    let polled = Pin::new(call).poll(&mut context);
    assert!(matches!(polled, Poll::Pending));
}

#[test]
fn the_module_and_the_section_hold_the_same_metadata() {
    let text = module().metadata()();
    let metadata: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(metadata["name"], env!("CARGO_PKG_NAME"));
    assert_eq!(metadata["abi"], switchboard_abi::ABI_VERSION);
    assert_eq!(
        metadata["operations"],
        json!(["createCallLog", "findCallLog"])
    );
    assert_eq!(
        ConnectorModRef::VERSION_STRINGS.version,
        switchboard_abi::ABI_VERSION
    );
}

#[test]
fn a_call_goes_in_and_its_outcome_comes_out() {
    let host = answering_host();
    let probe = open_probe(&host, json!({})).unwrap();
    assert_eq!(host.log()[0].message, "opening");
    let outcome = ended(start_noted(&probe, &host, "")).unwrap();
    assert_eq!(outcome, json!({ "logId": "200 c-1" }));
}

#[test]
fn a_reference_goes_in_and_what_was_found_comes_out() {
    let host = answering_host();
    let probe = open_probe(&host, json!({})).unwrap();
    let look_up = |input: &Value| {
        let input = input.to_string();
        ended(start(&probe, &host, "findCallLog", "{}", &input))
    };
    let mut input = reference_to(&example_call());
    let found = look_up(&input).unwrap();
    assert_eq!(found, json!({ "logIds": ["200", "4503991004"] }));

    input["reference"]["session"] = "panic".into();
    let fault = look_up(&input).unwrap_err();
    assert_eq!(fault.code(), FaultCode::Panicked, "{fault}");
    let n_sent = host.requests().len();
    let fault = look_up(&json!({})).unwrap_err();
    assert_eq!(fault.code(), FaultCode::InvalidInput, "{fault}");
    assert_eq!(host.requests().len(), n_sent);
}

#[test]
fn an_opening_that_cannot_succeed_yields_its_fault() {
    let host = PretendHost::new();
    for (input, fault) in [
        (
            json!({ "settings": { "on_open": "refuse" }, "crm": "acme" }),
            Fault::disabled("acme is refused"),
        ),
        (
            json!({ "settings": { "on_drop": 5 } }),
            Fault::invalid_input(
                "cannot read [settings]: invalid type: integer `5`, expected a string",
            ),
        ),
    ] {
        assert_eq!(open_with(&host, &input.to_string()).err(), Some(fault));
    }
    for unreadable in ["", "{", "[]", r#"{"crm": "acme"}"#] {
        let fault = open_with(&host, unreadable).err().unwrap();
        assert_eq!(fault.code(), FaultCode::Internal, "{fault}");
    }
}

#[test]
fn an_unknown_operation_is_unsupported() {
    let host = PretendHost::new();
    let probe = open_probe(&host, json!({})).unwrap();
    for operation in ["updateCallLog", "createcalllog", ""] {
        let fault = ended(start(&probe, &host, operation, "{}", "{}")).unwrap_err();
        assert_eq!(fault.code(), FaultCode::Unsupported);
        assert_eq!(
            fault.message(),
            format!("this connector does not know {operation:?}")
        );
    }
}

#[test]
fn a_context_that_is_no_json_yields_a_fault() {
    let host = PretendHost::new();
    let probe = open_probe(&host, json!({})).unwrap();
    for context in ["", "{", "5", r#"{"attempt": -1}"#, "\u{0}"] {
        let input = example_call().to_string();
        let fault = ended(start(&probe, &host, "createCallLog", context, &input)).unwrap_err();
        assert_eq!(fault.code(), FaultCode::Internal);
        assert!(
            fault
                .message()
                .starts_with("cannot read the call's context"),
            "{fault}"
        );
    }
}

#[test]
fn an_input_without_what_a_view_promises_yields_every_fault_and_nothing_is_sent() {
    let host = answering_host();
    let probe = open_probe(&host, json!({})).unwrap();
    let input = r#"{"user": {"id": 1}, "contactInfo": {"id": ""}, "authHeader": 5, "note": []}"#;
    let fault = ended(start(&probe, &host, "createCallLog", "{}", input)).unwrap_err();
    assert_eq!(fault.code(), FaultCode::InvalidInput);
    let named: Vec<_> = fault.faults().iter().map(ToString::to_string).collect();
    let expected = [
        "/contactInfo/id: must not be empty",
        "/authHeader: expected a string, found a number",
        "/callLog: is required and missing",
        "/note: expected a string, found an array",
    ];
    assert_eq!(named, expected);
    assert_eq!(fault.message(), expected.join("; "));
    let fault = ended(start(&probe, &host, "createCallLog", "{}", "")).unwrap_err();
    assert_eq!(fault.code(), FaultCode::InvalidInput);
    assert!(host.requests().is_empty());
}

/// The rules of the input were compiled into every connector: a host that loosened one could not have called them.
#[test]
fn what_a_newer_host_lets_through_reaches_the_connector() {
    let host = answering_host();
    let probe = open_probe(&host, json!({})).unwrap();
    let mut input = example_call();
    input["contactInfo"]["phoneNumber"] = "6505550100".into();
    input["contactInfo"]["name"] = json!({ "first": "John" });
    input["user"]["userSettings"] = json!([]);
    input["aiNote"] = 5.into();
    for id in ["sessionId", "telephonySessionId", "id"] {
        input["callLog"][id] = json!([]);
    }
    input["deep"] = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let twice = input
        .to_string()
        .replacen('{', r#"{"tags": 1, "tags": 2, "#, 1);
    let outcome = ended(start(&probe, &host, "createCallLog", "{}", &twice)).unwrap();
    assert_eq!(outcome["logId"], "200 ");
}

#[test]
fn a_panic_anywhere_becomes_a_fault_that_names_its_place_and_not_its_text() {
    let host = answering_host();
    let probe = open_probe(&host, json!({})).unwrap();
    let mut faults = vec![
        open_probe(&host, json!({ "on_open": "panic" }))
            .err()
            .unwrap(),
    ];
    for note in [
        "panic at once",
        "panic after an await",
        "panic with a payload",
    ] {
        faults.push(ended(start_noted(&probe, &host, note)).unwrap_err());
    }
    for fault in faults {
        assert_eq!(fault.code(), FaultCode::Panicked, "{fault}");
        assert!(fault.message().contains("tests.rs:"), "{fault}");
        assert!(!fault.message().contains("c4n4ry"), "{fault}");
    }
    let outcome = ended(start_noted(&probe, &host, "")).unwrap();
    assert_eq!(outcome["logId"], "200 c-1", "the instance is still usable");
}

#[test]
fn a_panic_in_a_drop_is_swallowed() {
    let host = PretendHost::new();
    drop(open_probe(&host, json!({ "on_drop": "panic" })).unwrap());

    let probe = open_probe(&host, json!({})).unwrap();
    let mut cancelled = start_noted(&probe, &host, "hang and panic in drop");
    poll_once(&mut cancelled);
    drop(cancelled);
    // Never polled: the connector's code has not begun.
    drop(start_noted(&probe, &host, "panic at once"));
}

#[test]
fn a_call_outlives_the_connectors_object() {
    let host = answering_host();
    let probe = open_probe(&host, json!({ "on_drop": "panic" })).unwrap();
    let call = start_noted(&probe, &host, "");
    let mut hanging = start_noted(&probe, &host, "hang");
    poll_once(&mut hanging);
    drop(probe);
    assert_eq!(ended(call).unwrap()["logId"], "200 c-1");
    // The last user of the instance: its drop panics in here.
    drop(hanging);
}

#[test]
fn an_ended_call_keeps_none_of_its_services() {
    let host = answering_host();
    let probe = open_probe(&host, json!({})).unwrap();
    let n_users = host.n_users();
    for note in ["", "panic at once", "panic after an await"] {
        let _ = ended(start_noted(&probe, &host, note));
    }
    let _ = ended(start(&probe, &host, "weather", "{}", "{}"));
    let _ = ended(start(&probe, &host, "createCallLog", "{", "{}"));
    let mut call = start_noted(&probe, &host, "hang");
    poll_once(&mut call);
    assert_eq!(host.n_users(), n_users + 1, "a call under way has one");
    drop(call);
    assert_eq!(host.n_users(), n_users);
}

/// An async block stood around the fence; polled after its end it panicked where nothing catches that.
#[test]
fn a_call_polled_after_its_end_yields_a_fault() {
    let host = answering_host();
    let probe = open_probe(&host, json!({})).unwrap();
    let mut call = start_noted(&probe, &host, "");
    pollster::block_on(&mut call).into_result().unwrap();
    let fault = pollster::block_on(&mut call).into_result().unwrap_err();
    assert_eq!(Fault::from(fault).code(), FaultCode::Internal);
}

#[test]
fn services_that_are_closed_end_the_call_with_that_fault() {
    let host = PretendHost::new();
    let closed = Fault::closed("the call has ended");
    let answer = crate::testing::Answer::fault(closed.clone());
    host.answer("GET", "https://crm.example/", answer);
    let probe = open_probe(&host, json!({})).unwrap();
    assert_eq!(ended(start_noted(&probe, &host, "")), Err(closed));
}

#[test]
fn calls_run_side_by_side_on_many_threads() {
    let host = answering_host();
    let probe = open_probe(&host, json!({})).unwrap();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (probe, host) = (&probe, &host);
            scope.spawn(move || {
                for _ in 0..20 {
                    let note = if n % 2 == 0 {
                        ""
                    } else {
                        "panic after an await"
                    };
                    let ended = ended(start_noted(probe, host, note));
                    assert_eq!(ended.is_ok(), n % 2 == 0);
                }
            });
        }
    });
    assert_eq!(host.requests().len(), 160);
}
