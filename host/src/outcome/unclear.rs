//! What is said of a call of which nobody knows whether it is logged, where a ledger keeps it from being logged twice.

use std::time::Duration;

use serde_json::{Map, Value};
use switchboard_connector_sdk::Fault;

use super::{CallOutcome, codes};
use crate::ledger::CallKey;

/// A wait that is over is said to be so long.
const SOON: Duration = Duration::from_secs(1);

/// Who finds out whether an entry exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// The connector looks for it, at the next request for the call that comes after this time.
    LookUp {
        /// How long until then.
        wait: Duration,
    },
    /// The connector cannot say, or has found several: a person decides.
    Person,
}

impl CallOutcome {
    /// Nobody knows whether the call is logged. It is not logged again before somebody does.
    pub(crate) fn unclear(
        call_id: String,
        crm: &str,
        why: &Fault,
        key: &CallKey,
        next: &NextStep,
    ) -> Self {
        let fault =
            Fault::unknown_outcome(format!("{}; {}", why.message(), next.for_operators(key)));
        let fault = match next {
            NextStep::LookUp { wait } => fault.with_retry_after(*wait),
            NextStep::Person => fault,
        };
        let message = Map::from_iter([("message".to_owned(), Value::from(next.for_users(crm)))]);
        Self::failed_with_message(call_id, crm, &fault, message)
    }
}

impl CallOutcome {
    /// Says the same of an outcome of which nobody knows, and keeps its warnings.
    pub(crate) fn into_unclear(self, crm: &str, key: &CallKey, next: &NextStep) -> Self {
        let why = self.error.map(|error| error.message).unwrap_or_default();
        let why = Fault::unknown_outcome(why);
        Self::unclear(self.call_id, crm, &why, key, next).with_warnings(self.warnings)
    }
}

impl NextStep {
    fn for_operators(&self, key: &CallKey) -> String {
        match self {
            NextStep::LookUp { .. } => {
                format!(
                    "the next request for the call, or `switchboard ledger reconcile`, looks for the entry first; its key is {key}"
                )
            }
            NextStep::Person => format!(
                "look for the entry in the CRM, then run `switchboard ledger resolve {key} --logged ID --by NAME` \
                 or `switchboard ledger resolve {key} --not-logged --by NAME`"
            ),
        }
    }

    fn for_users(&self, crm: &str) -> String {
        match self {
            NextStep::LookUp { wait } => {
                let when = codes::when(Some((*wait).max(SOON)));
                format!(
                    "Nobody knows yet whether the call was logged: {crm} did not confirm it. Log the call again {when}: \
                     it is looked for first, and not logged twice."
                )
            }
            NextStep::Person => format!(
                "Nobody knows whether the call was logged: {crm} did not confirm it. Look for it in {crm}, and tell your \
                 administrator whether it is there: before that it is not logged again."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> CallKey {
        CallKey::of_call("createCallLog", "acme", "a.example", "7", "s-1")
    }

    fn unclear(next: &NextStep) -> Value {
        let why = Fault::unknown_outcome("no answer");
        let outcome = CallOutcome::unclear(String::new(), "Acme", &why, &key(), next);
        serde_json::to_value(&outcome).unwrap()
    }

    #[test]
    fn a_look_up_is_announced_with_its_time() {
        let wait = Duration::from_secs(300);
        let outcome = unclear(&NextStep::LookUp { wait });
        let message = outcome["returnMessage"]["message"].as_str().unwrap();
        assert!(
            message.contains("Log the call again in 5 minutes:"),
            "{message}"
        );
        assert_eq!(outcome["error"]["retryAfterSeconds"], 300);
        assert_eq!(outcome["error"]["code"], "unknown-outcome");
    }

    #[test]
    fn a_person_is_told_the_commands() {
        let outcome = unclear(&NextStep::Person);
        let message = outcome["error"]["message"].as_str().unwrap();
        let command = "`switchboard ledger resolve createCallLog/acme/a.example/7/s-1 --not-logged --by NAME`";
        assert!(
            message.starts_with("no answer; ") && message.ends_with(command),
            "{message}"
        );
        assert!(outcome["error"].get("retryAfterSeconds").is_none());
    }
}
