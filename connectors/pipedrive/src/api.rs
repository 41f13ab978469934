//! Requests to Pipedrive, and the faults of its refusals.

use std::time::Duration;

use serde::Serialize;
use switchboard_connector_sdk::http::{RequestBuilder, Response};
use switchboard_connector_sdk::{CallContext, Fault};

use crate::target::Tenant;

/// The API of one tenant, as one call reaches it.
pub(crate) struct Api<'a> {
    ctx: &'a CallContext,
    tenant: &'a Tenant,
    auth_header: &'a str,
}

/// What a request is about. Where Pipedrive answers that it is gone, a person should not look elsewhere for it.
#[derive(Clone, Copy)]
pub(crate) enum Subject {
    Person,
    Types,
    Activity,
    Activities,
}

impl<'a> Api<'a> {
    pub(crate) fn new(ctx: &'a CallContext, tenant: &'a Tenant, auth_header: &'a str) -> Self {
        Self {
            ctx,
            tenant,
            auth_header,
        }
    }

    pub(crate) fn ctx(&self) -> &'a CallContext {
        self.ctx
    }

    pub(crate) fn tenant(&self) -> &'a Tenant {
        self.tenant
    }

    /// Reads a resource, within `wait` if there is a limit. Any status but 2xx is a fault.
    pub(crate) async fn get(
        &self,
        path: &str,
        subject: Subject,
        wait: Option<Duration>,
    ) -> Result<Response, Fault> {
        let mut request = self.ctx.http().get(self.tenant.url(path));
        if let Some(wait) = wait {
            request = request.timeout(wait);
        }
        let answer = self.authorized(request).send().await?;
        accepted(answer, &format!("GET {path}"), subject)
    }

    /// Reads a page of a list. Any status but 2xx is a fault.
    pub(crate) async fn list(
        &self,
        path: &str,
        subject: Subject,
        parameters: Vec<(&str, &str)>,
    ) -> Result<Response, Fault> {
        let request = self.ctx.http().get(self.tenant.url(path));
        let request = self.authorized(request.query(parameters));
        let answer = request.send().await?;
        accepted(answer, &format!("GET {path}"), subject)
    }

    /// Creates a resource. Any status but 2xx is a fault.
    pub(crate) async fn post(
        &self,
        path: &str,
        subject: Subject,
        body: &impl Serialize,
    ) -> Result<Response, Fault> {
        let request = self.ctx.http().post(self.tenant.url(path)).json(body);
        let answer = self.authorized(request).send().await?;
        accepted(answer, &format!("POST {path}"), subject)
    }

    fn authorized(&self, request: RequestBuilder<'a>) -> RequestBuilder<'a> {
        request
            .authorization(self.auth_header)
            .header("accept", "application/json")
    }
}

impl Subject {
    fn gone(self) -> &'static str {
        match self {
            // The path names the person, and `not-found` tells the user that the contact is gone.
            Subject::Person => "",
            Subject::Types => {
                " (the list of activity types is not there, not the contact; check the user's hostname)"
            }
            Subject::Activity => {
                " (the owner, deal, lead or organization of the activity is gone, or the contact just now)"
            }
            Subject::Activities => {
                " (the list of activities is not there; check the user's hostname)"
            }
        }
    }
}

/// Passes a 2xx answer and turns every other into the fault that fits.
///
/// Pipedrive answers 403 to a token that lacks a scope. Connecting again cures that as it cures a 401.
fn accepted(answer: Response, request: &str, subject: Subject) -> Result<Response, Fault> {
    let make = match answer.status() {
        200..300 => return Ok(answer),
        401 | 403 => Fault::unauthorized,
        404 | 410 => Fault::not_found,
        429 => Fault::rate_limited,
        400..500 => Fault::rejected,
        _ => Fault::unavailable,
    };
    let reason = answer.error_text();
    let reason = reason.map_or_else(String::new, |text| format!(": {text}"));
    let gone = match answer.status() {
        404 | 410 => subject.gone(),
        _ => "",
    };
    let message = format!(
        "Pipedrive answered {} to {request}{gone}{reason}",
        answer.status()
    );
    Err(make(message).with_retry_after(retry_after(&answer).unwrap_or_default()))
}

/// Returns when to try again. Pipedrive's own header holds the seconds until the user's budget is full again:
/// <https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting>.
fn retry_after(answer: &Response) -> Option<Duration> {
    let reset = || answer.header("x-ratelimit-reset")?.trim().parse().ok();
    answer
        .retry_after()
        .or_else(|| reset().map(Duration::from_secs))
}
