//! A gateway that serves hostile CRMs beside one into which clients log calls all the time.

use std::{
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::{Value, json};
use switchboard_tests::{Gateway, Output, Pending, Process, Stage, settings};

use super::load::Load;

/// Where connectors run.
pub const WORKER: &str = "process";
pub const HOST: &str = "in-process";

/// The package of the connector that does what a call's note says.
const HOSTILE: &str = "faulty-hostile";

const SOON: Duration = Duration::from_secs(30);

/// The longest test.
const TIME: Duration = Duration::from_secs(180);

/// A running gateway under attack.
pub struct Siege {
    /// What it serves.
    pub stage: Stage,
    /// The process.
    pub gateway: Gateway,
    load: Load,
}

/// Makes a stage with the Example CRM and the hostile library.
pub fn stage() -> Stage {
    let stage = Stage::new().unwrap();
    stage.place.place_connector(HOSTILE).unwrap();
    stage
}

/// Enables a hostile CRM, with more sections of the manifest and more settings.
pub fn add_hostile(
    stage: &Stage,
    isolation: &str,
    crm: &str,
    sections: &str,
    more: &[(&str, &str)],
) {
    let base_url = stage.crm.url();
    let all = [&[("base_url", &*base_url)], more].concat();
    let sections = sections.to_owned() + &settings(&all);
    stage
        .enable_in(isolation, crm, "faulty_hostile", &sections)
        .unwrap();
}

/// Returns a call in whose note stands what the connector is to do.
pub fn call(stage: &Stage, note: &str) -> Value {
    let mut input = stage.new_call().unwrap();
    input["note"] = json!(note);
    input
}

/// Waits until something is so.
pub fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "it is not so after {SOON:?}");
        thread::yield_now();
    }
}

impl Siege {
    /// Starts a gateway with these hostile CRMs in workers.
    pub fn of(crms: &[&str]) -> Self {
        let stage = stage();
        for crm in crms {
            add_hostile(&stage, WORKER, crm, "", &[]);
        }
        Self::begin(stage)
    }

    /// Starts a gateway with what is on the stage.
    pub fn begin(stage: Stage) -> Self {
        let gateway = Gateway::start_for(&stage.place, TIME).unwrap();
        let load = Load::begin(gateway.client, "example");
        Self {
            stage,
            gateway,
            load,
        }
    }

    /// Has a hostile CRM do something while the other one works; returns status and outcome.
    pub fn deed(&self, crm: &str, deed: &str) -> (u16, Value) {
        let ended = self.begin_deed(crm, deed).receive().unwrap();
        self.load.check_works();
        ended
    }

    /// As [`deed`](Siege::deed), for deeds that tell what they came to.
    pub fn gain(&self, crm: &str, deed: &str) -> String {
        let (status, outcome) = self.deed(crm, deed);
        assert_eq!(status, 200, "{deed}: {outcome}");
        outcome["logId"].as_str().unwrap().to_owned()
    }

    /// Sends a call with a deed and does not wait for it.
    pub fn begin_deed(&self, crm: &str, deed: &str) -> Pending {
        let input = call(&self.stage, &format!("deed: {deed}"));
        self.gateway.client.send(crm, &input).unwrap()
    }

    /// Logs a call into a hostile CRM that does nothing wrong for once; returns the id of its entry.
    pub fn log(&self, crm: &str) -> String {
        let input = call(&self.stage, "good");
        let (status, outcome) = self.gateway.client.log(crm, &input).unwrap();
        assert_eq!(status, 200, "{crm}: {outcome}");
        outcome["logId"].as_str().unwrap().to_owned()
    }

    /// Returns the gateway's process.
    pub fn host(&self) -> Process {
        Process::new(self.gateway.running.id())
    }

    /// Ends everything in good order. No call of the other CRM may have failed, no process may be left.
    pub fn end(self) -> Output {
        let workers = self.host().children().unwrap();
        self.load.end().unwrap();
        let ends: Vec<_> = workers.iter().map(|it| it.end().unwrap()).collect();
        self.gateway.running.signal(Signal::INT).unwrap();
        let output = self.gateway.running.finish().unwrap();
        assert_eq!((output.code, output.signal), (Some(0), None), "{output:#?}");
        for end in ends {
            end.wait(Duration::from_secs(10)).unwrap();
        }
        output
    }
}
