//! The contract of `createCallLog`: typed views of its input, and its outcome.
//!
//! An input is parsed once and its text is kept. The views are what most connectors need; what they leave out is
//! reached through the `raw()` of the object it stands in. Normalisation happens in the views only: the text equals
//! what came in, member for member and digit for digit.
//!
//! The shapes are those of RingCentral App Connect's `createCallLog` and of the "Detailed" view of RingCentral's call
//! log records.

mod app_connect;
mod excerpt;
mod faults;
mod fields;
mod id;
mod input;
mod node;
mod numbers;
mod outcome;
mod parties;
mod place;
mod privacy;
mod reader;
mod record;
mod scalar;
mod split;
mod time;
mod walk;

pub use app_connect::AppConnectCall;
pub use fields::Fields;
pub use id::Id;
pub use input::{CreateCallLog, InputFault, InvalidInput, MAX_INPUT_BYTES, MAX_LEGS, MAX_NESTING};
pub use outcome::{CallLogged, MessageType, ReturnMessage};
pub use parties::{Contact, User};
pub use place::pointer_token;
pub use privacy::{is_private_member, is_secret_member};
pub use record::{Billing, CallDuration, CallRecord, Direction, Extension, Leg, Party, Recording};
