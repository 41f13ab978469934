//! The same calls in process and in a worker, in turns.

use std::time::{Duration, Instant};

use mock_crm::{MockCrm, Reply, Rule};
use serde_json::{Value, json};
use switchboard_host::{CallOptions, Host};
use switchboard_tests::example_input;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::effort::Effort;
use crate::runs::Run;
use crate::setting::{Setting, Site, build};
use crate::{Failure, say};

const N_IN_FLIGHT: [usize; 2] = [1, 64];

/// What a call sends to the CRM.
#[derive(Clone, Copy)]
enum Sent {
    Nothing,
    /// A read and a write.
    TwoRequests,
}

/// Measures and prints each kind of call.
pub fn measure(effort: &Effort) -> Result<(), Failure> {
    let (crm, runtime) = (crm()?, Runtime::new()?);
    let host = host(&crm)?;
    for sent in [Sent::Nothing, Sent::TwoRequests] {
        for n_callers in N_IN_FLIGHT {
            let calls = Calls {
                host: &host,
                runtime: &runtime,
                input: example_input()?,
                sent,
                n_callers,
            };
            calls.compare(effort)?;
        }
    }
    runtime.block_on(host.shutdown(Duration::from_secs(20)));
    Ok(())
}

/// Starts a CRM that keeps no entries: with many of them it would be slower.
fn crm() -> Result<MockCrm, Failure> {
    let crm = MockCrm::start()?;
    let contact = json!({ "id": 77, "name": "John Smith" });
    crm.script_all([
        Rule::get("/contacts/*").reply(Reply::json(200, &contact)),
        Rule::post("/entries").reply(Reply::json(201, &json!({ "id": 1 }))),
    ]);
    Ok(crm)
}

/// Starts a host with a CRM for each kind of call. All run the same library.
fn host(crm: &MockCrm) -> Result<Host, Failure> {
    let mut setting = Setting::new()?;
    let library = setting.place_library()?;
    for site in Site::BOTH {
        for sent in [Sent::Nothing, Sent::TwoRequests] {
            let settings = match sent {
                Sent::Nothing => String::new(),
                Sent::TwoRequests => format!(
                    "[network]\nallowed_hosts = [\"127.0.0.1:*\"]\n[settings]\nbase_url = {:?}\n",
                    crm.url()
                ),
            };
            let sections = format!("[limits]\nmax_in_flight = 64\n{settings}");
            setting.enable(&name(site, sent), &library, site, &sections)?;
        }
    }
    build(setting.host(), 4)
}

fn name(site: Site, sent: Sent) -> String {
    let suffix = match sent {
        Sent::Nothing => "",
        Sent::TwoRequests => "-requests",
    };
    format!("{}{suffix}", site.isolation())
}

/// One kind of call.
struct Calls<'a> {
    host: &'a Host,
    runtime: &'a Runtime,
    input: Value,
    sent: Sent,
    n_callers: usize,
}

/// What a site has done.
#[derive(Default)]
struct Done {
    times: Vec<Duration>,
    elapsed: Duration,
}

impl Calls<'_> {
    /// Lets both sites make calls in turns, and prints both and how they compare.
    fn compare(&self, effort: &Effort) -> Result<(), Failure> {
        let mut done = [Done::default(), Done::default()];
        for site in Site::BOTH {
            self.turn(site, effort.turn)?;
        }
        for turn_idx in 0..effort.n_turns {
            for position in 0..2 {
                // Who is first is second the next time.
                let site_idx = (turn_idx + position) % 2;
                let turn = self.turn(Site::BOTH[site_idx], effort.turn)?;
                done[site_idx].times.extend(turn.times);
                done[site_idx].elapsed += turn.elapsed;
            }
        }
        let [in_process, worker] = done.map(|done| Run::new(done.times, done.elapsed));
        self.print(&in_process, &worker);
        Ok(())
    }

    fn turn(&self, site: Site, time: Duration) -> Result<Done, Failure> {
        self.runtime
            .block_on(self.calls(&name(site, self.sent), time))
    }

    /// Lets each caller make one call after the other.
    async fn calls(&self, crm: &str, time: Duration) -> Result<Done, Failure> {
        let started = Instant::now();
        let mut callers = JoinSet::new();
        for caller_idx in 0..self.n_callers {
            let (host, crm, mut input) = (self.host.clone(), crm.to_owned(), self.input.clone());
            // Calls of one session would wait for each other.
            input["callLog"]["sessionId"] = caller_idx.to_string().into();
            let json = input.to_string();
            callers.spawn(async move {
                let mut times = Vec::new();
                while started.elapsed() < time {
                    let begun = Instant::now();
                    let outcome = host.create_call_log(&crm, json.clone(), CallOptions::default());
                    let outcome = outcome.await;
                    times.push(begun.elapsed());
                    if outcome.log_id().is_none() {
                        return Err(format!("a call was not logged: {outcome:?}").into());
                    }
                }
                Ok::<_, Failure>(times)
            });
        }
        let mut times = Vec::new();
        while let Some(caller) = callers.join_next().await {
            times.extend(caller??);
        }
        let elapsed = started.elapsed();
        Ok(Done { times, elapsed })
    }

    fn print(&self, in_process: &Run, worker: &Run) {
        let sent = match self.sent {
            Sent::Nothing => "nothing is sent",
            Sent::TwoRequests => "two requests",
        };
        say(&format!("calls, {} in flight, {sent}", self.n_callers));
        in_process.print("  in process", "");
        let [before, after] = [in_process, worker].map(|run| run.percentile(50).as_secs_f64());
        let (more, ratio) = ((after - before) * 1e6, after / before);
        let rate = worker.per_second() / in_process.per_second();
        let compared =
            format!(", p50 {more:+.0} µs, {ratio:.2} times; {rate:.2} of the rate in process");
        worker.print("  in a worker", &compared);
    }
}
