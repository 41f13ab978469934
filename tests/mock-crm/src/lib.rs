//! A CRM that answers as a test tells it to, and counts what it really stored.
//!
//! ```
//! use mock_crm::{MockCrm, Reply, Rule};
//!
//! # fn main() -> anyhow::Result<()> {
//! let crm = MockCrm::start()?;
//! crm.script(Rule::post("/activities").once().reply(Reply::text(503, "come back later")));
//! crm.script(Rule::post("/activities").once().store().close());
//! // The first entry sent to crm.url() is now refused, the second is stored but its answer gets lost, and from
//! // the third on the CRM works.
//! assert_eq!(crm.n_entries(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! It speaks HTTP/1.1 and HTTP/2, plain or over TLS, on a thread of its own: tests need no runtime. Without a
//! script it is two CRMs in one:
//!
//! - **Example**: `POST /activities` stores an entry, `GET /activities?sessionId=ID` lists those of a session, in pages;
//! - **Pipedrive**: `GET /api/v2/persons/ID`, `GET /v1/activityTypes`, `POST /api/v2/activities`,
//!   `GET /api/v2/activities?person_id=ID&updated_since=TIME`, in pages.
//!
//! Both want an `Authorization` header, whatever it holds. `GET /health` wants none.

mod journal;
mod listener;
mod play;
mod recorded;
mod reply;
mod routes;
mod script;
mod server;
mod tls;

pub use journal::{Entry, Event, Request};
pub use recorded::recorded_rules;
pub use reply::Reply;
pub use script::{Gate, Rule};
pub use server::{Builder, MockCrm};
