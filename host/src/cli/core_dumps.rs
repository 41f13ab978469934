//! Core dumps, which would keep what a call holds.

/// Keeps the token and the note out of core dumps, those of a connector's crash included.
#[cfg(unix)]
pub(super) fn forbid() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Lowering a limit is always allowed; where a system refuses it, calls are logged all the same.
    let _ = setrlimit(Resource::Core, none);
    // A dump that the kernel pipes to a program heeds no limit. Debuggers, which read what they trace, lose their
    // sight with it, so it stays on for those who load libraries by path for their sake.
    #[cfg(target_os = "linux")]
    if std::env::var_os("SWITCHBOARD_LOAD").is_none() {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Elsewhere the system's own settings hold.
#[cfg(not(unix))]
pub(super) fn forbid() {}
