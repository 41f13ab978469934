//! Requests that the host should not send.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use switchboard_connector_sdk::{CallContext, Fault};

const OFTEN: usize = 10_000;

/// Has the host read this URL, and tells with which status it did.
pub(crate) async fn ask(ctx: &CallContext, url: &str) -> Result<String, Fault> {
    let answer = ctx.http().get(url).send().await?;
    Ok(format!("answered with {}", answer.status()))
}

/// Has the host read this URL 10,000 times at once, and tells how that ended.
pub(crate) async fn ask_often(ctx: &CallContext, url: &str) -> String {
    let asked = (0..OFTEN).map(|_| ctx.http().get(url).send());
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for end in join_all(asked).await {
        let end = match end {
            Ok(answer) => answer.status().to_string(),
            Err(fault) => fault.code().to_string(),
        };
        *ends.entry(end).or_default() += 1;
    }
    let told = ends.into_iter().map(|(end, n)| format!("{end}: {n}"));
    told.collect::<Vec<_>>().join(", ")
}
