//! What keeps others from reading the memory of this process.

/// Keeps the memory of this process, which holds users' tokens and notes, from core dumps and from other processes of
/// the same user.
///
/// No crash leaves a core dump, a connector's neither. On Linux no other process without root's rights can read or trace
/// this one, and what `/proc` tells of it beyond its name and state is for root only.
///
/// The program `switchboard` calls it first of all. An embedder calls it at the start of `main` if the same is right for
/// the whole of its process: profilers and debuggers lose their sight, too. For their sake the second half is left out
/// while `SWITCHBOARD_LOAD` is `path` in the environment, by which libraries are loaded so that they find their
/// symbols. Programs that this one starts get no core dumps either; all else they have anew.
///
/// Nothing of it can fail where the system knows it. Elsewhere than on Unix it does nothing.
pub fn harden_process() {
    #[cfg(unix)]
    forbid_core_dumps();
    // A dump that the kernel pipes to a program heeds no limit.
    #[cfg(target_os = "linux")]
    if !loads_by_path() {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Whether the operator wants libraries loaded as the files that they are, for debuggers and profilers.
pub(crate) fn loads_by_path() -> bool {
    std::env::var_os("SWITCHBOARD_LOAD").is_some_and(|value| value == "path")
}

#[cfg(unix)]
fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Lowering a limit is always allowed; where a system refuses it, calls are logged all the same.
    let _ = setrlimit(Resource::Core, none);
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::process::Command;

    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    use super::*;

    const ALONE: &str = "SWITCHBOARD_TEST_ALONE";

    /// Runs this test in a process of its own, which cannot be made soft again, and returns whether it passed.
    fn passes_alone(load: Option<&str>) -> bool {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([NAME, "--exact"]).env(ALONE, "");
        child.env_remove("SWITCHBOARD_LOAD");
        child.envs(load.map(|load| ("SWITCHBOARD_LOAD", load)));
        let output = child.output().unwrap();
        String::from_utf8_lossy(&output.stdout).contains("1 passed")
    }

    const NAME: &str =
        "hardening::tests::a_hardened_process_is_never_dumped_and_read_for_debuggers_only";

    #[test]
    fn a_hardened_process_is_never_dumped_and_read_for_debuggers_only() {
        if std::env::var_os(ALONE).is_none() {
            for load in [None, Some("path"), Some(""), Some("PATH")] {
                assert!(passes_alone(load), "{load:?}");
            }
            return;
        }
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::Dumpable);
        harden_process();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        let expected = match std::env::var("SWITCHBOARD_LOAD").as_deref() {
            Ok("path") => DumpableBehavior::Dumpable,
            _ => DumpableBehavior::NotDumpable,
        };
        assert_eq!(dumpable_behavior().unwrap(), expected);
    }
}
