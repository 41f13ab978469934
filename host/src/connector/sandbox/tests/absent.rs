//! Systems that lack a guard, played by a filter that answers for it as such a kernel does.

use std::ffi::{c_int, c_long};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use super::alone::{alone, said};
use super::{MEMORY_BYTES, begin_to_load, prepare, serve};

/// Lets these system calls fail with `error`.
fn without(numbers: &[c_long], error: c_int) {
    let rules = numbers.iter().map(|number| (*number, vec![])).collect();
    let fail = SeccompAction::Errno(error.try_into().unwrap());
    let machine = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, fail, machine).unwrap();
    let filter: BpfProgram = filter.try_into().unwrap();
    apply_filter(&filter).unwrap();
}

const LANDLOCK: &[c_long] = &[
    libc::SYS_landlock_create_ruleset,
    libc::SYS_landlock_add_rule,
    libc::SYS_landlock_restrict_self,
];

/// Puts on what there is, and says by what files are denied and what is missing.
fn put_on() -> String {
    prepare(MEMORY_BYTES, &[]).unwrap();
    begin_to_load(b"");
    let enforced = serve();
    let guards = (enforced.landlock.is_some(), &enforced.files);
    format!("{guards:?} {:?}", enforced.missing())
}

#[test]
fn without_landlock_files_are_denied_but_not_from_the_start() {
    let ended = alone(
        "absent::without_landlock_files_are_denied_but_not_from_the_start",
        || {
            without(LANDLOCK, libc::ENOSYS);
            put_on()
        },
    );
    assert_eq!(ended, said(r#"(false, [Seccomp]) ["files"]"#));
}

#[test]
fn landlock_that_was_not_enabled_at_boot_is_none() {
    let ended = alone(
        "absent::landlock_that_was_not_enabled_at_boot_is_none",
        || {
            without(LANDLOCK, libc::EOPNOTSUPP);
            put_on()
        },
    );
    assert_eq!(ended, said(r#"(false, [Seccomp]) ["files"]"#));
}

#[test]
fn where_filters_are_unknown_the_probes_tell() {
    let ended = alone("absent::where_filters_are_unknown_the_probes_tell", || {
        without(&[libc::SYS_seccomp], libc::ENOSYS);
        put_on()
    });
    assert!(
        ended
            .said
            .starts_with(r#"(true, [Landlock]) ["sockets", "processes""#),
        "{ended:?}"
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn where_both_are_refused_everything_is_missing() {
    let ended = alone(
        "absent::where_both_are_refused_everything_is_missing",
        || {
            without(LANDLOCK, libc::EPERM);
            without(&[libc::SYS_seccomp], libc::EPERM);
            put_on()
        },
    );
    let all = r#"(false, []) ["files", "sockets", "processes", "signals"]"#;
    assert_eq!(ended, said(all));
}
