//! Kills programs and their workers at chosen moments, which are held from outside: by a CRM that does not answer, by a
//! lock on the ledger, by a peer that does not speak. The program is the one that is shipped.

mod worker;

use std::time::Duration;

use mock_crm::{Gate, Rule};
use rustix::process::Signal;
use switchboard_host::ledger::state::StateName;
use switchboard_tests::{Output, Running};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::call::Call;
use super::fate::{Moment, Victim, first_write};
use super::site::Site;

/// Pipedrive's reads before its write.
const FIRST_READ: &str = "/api/v2/persons/";
const LAST_READ: &str = "/v1/activityTypes";

/// What the log tells of the answers to the last read and to a write.
const LAST_READ_ANSWERED: &str = "path=\"/v1/activityTypes\"";
const WRITE_ANSWERED: &str = "method=\"POST\"";

const SIGKILL: i32 = Signal::KILL.as_raw();

/// A program that has not made its connection by now never will.
const PATIENCE: Duration = Duration::from_secs(15);

/// How a program ended that was to be killed, or to lose its worker.
pub enum Ending {
    /// It was killed; the ledger said this of its call right then, nothing before the claim.
    Killed(Option<StateName>),
    /// Its worker was killed, with this in the ledger, and it has seen that and goes on.
    Bereft(Option<StateName>, Running),
    /// It was faster.
    ByItself(Output),
}

/// Starts a program for the call and kills it or its worker at this moment, unless its time is over before.
pub fn kill_at(moment: Moment, victim: Victim, site: &Site, call: Call) -> Ending {
    match (moment, victim) {
        (Moment::WhileOpening, _) => while_opening(victim, site, call),
        (Moment::AfterFence, _) => while_connecting(victim, site, call),
        (Moment::BeforeFence, _) => while_locked(moment, victim, site, call, LAST_READ_ANSWERED),
        (Moment::AfterReply, Victim::Host) => {
            while_locked(moment, victim, site, call, WRITE_ANSWERED)
        }
        (Moment::AfterReply, Victim::Worker) => while_stopped(site, call),
        _ => while_held(moment, victim, site, call),
    }
}

/// Kills a program or its worker.
pub fn kill(victim: Victim, site: &Site, call: Call, program: Running) -> Ending {
    match victim {
        Victim::Host => kill_host(site, call, program),
        Victim::Worker => worker::kill(site, call, program),
    }
}

fn kill_host(site: &Site, call: Call, program: Running) -> Ending {
    program.signal(Signal::KILL).unwrap();
    let output = program.finish().unwrap();
    match output.signal {
        Some(SIGKILL) => Ending::Killed(site.state(call)),
        _ => Ending::ByItself(output),
    }
}

/// The worker has been started, and does not take calls yet.
fn while_opening(victim: Victim, site: &Site, call: Call) -> Ending {
    let program = site.log(call).start().unwrap();
    if !worker::is_opening(&program) {
        return Ending::ByItself(program.finish().unwrap());
    }
    kill(victim, site, call, program)
}

/// The CRM holds a request of the program.
fn while_held(moment: Moment, victim: Victim, site: &Site, call: Call) -> Ending {
    let gate = Gate::new();
    site.crm.script(holding(moment, call, &gate));
    let program = site.log(call).start().unwrap();
    if !is_held(moment, site, call, &program) {
        return Ending::ByItself(program.finish().unwrap());
    }
    let ending = kill(victim, site, call, program);
    gate.open();
    ending
}

/// The program has an answer, which its log tells by `sign`. What it wants next is to write to the ledger.
fn while_locked(moment: Moment, victim: Victim, site: &Site, call: Call, sign: &str) -> Ending {
    let gate = Gate::new();
    site.crm.script(holding(moment, call, &gate));
    let program = site.log(call).start().unwrap();
    if !is_held(moment, site, call, &program) {
        return Ending::ByItself(program.finish().unwrap());
    }
    site.store.while_locked(|| {
        gate.open();
        match program.until_stderr(sign) {
            Ok(_) => kill(victim, site, call, program),
            Err(_) => Ending::ByItself(program.finish().unwrap()),
        }
    })
}

/// The program has the answer to its write, and the worker is stopped: the connector never gets it.
fn while_stopped(site: &Site, call: Call) -> Ending {
    let gate = Gate::new();
    site.crm.script(holding(Moment::AfterReply, call, &gate));
    let program = site.log(call).start().unwrap();
    if !is_held(Moment::AfterReply, site, call, &program) {
        return Ending::ByItself(program.finish().unwrap());
    }
    worker::stop(&program);
    gate.open();
    match program.until_stderr(WRITE_ANSWERED) {
        Ok(_) => worker::kill(site, call, program),
        Err(_) => Ending::ByItself(program.finish().unwrap()),
    }
}

/// The program has a connection on which it is never asked for its request: TLS comes first.
fn while_connecting(victim: Victim, site: &Site, call: Call) -> Ending {
    let silent = site.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let program = site.log(call).env("EXAMPLE_CRM_URL", url).start().unwrap();
    let connected = site.block_on(async { timeout(PATIENCE, silent.accept()).await });
    let ending = match connected {
        Ok(_) => kill(victim, site, call, program),
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
fn is_held(moment: Moment, site: &Site, call: Call, program: &Running) -> bool {
    let seen = |method, path| site.seen.request(call, program, method, path);
    match moment {
        Moment::AfterClaim => seen("GET", FIRST_READ),
        Moment::BeforeFence => seen("GET", LAST_READ),
        Moment::AfterStoring => site.seen.entry(call, program),
        _ => seen("POST", call.crm.path()),
    }
}
