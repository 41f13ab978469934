//! Which system calls the threads of this process may make: seccomp.

use std::collections::BTreeMap;
use std::ffi::c_long;
use std::io;

use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp,
    SeccompCondition, SeccompFilter, SeccompRule, apply_filter_all_threads,
};

use super::calls::{self, Argument, Call};

/// A list of the system calls that are allowed, for the kernel.
///
/// What is not on it fails with EPERM: a connector that tries gets an error. Calls by the interface for 32-bit programs
/// end the process.
#[derive(Debug)]
pub(in crate::connector) struct Filter(BpfProgram);

impl Filter {
    /// Allows what it takes to load a library, and all that [`Filter::serving`] does.
    ///
    /// # Errors
    ///
    /// There is no list for this machine's processor.
    pub(in crate::connector) fn loading() -> io::Result<Self> {
        compile(calls::loading(std::process::id())).map_err(io::Error::other)
    }

    /// Allows what an open connector and the threads that serve it need.
    ///
    /// # Errors
    ///
    /// There is no list for this machine's processor.
    pub(in crate::connector) fn serving() -> io::Result<Self> {
        compile(calls::serving(std::process::id())).map_err(io::Error::other)
    }

    /// Binds all threads of this process, for good. Filters add up: what one of them does not allow fails. Returns
    /// whether it is in force; it is not where the system has no such filters, or lets nobody use them.
    ///
    /// # Errors
    ///
    /// The system has them, but could not bind all threads.
    pub(in crate::connector) fn apply(&self) -> io::Result<bool> {
        match apply_filter_all_threads(&self.0) {
            Ok(()) => Ok(true),
            Err(Error::Seccomp(error)) if is_absent(&error) => Ok(false),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

/// A container's rules may refuse the system call with an error of their own.
fn is_absent(error: &io::Error) -> bool {
    let absent = [libc::ENOSYS, libc::EINVAL, libc::EPERM, libc::EACCES];
    error
        .raw_os_error()
        .is_some_and(|error| absent.contains(&error))
}

fn compile(calls: Vec<Call>) -> Result<Filter, BackendError> {
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> = BTreeMap::new();
    for call in &calls {
        rules
            .entry(call.number)
            .or_default()
            .extend(rules_of(call)?);
    }
    let denied = SeccompAction::Errno(libc::EPERM as u32);
    let machine = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, denied, SeccompAction::Allow, machine)?;
    Ok(Filter(filter.try_into()?))
}

/// Several rules of a call are alternatives; the conditions of one must all hold.
fn rules_of(call: &Call) -> Result<Vec<SeccompRule>, BackendError> {
    let rules = call.any_of.iter().map(|all_of| {
        let conditions: Result<_, _> = all_of.iter().map(condition).collect();
        SeccompRule::new(conditions?)
    });
    rules.collect()
}

fn condition(argument: &Argument) -> Result<SeccompCondition, BackendError> {
    use SeccompCmpArgLen::{Dword, Qword};
    use SeccompCmpOp::{Eq, Le, MaskedEq};
    match *argument {
        Argument::Bits { index, mask, value } => {
            SeccompCondition::new(index, Dword, MaskedEq(mask.into()), value.into())
        }
        Argument::AtMost { index, most } => SeccompCondition::new(index, Dword, Le, most.into()),
        Argument::Null { index } => SeccompCondition::new(index, Qword, Eq, 0),
    }
}
