//! Lists that come in pages.

use crate::{Reply, journal::Request, routes::failure};

/// The part of a list that a request asks for, and where the next one starts.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// The number of items up to here, if there are more.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a list by the parameters `limit`, which is 100 unless it says otherwise, and `cursor`.
    pub(super) fn of(list: Vec<T>, request: &Request, max_limit: usize) -> Result<Self, Reply> {
        let limit = number(request, "limit")?.unwrap_or(100);
        if !(1..=max_limit).contains(&limit) {
            return Err(failure(400, &format!("limit is 1 to {max_limit}")));
        }
        let start = number(request, "cursor")?.unwrap_or(0);
        let end = start.saturating_add(limit);
        let next = (end < list.len()).then(|| end.to_string());
        let items = list.into_iter().skip(start).take(limit).collect();
        Ok(Self { items, next })
    }
}

fn number(request: &Request, name: &str) -> Result<Option<usize>, Reply> {
    let Some(text) = request.query(name) else {
        return Ok(None);
    };
    let number = text.parse().map(Some);
    number.map_err(|_| failure(400, &format!("{name} is no number: {text:?}")))
}
