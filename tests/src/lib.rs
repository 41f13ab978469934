//! What whole-program tests share: the built program and connectors, and a place to run them in.
//!
//! A test makes a [`Workplace`], puts connectors and manifests into it and runs the program there:
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let mut place = switchboard_tests::Workplace::new()?;
//! place.guard(&["Bearer s3cret"]);
//! place.place_connector("switchboard-connector-example")?;
//! place.write_manifest("example", "manifest_version = 1\n...")?;
//! let output = place.switchboard(["list", "--json"])?.run()?;
//! assert_eq!((output.code, output.signal), (Some(0), None));
//! assert_eq!(output.json()?[0]["name"], "example");
//! # Ok(())
//! # }
//! ```

mod built;
mod foreign;
mod gateway;
mod guarded;
mod invocation;
mod output;
#[cfg(unix)]
mod postgres;
#[cfg(target_os = "linux")]
mod process;
mod scene;
mod stage;
mod workplace;

use std::path::Path;

pub use built::{example_program, library, library_in, program};
pub use foreign::{ForeignWorkspace, has_toolchain};
pub use gateway::{Client, Gateway, Pending};
pub use invocation::{Invocation, Running};
pub use output::Output;
#[cfg(unix)]
pub use postgres::Postgres;
#[cfg(target_os = "linux")]
pub use process::{End, Process};
pub use scene::{Scene, input, manifest};
pub use stage::{Stage, example_input, input_with_note, settings};
pub use workplace::Workplace;

/// What the documents show is compiled and run with the doc tests.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../README.md")]
    struct Readme;

    #[doc = include_str!("../../docs/app-connect.md")]
    struct AppConnect;

    #[doc = include_str!("../../docs/connector.md")]
    struct Connector;
}

/// Returns the folder of the workspace's `Cargo.toml`.
pub fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package is a folder of the workspace")
}
