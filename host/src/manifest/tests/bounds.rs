//! Times and sizes: their units and their bounds.

use super::*;

#[test]
fn a_timeout_needs_a_unit_and_has_bounds() {
    let timeout = |text: &str| {
        try_read(&format!("{HEAD}[limits]\ntimeout = \"{text}\"\n")).map(|m| m.limits.timeout)
    };
    for (text, seconds) in [("1s", 1), ("1000ms", 1), ("2m", 120), ("10m", 600)] {
        assert_eq!(
            timeout(text).unwrap(),
            Duration::from_secs(seconds),
            "{text}"
        );
    }
    for text in [
        "30",
        "s",
        "",
        "999ms",
        "11m",
        "-1s",
        "1.5s",
        "1 s",
        "1h",
        "99999999999999999999s",
        "307445734561825861m",
    ] {
        assert!(timeout(text).is_err(), "{text}");
    }
}

#[test]
fn a_size_of_memory_needs_a_unit_and_has_bounds() {
    let limits = |size: &str| format!("{HEAD}[limits]\nmemory = \"{size}\"\n");
    for (size, megabytes) in [("32MB", 32), ("1GB", 1024), ("64GB", 64 * 1024)] {
        assert_eq!(read(&limits(size)).limits.memory, megabytes << 20, "{size}");
    }
    for size in [
        "31MB",
        "65GB",
        "65537MB",
        "17592186044417GB",
        "99999999999999999999MB",
        "256",
        "256 MB",
        "256mb",
        "256KB",
        "-1GB",
        "MB",
        "",
    ] {
        let message = &messages(&limits(size))[0];
        assert!(
            message.contains("a size from \"32MB\" to \"64GB\""),
            "{size}"
        );
    }
}

#[test]
fn what_limits_a_worker_may_stand_where_nothing_is_said_of_isolation() {
    let manifest = read(&format!("{HEAD}[limits]\nmemory = \"64MB\"\n[sandbox]\n"));
    assert_eq!(manifest.limits.memory, 64 << 20);
    assert!(manifest.sandbox.required);
}

#[test]
fn the_times_of_the_ledger_have_bounds() {
    let read =
        |key: &str, text: &str| try_read(&format!("{HEAD}[ledger]\n{key} = \"{text}\"\n")).is_ok();
    for (key, from, to) in [("lease_margin", 10, 600), ("quarantine", 1, 24 * 60 * 60)] {
        assert!(read(key, &format!("{from}s")) && read(key, &format!("{to}s")));
        assert!(!read(key, &format!("{}s", from - 1)) && !read(key, &format!("{}s", to + 1)));
    }
}
