//! A CRM, a ledger, and programs that log calls from the one into the other.

use std::sync::Arc;
use std::time::Duration;

use mock_crm::MockCrm;
use switchboard_host::ledger::state::StateName;
use switchboard_host::ledger::{Filter, Ledger, Row};
use switchboard_tests::{Invocation, Workplace, manifest};
use tokio::runtime::Runtime;

use super::call::{Call, Crm, TOKEN};
use super::sightings::Sightings;
use super::store::Store;

/// How long the CRM's answer to a search counts for nothing.
///
/// A write that reaches the CRM later than this after its call has become unclear could make a second entry, which no
/// ledger can prevent; the setting is for an operator to choose. So the CRM here never takes longer to store an entry
/// than a write may take in all, which is 5 s, and stores what it holds back as soon as the sender is dead, 12 s before
/// its lease ends, or as soon as the sender has seen that its worker is.
pub const QUARANTINE: Duration = Duration::from_secs(1);

/// The shortest times that a manifest may set. A lease is 12 s.
const TIMES: &str = r#"
[limits]
timeout = "2s"
[ledger]
lease_margin = "10s"
quarantine = "1s"
"#;

const EXAMPLE_SETTINGS: &str = "[settings]\nbase_url = \"${EXAMPLE_CRM_URL}\"\n";

/// Everything that one run needs.
pub struct Site {
    pub crm: MockCrm,
    pub seen: Arc<Sightings>,
    pub store: Store,
    place: Workplace,
    ledger: Ledger,
    runtime: Runtime,
}

impl Site {
    /// Makes a site with an empty ledger, in the store that is made for its workplace.
    pub fn new(store: impl FnOnce(&Workplace) -> Store) -> Self {
        let seen = Arc::new(Sightings::default());
        let observer = Arc::clone(&seen);
        let crm = MockCrm::builder().tls();
        let crm = crm.observer(move |event| observer.note(event)).start();
        let mut place = Workplace::new().unwrap();
        place.guard(&[TOKEN]);
        let store = store(&place);
        let site = Self {
            crm: crm.unwrap(),
            seen,
            ledger: store.open(),
            store,
            place,
            runtime: Runtime::new().unwrap(),
        };
        site.crm.write_ca(site.place.root()).unwrap();
        for crm in ["example", "pipedrive"] {
            let package = format!("switchboard-connector-{crm}");
            site.place.place_connector(&package).unwrap();
        }
        site.enable("example", EXAMPLE_SETTINGS);
        site.enable("pipedrive", "");
        site
    }

    fn enable(&self, crm: &str, sections: &str) {
        let manifest = manifest(crm, crm, &format!("{TIMES}{sections}"));
        self.place.write_manifest(crm, &manifest).unwrap();
    }

    /// Looks for the entries of unclear calls of one CRM as an operator does, and returns how many there were. From now
    /// on every program does that for itself, too.
    pub fn reconcile(&self) -> String {
        let command = ["/bin/echo", &format!("{TOKEN}any")];
        let auth = format!("[auth]\ncommand = {command:?}\n{EXAMPLE_SETTINGS}");
        self.enable("example", &auth);
        let arguments = [
            "ledger",
            "reconcile",
            "--crm",
            "example",
            "--log-level",
            "warn",
        ];
        let output = self.switchboard(&arguments).run().unwrap();
        // Some leases have not ended, and some have only now.
        assert!(matches!(output.code, Some(0 | 3)), "{output:#?}");
        let mut said = output.stderr.lines();
        let summary = said.find(|line| line.contains("unclear"));
        summary.unwrap_or_else(|| panic!("{output:#?}")).to_owned()
    }

    /// Ends the quarantine of a CRM as an operator does; whether there was one.
    pub fn release(&self, crm: Crm) -> bool {
        let release = self.switchboard(&["release", "--crm", crm.name()]);
        let output = release.run().unwrap();
        assert!(matches!(output.code, Some(0 | 1)), "{output:#?}");
        output.code == Some(0)
    }

    /// Prepares `switchboard log`.
    pub fn log(&self, call: Call) -> Invocation {
        let arguments = ["log", "--crm", call.crm.name(), "--log-level", "debug"];
        let input = call.input(&self.tenant()).to_string();
        self.switchboard(&arguments).stdin(input)
    }

    /// Prepares `switchboard` with these arguments, on the ledger of this site.
    pub fn switchboard(&self, arguments: &[&str]) -> Invocation {
        let invocation = self.place.switchboard(arguments).unwrap();
        invocation
            .env(
                "SWITCHBOARD_CA_FILE",
                self.place.root().join("mock-crm-ca.pem"),
            )
            .env("SWITCHBOARD_LEDGER", self.store.place())
            .env("EXAMPLE_CRM_URL", self.crm.url())
    }

    /// Returns what the ledger says of a call.
    fn row(&self, call: Call) -> Option<Row> {
        let key = call.key(&self.tenant());
        self.runtime.block_on(self.ledger.read(&key)).unwrap()
    }

    /// Returns the state of a call in the ledger: nothing before its claim.
    pub fn state(&self, call: Call) -> Option<StateName> {
        self.row(call).map(|row| row.standing.state.name())
    }

    /// Returns what the ledger says of all calls.
    pub fn rows(&self) -> Vec<Row> {
        let everything = Filter {
            state: None,
            crm: None,
            since: None,
            after: 0,
            limit: 10_000,
        };
        let rows = self.ledger.list(everything);
        self.runtime.block_on(rows).unwrap()
    }

    /// Returns the row of a call, if it has one.
    pub fn row_of<'r>(&self, call: Call, rows: &'r [Row]) -> Option<&'r Row> {
        let key = call.key(&self.tenant());
        rows.iter().find(|row| row.key == key)
    }

    /// Counts the calls that the ledger knows as logged.
    pub fn n_logged(&self) -> usize {
        let rows = self.rows();
        let states = rows.iter().map(|row| row.standing.state.name());
        states.filter(|state| *state == StateName::Done).count()
    }

    /// Waits for something asynchronous.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn tenant(&self) -> String {
        self.crm.authority()
    }
}
