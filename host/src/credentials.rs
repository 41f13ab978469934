//! Where the host gets the right to look into a CRM when no request brings it.

mod command;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;

pub(crate) use command::CredentialsCommand;

use crate::secret::Secret;

/// For whom the host needs to look into a CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CredentialsRequest {
    /// The CRM's name in its manifest.
    pub crm: String,
    /// The user's host of the CRM; empty if the call named none.
    pub hostname: String,
    /// The user's id, as in the input of the call.
    pub user_id: String,
}

/// Why there are no credentials. The text reaches logs and operators: it must hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CredentialsError(String);

/// An answer in the making: the value of the `Authorization` header, scheme included, or that there is none for this
/// user.
pub type CredentialsAnswer<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Secret>, CredentialsError>> + Send + 'a>>;

/// Knows what users may do in their CRMs.
///
/// A gateway that keeps its users' tokens implements it, so that the host can look for the entry of a call whose end is
/// unclear without waiting for the next request. Its futures are polled on the host's threads, and dropped after 30 s.
///
/// ```
/// use switchboard_host::{Credentials, CredentialsAnswer, CredentialsRequest};
///
/// struct OneToken(String);
///
/// impl Credentials for OneToken {
///     fn auth_header<'a>(&'a self, _request: &'a CredentialsRequest) -> CredentialsAnswer<'a> {
///         let header = format!("Bearer {}", self.0);
///         Box::pin(async move { Ok(Some(header.into())) })
///     }
/// }
/// ```
pub trait Credentials: Send + Sync + 'static {
    /// Returns what the user's requests are authorized with now.
    fn auth_header<'a>(&'a self, request: &'a CredentialsRequest) -> CredentialsAnswer<'a>;
}

/// A source of credentials, whoever has brought it.
pub(crate) type Source = Arc<dyn Credentials>;

impl CredentialsError {
    /// Makes an error of a text without secrets.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
