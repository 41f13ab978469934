//! Calls whose end is unclear, and what becomes of them without a request.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use switchboard_connector_sdk::{Fault, FaultCode};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{Host, Inner, Stop, Underway, weak};
use crate::credentials::{CredentialsRequest, Source};
use crate::crm::{Crm, Ready};
use crate::error_chain::with_sources;
use crate::ledger::state::{State, StateName};
use crate::ledger::{CallKey, Filter, Row, StoreError};
use crate::look_up::{LookUp, LookedUp};
use crate::redact::Redactor;
use crate::secret::Secret;

/// How often a host that runs on looks for entries by itself.
const PERIOD: Duration = Duration::from_secs(5 * 60);

/// How long a source of credentials may take.
const CREDENTIALS_TIME: Duration = Duration::from_secs(30);

/// How many rows are read at a time.
const PAGE: u32 = 500;

/// What became of a call whose end was unclear.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reconciled {
    /// The entry exists.
    Logged {
        /// Its id in the CRM.
        log_id: String,
    },
    /// There is no entry; the next request for the call logs it.
    NotLogged,
    /// A write may still be on its way; nothing was looked for.
    TooEarly {
        /// The end of that time.
        until: Timestamp,
    },
    /// Several entries could be the call's: a person has to say which.
    Several,
    /// Nobody says what the user's requests are authorized with: the next request for the call does.
    WaitingForCredentials,
    /// The connector cannot look for entries, or the CRM is not enabled: a person has to look.
    CannotLookUp {
        /// Why.
        reason: String,
    },
    /// The search failed; another one may not.
    Failed(Fault),
}

impl Host {
    /// Returns the calls whose end is unclear, in the order of their first claim; none without a ledger.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the ledger cannot be read.
    pub async fn unclear_calls(&self) -> Result<Vec<Row>, StoreError> {
        let Some(ledger) = &self.inner.ledger else {
            return Ok(Vec::new());
        };
        ledger.expire().await?;
        let mut rows = Vec::<Row>::new();
        loop {
            let page = ledger.list(Filter {
                state: Some(StateName::Unknown),
                crm: None,
                since: None,
                after: rows.last().map_or(0, |row| row.number),
                limit: PAGE,
            });
            let page = page.await?;
            let is_last = page.len() < PAGE as usize;
            rows.extend(page);
            if is_last {
                return Ok(rows);
            }
        }
    }

    /// Looks for the entry of a call whose end is unclear, and writes down what is found.
    ///
    /// The right to look comes from the manifest's `[auth] command`, else from [`HostBuilder::credentials`]. A host does
    /// this for every such call when it starts, and every five minutes.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the ledger cannot be read or written.
    ///
    /// [`HostBuilder::credentials`]: super::HostBuilder::credentials
    pub async fn reconcile(&self, key: &CallKey) -> Result<Reconciled, StoreError> {
        let (host, key) = (self.clone(), key.clone());
        let work = self.inner.runtime().spawn(async move {
            let underway = match host.begin() {
                Ok(underway) => underway,
                Err(fault) => return Ok(Reconciled::Failed(fault)),
            };
            host.reconcile_here(&key, &underway).await
        });
        work.await.unwrap_or_else(|_| {
            let fault = Fault::internal("a fault of the host ended the search; its log says more");
            Ok(Reconciled::Failed(fault))
        })
    }

    async fn reconcile_here(
        &self,
        key: &CallKey,
        underway: &Arc<Underway>,
    ) -> Result<Reconciled, StoreError> {
        let Some(ledger) = &self.inner.ledger else {
            return Ok(cannot("this host keeps no ledger"));
        };
        let Some(row) = ledger.read(key).await? else {
            return Ok(cannot("the ledger has no such call"));
        };
        if row.standing.state != State::Unknown {
            return Ok(settled(&row));
        }
        let Some(crm) = self.inner.by_name.get(row.key.crm()) else {
            return Ok(cannot("no manifest enables this CRM"));
        };
        let ready = match crm.ready() {
            Ok(ready) => ready,
            Err(fault) if fault.code() == FaultCode::Disabled => {
                return Ok(cannot(fault.message()));
            }
            // It may pass.
            Err(fault) => return Ok(Reconciled::Failed(fault)),
        };
        if !ready.can_look_up() {
            return Ok(cannot("its connector cannot look for entries"));
        }
        let until = row.quarantined_until(ready.ledger.quarantine);
        if Timestamp::now() < until {
            return Ok(Reconciled::TooEarly { until });
        }
        let stop = Stop(self.inner.phase.subscribe());
        let header = tokio::select! {
            biased;
            () = stop.now() => return Ok(Reconciled::Failed(stopped())),
            header = auth_header(ready, &row) => match header {
                Ok(Some(header)) => header,
                Ok(None) => return Ok(Reconciled::WaitingForCredentials),
                Err(fault) => return Ok(Reconciled::Failed(fault)),
            }
        };
        let search = LookUp {
            id: &Uuid::now_v7().to_string(),
            ready,
            ledger,
            row: &row,
            redactor: redactor(&header, crm),
            auth_header: header,
            call: None,
            deadline: Instant::now() + ready.limits.timeout,
            stop: &stop,
            underway: weak(underway),
        };
        let (looked_up, _) = search.run().await?;
        Ok(match looked_up {
            LookedUp::Settled => match ledger.read(key).await? {
                Some(row) => settled(&row),
                None => cannot("the ledger has no such call any more"),
            },
            LookedUp::TooEarly { until } => Reconciled::TooEarly { until },
            LookedUp::Several => Reconciled::Several,
            LookedUp::Failed(fault) if fault.code() == FaultCode::Unsupported => {
                cannot(fault.message())
            }
            LookedUp::Failed(fault) => Reconciled::Failed(fault),
        })
    }
}

/// Looks for entries as long as the host is there and takes calls.
pub(super) async fn keep_reconciling(host: Weak<Inner>) {
    let mut hopeless = HashSet::new();
    while let Some(unclear) = unclear(&host).await {
        for row in unclear {
            let attempt = (row.key, row.standing.token);
            if hopeless.contains(&attempt) {
                continue;
            }
            let Some(inner) = host.upgrade() else { return };
            // The host may go away between two searches.
            let found = Host { inner }.reconcile(&attempt.0).await;
            let key = &attempt.0;
            match found {
                Ok(Reconciled::Several | Reconciled::CannotLookUp { .. }) => {
                    hopeless.insert(attempt);
                }
                Ok(found) => tracing::debug!(%key, ?found, "an unclear call was looked at"),
                Err(error) => say(&error),
            }
        }
        sleep(PERIOD).await;
    }
}

/// Returns the calls whose end is unclear, as long as the host is there and takes calls.
async fn unclear(host: &Weak<Inner>) -> Option<Vec<Row>> {
    let host = Host {
        inner: host.upgrade()?,
    };
    host.begin().ok()?;
    let unclear = host.unclear_calls().await;
    Some(unclear.unwrap_or_else(|error| {
        say(&error);
        Vec::new()
    }))
}

fn say(error: &StoreError) {
    let error = with_sources(error);
    tracing::warn!(error, "unclear calls cannot be looked at");
}

/// Without the call's input only the header is known to be secret.
fn redactor(auth_header: &Secret, crm: &Crm) -> Redactor {
    let secret = serde_json::json!({ "authHeader": auth_header.expose() });
    let secrets = vec![secret.to_string().into_bytes().into()];
    Redactor::new(secrets, crm.secrets())
}

fn stopped() -> Fault {
    Fault::unavailable("the host was told to stop")
}

async fn auth_header(ready: &Ready, row: &Row) -> Result<Option<Secret>, Fault> {
    let Some(source) = &ready.credentials else {
        return Ok(None);
    };
    let request = CredentialsRequest {
        crm: row.key.crm().to_owned(),
        hostname: row.hostname.clone(),
        user_id: row.user_id.clone(),
    };
    ask(source, &request).await
}

async fn ask(source: &Source, request: &CredentialsRequest) -> Result<Option<Secret>, Fault> {
    let answer = timeout(CREDENTIALS_TIME, source.auth_header(request)).await;
    let answer = answer.map_err(|_| Fault::timeout("the source of credentials did not answer"))?;
    answer.map_err(|error| Fault::unavailable(error.to_string()))
}

fn settled(row: &Row) -> Reconciled {
    match &row.standing.state {
        State::Done { log_id } => Reconciled::Logged {
            log_id: log_id.clone(),
        },
        State::Failed { .. } | State::Rejected => Reconciled::NotLogged,
        State::Claimed { .. } | State::Sending { .. } => {
            Reconciled::Failed(Fault::in_progress("another request is logging this call"))
        }
        State::Unknown => Reconciled::Failed(Fault::in_progress(
            "a later attempt has an unclear end, too",
        )),
    }
}

fn cannot(reason: &str) -> Reconciled {
    Reconciled::CannotLookUp {
        reason: reason.to_owned(),
    }
}
