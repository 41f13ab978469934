//! Runs a program as a kernel would that is older, or that a container's rules have made so: `old-kernel landlock
//! PROGRAM..` without Landlock, `old-kernel seccomp PROGRAM..` without filters of system calls.

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    linux::run()
}

/// No other system has them.
#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::env;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use anyhow::{Context, Result, bail};
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

    /// Takes a part of the kernel away from this process, and becomes the program.
    pub(super) fn run() -> Result<()> {
        let mut arguments = env::args_os().skip(1);
        let usage = "usage: old-kernel landlock|seccomp PROGRAM [ARGUMENT]...";
        let missing = arguments.next().context(usage)?;
        let program = arguments.next().context(usage)?;
        let filter = match missing.to_str() {
            Some("landlock") => failing(&LANDLOCK, libc::ENOSYS)?,
            Some("seccomp") => failing(&[libc::SYS_seccomp], libc::EINVAL)?,
            _ => bail!(usage),
        };
        apply_filter(&filter)?;
        Err(Command::new(program).args(arguments).exec().into())
    }

    const LANDLOCK: [i64; 3] = [
        libc::SYS_landlock_create_ruleset,
        libc::SYS_landlock_add_rule,
        libc::SYS_landlock_restrict_self,
    ];

    /// Lets these calls fail, and all others through.
    fn failing(calls: &[i64], error: i32) -> Result<BpfProgram> {
        let rules = calls.iter().map(|call| (*call, Vec::new())).collect();
        let fails = SeccompAction::Errno(error.unsigned_abs());
        let machine = env::consts::ARCH.try_into()?;
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, fails, machine)?;
        Ok(filter.try_into()?)
    }
}
