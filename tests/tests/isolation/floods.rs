//! Connectors that never stop talking.

use super::siege::Siege;

/// What a host takes of one that floods, and what its memory may grow by meanwhile.
const MAX_LOG_BYTES: usize = 4 * 1024 * 1024;
const MAX_GROWTH_KIB: u64 = 64 * 1024;

fn check_flood(deed: &str) {
    let siege = Siege::of(&["hostile"]);
    siege.log("hostile");
    let before = siege.host().resident_kib().unwrap();
    let (status, outcome) = siege.deed("hostile", deed);
    let after = siege.host().resident_kib().unwrap();
    assert!(
        after < before + MAX_GROWTH_KIB,
        "{before} KiB became {after} KiB"
    );
    assert!(matches!(status, 200 | 504), "{status} {outcome}");
    siege.log("hostile");
    let output = siege.end();
    let n_bytes = output.stderr.len();
    assert!(n_bytes < MAX_LOG_BYTES, "{n_bytes} bytes were logged");
    // What it said is there, with who said it.
    assert!(output.stderr.contains(r#"crm="hostile""#));
}

#[test]
fn a_gigabyte_of_log_lines_is_cut() {
    check_flood("flood the log");
}

#[test]
fn a_gigabyte_on_stderr_is_cut() {
    check_flood("flood stderr");
}
