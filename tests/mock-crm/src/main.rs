//! A mock CRM to talk to by hand: `cargo run -p mock-crm -- --help`.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::{Parser, value_parser};
use mock_crm::{Event, MockCrm, Reply, Rule};

/// A CRM for trying connectors, with the routes of Example and of Pipedrive.
///
/// The first line of its output is its URL, then come a line for each request and one for each stored entry.
/// Ctrl-C ends it. What it stores it keeps in memory.
#[derive(Parser)]
#[command(after_help = "\
Routes (all but /health want an Authorization header, whatever it holds):
  GET  /health
  POST /activities                   Example: stores an entry
  GET  /activities?sessionId=ID     Example: lists the entries of a session, in pages
  GET  /api/v2/persons/ID            Pipedrive
  GET  /v1/activityTypes             Pipedrive
  POST /api/v2/activities            Pipedrive: stores an entry
  GET  /api/v2/activities            Pipedrive: lists entries by person_id and updated_since, in pages")]
struct Args {
    /// Listen on this port of 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Speak HTTPS, with a certificate for localhost and 127.0.0.1 made for this run.
    #[arg(long, requires = "ca_out")]
    tls: bool,
    /// Where to write the certificate that callers have to trust (`switchboard --ca-file FILE`).
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_out: Option<PathBuf>,
    /// Answer that much later.
    #[arg(long, value_name = "N", default_value_t = 0)]
    delay_ms: u64,
    /// Answer every request with this status, and store nothing.
    #[arg(long, value_name = "STATUS", value_parser = value_parser!(u16).range(200..=599))]
    fail: Option<u16>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    // Ctrl-C is caught from the first poll on: before anybody can know the URL.
    let interrupted = tokio::spawn(tokio::signal::ctrl_c());
    tokio::task::yield_now().await;
    let builder = MockCrm::builder().port(args.port).observer(report);
    let crm = if args.tls { builder.tls() } else { builder }.start()?;
    if let (Some(path), Some(pem)) = (&args.ca_out, crm.ca_pem()) {
        fs::write(path, pem).with_context(|| format!("cannot write {}", path.display()))?;
    }
    crm.script(rule(&args));
    writeln!(io::stdout(), "{}", crm.url())?;
    interrupted.await?.context("cannot wait for Ctrl-C")
}

fn rule(args: &Args) -> Rule {
    let rule = Rule::any("*").delay(Duration::from_millis(args.delay_ms));
    match args.fail {
        None => rule,
        Some(status) => rule.reply(Reply::text(status, "told to fail by --fail\n")),
    }
}

/// Prints what happens, but no header and no record: they hold tokens and notes.
fn report(event: Event<'_>) {
    let mut stdout = io::stdout().lock();
    // Nobody may be listening any more; that is no reason to stop serving.
    let _ = match event {
        Event::Received(request) => writeln!(
            stdout,
            "received {} {} ({} bytes)",
            request.method,
            request.path(),
            request.body.len()
        ),
        Event::Stored(entry) => writeln!(stdout, "stored {} by POST {}", entry.id, entry.path),
    };
}
