//! Reads the calls of a ledger piece by piece: there may be more than fit into memory.

use switchboard_host::ledger::{Filter, Ledger, Row, StoreError};

/// How many calls are read at once.
const PAGE: u32 = 500;

/// The calls that a filter lets through.
pub(super) struct Pages<'l> {
    ledger: &'l Ledger,
    filter: Filter,
}

impl<'l> Pages<'l> {
    /// Begins with the calls after [`Filter::after`]; the filter's limit is that of each page.
    pub(super) fn new(ledger: &'l Ledger, filter: Filter) -> Self {
        Self { ledger, filter }
    }

    /// Reads the next calls; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Row>>, StoreError> {
        let page = self.ledger.list(self.filter.clone()).await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.filter.after = last.number;
        Ok(Some(page))
    }
}

/// Lets every call through.
pub(super) fn all() -> Filter {
    Filter {
        state: None,
        crm: None,
        since: None,
        after: 0,
        limit: PAGE,
    }
}
