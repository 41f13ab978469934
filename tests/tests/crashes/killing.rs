//! Kills programs at chosen moments, which are held from outside: by a CRM that does not answer, by a lock on the
//! ledger, by a peer that does not speak. The program is the one that is shipped.

use std::time::Duration;

use mock_crm::{Gate, Rule};
use rustix::process::Signal;
use switchboard_host::ledger::state::StateName;
use switchboard_tests::{Output, Running};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::call::Call;
use super::fate::{Moment, first_write};
use super::site::Site;

/// Pipedrive's reads before its write.
const FIRST_READ: &str = "/api/v2/persons/";
const LAST_READ: &str = "/v1/activityTypes";

const SIGKILL: i32 = Signal::KILL.as_raw();

/// A program that has not made its connection by now never will.
const PATIENCE: Duration = Duration::from_secs(15);

/// How a program ended that was to be killed.
pub enum Ending {
    /// It was killed; the ledger said this of its call right then, nothing before the claim.
    Killed(Option<StateName>),
    /// It was faster.
    ByItself(Output),
}

/// Starts a program for the call and kills it at this moment, unless its time is over before.
pub fn kill_at(moment: Moment, site: &Site, call: Call) -> Ending {
    match moment {
        Moment::AfterFence => while_connecting(site, call),
        Moment::BeforeFence => while_locked(moment, site, call, &format!("path={LAST_READ:?}")),
        Moment::AfterReply => while_locked(moment, site, call, "method=\"POST\""),
        _ => while_held(moment, site, call),
    }
}

/// Kills a program.
pub fn kill(site: &Site, call: Call, program: Running) -> Ending {
    program.signal(Signal::KILL).unwrap();
    let output = program.finish().unwrap();
    match output.signal {
        Some(SIGKILL) => Ending::Killed(site.row(call).map(|row| row.standing.state.name())),
        _ => Ending::ByItself(output),
    }
}

/// The CRM holds a request of the program.
fn while_held(moment: Moment, site: &Site, call: Call) -> Ending {
    let gate = Gate::new();
    site.crm.script(holding(moment, call, &gate));
    let program = site.log(call).start().unwrap();
    if !is_held(moment, site, call) {
        return Ending::ByItself(program.finish().unwrap());
    }
    let ending = kill(site, call, program);
    gate.open();
    ending
}

/// The program has an answer, which its log tells by `sign`. What it wants next is to write to the ledger.
fn while_locked(moment: Moment, site: &Site, call: Call, sign: &str) -> Ending {
    let gate = Gate::new();
    site.crm.script(holding(moment, call, &gate));
    let program = site.log(call).start().unwrap();
    if !is_held(moment, site, call) {
        return Ending::ByItself(program.finish().unwrap());
    }
    site.store.while_locked(|| {
        gate.open();
        match program.until_stderr(sign) {
            Ok(_) => kill(site, call, program),
            Err(_) => Ending::ByItself(program.finish().unwrap()),
        }
    })
}

/// The program has a connection on which it is never asked for its request: TLS comes first.
fn while_connecting(site: &Site, call: Call) -> Ending {
    let silent = site.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let program = site.log(call).env("EXAMPLE_CRM_URL", url).start().unwrap();
    let connected = site.block_on(async { timeout(PATIENCE, silent.accept()).await });
    let ending = match connected {
        Ok(_) => kill(site, call, program),
        Err(_) => Ending::ByItself(program.finish().unwrap()),
    };
    drop(silent);
    ending
}

/// Makes the rule that holds the request after which the moment comes.
fn holding(moment: Moment, call: Call, gate: &Gate) -> Rule {
    let read = |path: &str| Rule::get(path).authorized(&call.authorization()).once();
    let write = first_write(call);
    match moment {
        Moment::AfterClaim => read(&format!("{FIRST_READ}*")).hold(gate),
        Moment::BeforeFence => read(LAST_READ).hold(gate),
        Moment::AfterSendInVain => write.hold(gate).close(),
        Moment::AfterStoring => write.store().hold(gate),
        _ => write.hold(gate),
    }
}

/// Waits until the CRM holds that request; whether it does.
fn is_held(moment: Moment, site: &Site, call: Call) -> bool {
    match moment {
        Moment::AfterClaim => site.seen.request(call, "GET", FIRST_READ),
        Moment::BeforeFence => site.seen.request(call, "GET", LAST_READ),
        Moment::AfterStoring => site.seen.entry(call),
        _ => site.seen.request(call, "POST", call.crm.path()),
    }
}
