//! Everything that searches have found so far, without a fuzzer.
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::fs;
use std::panic::catch_unwind;

use fuzzed::{CHECKS, list, root, seeds};

/// Tries the files of `fuzz/FOLDER/TARGET`, for every target, and returns how many there are.
fn try_all(folder: &str) -> usize {
    let mut n_tried = 0;
    for (target, check) in CHECKS {
        for path in list(&root().join("fuzz").join(folder).join(target)).unwrap() {
            let bytes = fs::read(&path).unwrap();
            let kept = catch_unwind(|| check(&bytes));
            assert!(kept.is_ok(), "{} breaks a promise", path.display());
            n_tried += 1;
        }
    }
    n_tried
}

#[test]
fn no_promise_is_broken_by_what_reaches_other_code() {
    assert!(try_all("corpus") > 0, "nothing was kept");
}

#[test]
fn what_once_broke_a_promise_breaks_none() {
    try_all("regressions");
}

#[test]
fn every_target_starts_from_seeds_that_keep_its_promises() {
    for (target, check) in CHECKS {
        let seeds = seeds(target).unwrap();
        assert!(!seeds.is_empty(), "{target}");
        seeds.iter().for_each(|seed| check(seed));
    }
}
