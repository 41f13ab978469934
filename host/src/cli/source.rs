//! Where an input comes from.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use switchboard_host::MAX_INPUT_BYTES;

/// The file name that stands for stdin.
pub(super) const STDIN: &str = "-";

/// More than the largest input, so that one that is too large is seen to be.
const MAX_READ_BYTES: u64 = MAX_INPUT_BYTES as u64 + 1;

/// Reads an input from a file, or from stdin for a hyphen.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let (source, name): (Box<dyn Read>, _) = if path == Path::new(STDIN) {
        (Box::new(std::io::stdin()), "stdin".to_owned())
    } else {
        let name = path.display().to_string();
        (
            Box::new(File::open(path).with_context(|| format!("cannot open {name}"))?),
            name,
        )
    };
    let mut input = Vec::new();
    source
        .take(MAX_READ_BYTES)
        .read_to_end(&mut input)
        .with_context(|| format!("cannot read {name}"))?;
    Ok(input)
}
