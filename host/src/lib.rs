//! Logs phone calls into CRMs through connectors: shared libraries that anyone can ship.
//!
//! A folder of manifests says which CRMs are enabled; [`Host`] loads their connectors and takes calls. The program
//! `switchboard` is a thin layer over what stands here.
#![deny(missing_docs)]

mod call_input;
mod connector;
mod credentials;
mod crm;
mod custom_fields;
mod dry_run;
mod egress;
mod error_chain;
mod hardening;
mod host;
mod input;
mod limits;
mod loader;
mod look_up;
mod outcome;
mod pipeline;
mod redact;
mod secret;
mod state_folder;

pub mod compose;
pub mod ledger;
pub mod lock;
pub mod manifest;

pub use call_input::CallInput;
pub use connector::{Enforced, Guard, NotEnforced, serve_if_worker};
pub use credentials::{Credentials, CredentialsAnswer, CredentialsError, CredentialsRequest};
pub use crm::{CrmInfo, CrmState};
pub use dry_run::{CapturedRequest, DryRun};
pub use egress::{
    Effect, End, HostPattern, PatternError, RequestPattern, RequestRate, SentRequest, TrustError,
};
pub use hardening::harden_process;
pub use host::{BuildError, CallOptions, Host, HostBuilder, LockError, Reconciled, ReleaseError};
pub use input::with_auth_header;
pub use loader::{
    Digest, GlibcVersion, Inspection, Libc, LoadError, Metadata, MetadataError, ParseDigestError,
    ParseGlibcVersionError, Platform, inspect,
};
pub use outcome::{CallError, CallOutcome};
pub use secret::Secret;
pub use state_folder::default_state_folder;
pub use switchboard_connector_sdk::model::{InputFault, InvalidInput, MAX_INPUT_BYTES};
pub use switchboard_connector_sdk::{CreateCallLog, Fault, FaultCode, MessageType};
