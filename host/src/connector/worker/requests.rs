//! What a connector in a worker asks the host for, and its answers.

use std::sync::Arc;

use switchboard_abi::{RawFault, RawMessage};

use super::frame::{ToWorker, TooLong};
use super::link::{Broken, Link, too_long};
use crate::connector::services::CallServices;

/// What one permit of the budget stands for.
pub(super) const BUDGET_UNIT: usize = 1024;

/// What a request costs beside its own bytes.
const REQUEST_BYTES: usize = 16 * BUDGET_UNIT;

/// What a connector asks the host for.
pub(super) enum Wanted {
    Http(RawMessage),
    Service(String, Vec<u8>),
}

impl Wanted {
    async fn of(self, services: &CallServices) -> Result<RawMessage, RawFault> {
        let reply = match self {
            Self::Http(message) => services.http(message).await,
            Self::Service(operation, input) => {
                let output = services.call(&operation, input).await;
                output.map(|body| RawMessage {
                    head: Vec::new().into(),
                    body: body.into(),
                })
            }
        };
        reply.map_err(RawFault::from)
    }
}

impl Link {
    /// Does what a connector asks the host for, and tells the worker the result. Nobody in the worker waits for what a
    /// call that was given up has asked.
    pub(super) async fn serve(
        self: &Arc<Self>,
        call: u64,
        request: u32,
        n_bytes: usize,
        wanted: Wanted,
    ) -> Result<(), Broken> {
        let cost = (n_bytes + REQUEST_BYTES).div_ceil(BUDGET_UNIT);
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        // Waiting here leaves what comes next unread: the worker learns to wait. The budget is never closed.
        let budget = Arc::clone(&self.budget).acquire_many_owned(cost).await;
        let mut calls = self.calls();
        let Some(open) = calls.find(call)? else {
            return Ok(());
        };
        let (link, services, places) = (
            Arc::clone(self),
            open.services.clone(),
            Arc::clone(&open.places),
        );
        let work = async move {
            let place = places.acquire().await;
            let reply = wanted.of(&services).await;
            link.reply(call, request, reply).await;
            drop((place, budget));
        };
        match open.add_request(request, tokio::spawn(work).abort_handle()) {
            true => Ok(()),
            false => Err(Broken::Misplaced),
        }
    }

    async fn reply(&self, call: u64, request: u32, reply: Result<RawMessage, RawFault>) {
        let frame = written(call, request, reply);
        let Some(room) = self.outbox.room(frame.len()).await else {
            return;
        };
        if let Ok(Some(open)) = self.calls().find(call) {
            open.end_request(request);
            self.outbox.send(frame, Some(room));
        }
    }

    pub(super) fn dropped(&self, call: u64, request: u32) -> Result<(), Broken> {
        if let Some(open) = self.calls().find(call)? {
            open.drop_request(request)?;
        }
        Ok(())
    }

    pub(super) fn log(
        &self,
        call: u64,
        level: u8,
        message: &str,
        fields: &[u8],
    ) -> Result<(), Broken> {
        let services = match self.calls().find(call)? {
            Some(open) => {
                open.add_line()?;
                open.services.clone()
            }
            None => return Ok(()),
        };
        services.log(level, message, fields);
        Ok(())
    }
}

fn written(call: u64, request: u32, reply: Result<RawMessage, RawFault>) -> Vec<u8> {
    let frame = ToWorker::Reply {
        call,
        request,
        reply,
    };
    let frame = frame.write().or_else(|TooLong| {
        let reply = Err(too_long("the answer").into());
        let refusal = ToWorker::Reply {
            call,
            request,
            reply,
        };
        refusal.write()
    });
    frame.expect("a refusal is short")
}
