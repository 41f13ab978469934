//! A gateway: takes calls by HTTP and logs them through an embedded host.
//!
//! ```sh
//! cargo run -p switchboard-host --example gateway -- 127.0.0.1:8080 manifests connectors
//! curl --data @call.json http://127.0.0.1:8080/crm/example/calls
//! ```
//!
//! A client that hangs up does not stop its call: the host finishes it, and the log tells how.

use std::time::Duration;

use anyhow::Context;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use switchboard_host::{CallOptions, CallOutcome, Host};
use tokio::net::TcpListener;

/// The largest input of a call.
const MAX_INPUT_BYTES: usize = 10 * 1024 * 1024;

/// How long calls may go on after SIGINT.
const SHUTDOWN_TIME: Duration = Duration::from_secs(20);

fn main() -> anyhow::Result<()> {
    // First of all, and before there are threads: connectors run in processes that are this program, too.
    switchboard_host::serve_if_worker();
    serve()
}

#[tokio::main]
async fn serve() -> anyhow::Result<()> {
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr);
    log.with_ansi(false).init();
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: gateway ADDRESS MANIFESTS CONNECTORS";
    let mut next = || arguments.next().context(usage);
    let (address, manifests, connectors) = (next()?, next()?, next()?);

    // Opening connectors blocks, for seconds if they are slow.
    let builder = Host::builder()
        .manifests(manifests)
        .connectors([connectors]);
    // Where the program `switchboard` keeps it, so that `switchboard release` reaches this one, too.
    let builder = match switchboard_host::default_state_folder() {
        Some(folder) => builder.state_folder(folder),
        None => builder,
    };
    let host = tokio::task::spawn_blocking(|| builder.build()).await??;
    let routes = Router::new()
        .route("/crm/{name}/calls", post(log_call))
        .layer(DefaultBodyLimit::max(MAX_INPUT_BYTES))
        .with_state(host.clone());

    let listener = TcpListener::bind(&address).await?;
    tracing::info!("listening on {}", listener.local_addr()?);
    let stop = async {
        // Without a handler the signal itself ends the program.
        let _ = tokio::signal::ctrl_c().await;
    };
    let server = axum::serve(listener, routes).with_graceful_shutdown(stop);
    server.await?;
    // Calls whose clients have gone are still under way.
    host.shutdown(SHUTDOWN_TIME).await;
    Ok(())
}

/// Logs one call and answers with its outcome.
async fn log_call(
    State(host): State<Host>,
    Path(crm): Path<String>,
    input: Bytes,
) -> (StatusCode, Json<CallOutcome>) {
    let call = host.create_call_log(&crm, input, CallOptions::default());
    let outcome = call.await;
    let status = StatusCode::from_u16(outcome.http_status());
    (
        status.expect("every code has an HTTP status"),
        Json(outcome),
    )
}
