//! Calls whose end is unclear, and what becomes of them without a request.

use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use switchboard_connector_sdk::{Fault, FaultCode};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{Host, Inner, Underway, weak};
use crate::credentials::{CredentialsRequest, Source};
use crate::crm::{Crm, Ready};
use crate::error_chain::with_sources;
use crate::ledger::state::{State, StateName};
use crate::ledger::{CallKey, Filter, Ledger, Row, StoreError};
use crate::look_up::{LookUp, LookedUp};
use crate::manifest::SecretText;
use crate::redact::Redactor;

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
            Err(fault) => return Ok(cannot(fault.message())),
        };
        if !ready.can_look_up {
            return Ok(cannot("its connector cannot look for entries"));
        }
        let header = match auth_header(ready, &row).await {
            Ok(Some(header)) => header,
            Ok(None) => return Ok(Reconciled::WaitingForCredentials),
            Err(fault) => return Ok(Reconciled::Failed(fault)),
        };
        let looked_up = look_up(crm, ready, ledger, &row, header, underway).await?;
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

    /// Looks for all entries that can be looked for.
    async fn reconcile_all(&self) -> Result<(), StoreError> {
        for row in self.unclear_calls().await? {
            let found = self.reconcile(&row.key).await?;
            tracing::debug!(key = %row.key, ?found, "an unclear call was looked at");
        }
        Ok(())
    }
}

/// Looks for entries as long as the host is there and takes calls.
pub(super) async fn keep_reconciling(host: Weak<Inner>) {
    while let Some(inner) = host.upgrade() {
        let host = Host { inner };
        if host.begin().is_err() {
            return;
        }
        if let Err(error) = host.reconcile_all().await {
            let error = with_sources(&error);
            tracing::warn!(error, "unclear calls cannot be looked at");
        }
        drop(host);
        sleep(PERIOD).await;
    }
}

async fn look_up(
    crm: &Crm,
    ready: &Ready,
    ledger: &Ledger,
    row: &Row,
    auth_header: SecretText,
    underway: &Arc<Underway>,
) -> Result<LookedUp, StoreError> {
    let secret = serde_json::json!({ "authHeader": auth_header.expose() });
    let secrets = vec![secret.to_string().into_bytes().into()];
    let search = LookUp {
        id: &Uuid::now_v7().to_string(),
        ready,
        ledger,
        row,
        auth_header,
        call: None,
        redactor: Redactor::new(secrets, crm.secrets()),
        deadline: Instant::now() + ready.limits.timeout,
        underway: weak(underway),
    };
    search.run().await
}

async fn auth_header(ready: &Ready, row: &Row) -> Result<Option<SecretText>, Fault> {
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

async fn ask(source: &Source, request: &CredentialsRequest) -> Result<Option<SecretText>, Fault> {
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
        _ => Reconciled::Failed(Fault::in_progress("another request is logging this call")),
    }
}

fn cannot(reason: &str) -> Reconciled {
    Reconciled::CannotLookUp {
        reason: reason.to_owned(),
    }
}
