//! A call that is to be logged, and how its entry in the CRM is told from others.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use mock_crm::{Entry, Request};
use serde_json::{Value, json};
use switchboard_host::ledger::CallKey;
use switchboard_tests::input;

/// What the token of a call begins with, which no output may contain.
pub const TOKEN: &str = "Bearer t0ken-of-call-";

/// So many calls in a row have the same contact: a look-up that mistakes one for another is found out.
const CALLS_OF_A_CONTACT: usize = 4;

/// When the call with the number 0 began; each begins a minute after the one before.
const FIRST_START: DateTime = DateTime::constant(2018, 9, 11, 0, 0, 0, 0);

/// A call. The numbers differ, whatever the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    pub crm: Crm,
    pub number: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crm {
    /// Sends its one request, a write.
    Example,
    /// Reads twice, then writes.
    Pipedrive,
}

impl Crm {
    pub fn name(self) -> &'static str {
        match self {
            Crm::Example => "example",
            Crm::Pipedrive => "pipedrive",
        }
    }

    /// Returns the path that entries are posted to.
    pub fn path(self) -> &'static str {
        match self {
            Crm::Example => "/activities",
            Crm::Pipedrive => "/api/v2/activities",
        }
    }
}

impl Call {
    /// Returns what makes the call's requests known to the CRM.
    pub fn authorization(self) -> String {
        format!("{TOKEN}{}", self.number)
    }

    /// Returns the input of every request for the call, of a user of this tenant.
    pub fn input(self, tenant: &str) -> Value {
        let mut input = input(&self.number.to_string()).unwrap();
        let minutes = SignedDuration::from_mins(i64::try_from(self.number).unwrap());
        let contact = 1 + self.number / CALLS_OF_A_CONTACT;
        input["authHeader"] = json!(self.authorization());
        input["user"]["id"] = json!(USER);
        input["user"]["hostname"] = json!(tenant);
        input["contactInfo"]["id"] = json!(contact.to_string());
        input["callLog"]["startTime"] = json!(format!("{}Z", FIRST_START + minutes));
        input
    }

    pub fn key(self, tenant: &str) -> CallKey {
        let session = self.number.to_string();
        CallKey::of_call("createCallLog", self.crm.name(), tenant, USER, &session)
    }
}

/// The user of all calls.
const USER: &str = "314-crashes";

/// Returns the number of the call that a request is for.
pub fn number_of_request(request: &Request) -> Option<usize> {
    let token = request.header("authorization")?.strip_prefix(TOKEN)?;
    token.parse().ok()
}

/// Returns the number of the call that an entry is of, by what the CRM has stored.
pub fn number_of_entry(entry: &Entry) -> usize {
    let text = |name: &str| entry.body[name].as_str().unwrap();
    let start: Timestamp = match entry.path == Crm::Example.path() {
        true => text("start").parse().unwrap(),
        false => format!("{}T{}Z", text("due_date"), text("due_time"))
            .parse()
            .unwrap(),
    };
    let first: Timestamp = format!("{FIRST_START}Z").parse().unwrap();
    usize::try_from(start.duration_since(first).as_mins()).unwrap()
}
