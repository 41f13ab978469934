//! What a worker's own probes found to be denied.

use serde::{Deserialize, Serialize};

/// What is denied to a connector's worker, and by what.
///
/// Each list names the guards by which every probe of its kind was refused; it is empty if one of them was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Enforced {
    /// Opening files and listing folders. Without Landlock among the guards, only from when the library is loaded.
    pub files: Vec<Guard>,
    /// Sockets of any kind.
    pub sockets: Vec<Guard>,
    /// Starting processes and programs, and reading the memory of others.
    pub processes: Vec<Guard>,
    /// Signals to other processes.
    pub signals: Vec<Guard>,
    /// Starting threads.
    pub threads: Vec<Guard>,
    /// The version of Landlock's interface in force; none where the kernel has no Landlock.
    pub landlock: Option<u32>,
    /// How much memory the worker can have, in bytes, beside the stacks of its threads; none without a limit.
    pub memory_bytes: Option<u64>,
}

/// Something that refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Guard {
    /// The worker's own Landlock layers.
    Landlock,
    /// The worker's own filter of system calls.
    Seccomp,
    /// Rules of the surroundings, such as a container's.
    System,
}

/// A system that cannot deny to a worker what it must not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this system does not deny {} to a connector's worker, which takes Linux 5.13 with Landlock and seccomp; to run \
     the connector nevertheless, which then has to be trusted, write `required = false` in [sandbox] of the manifest",
    .missing.join(", ")
)]
pub struct NotEnforced {
    missing: Vec<&'static str>,
}

impl Enforced {
    /// Names what must be denied and is not, of files, sockets, processes and signals.
    pub fn missing(&self) -> Vec<&'static str> {
        // Seccomp cannot deny files while a library is loaded, and then its constructors run.
        let can_open_files = self.files.is_empty() || self.landlock.is_none();
        let kinds = [
            ("files", can_open_files),
            ("sockets", self.sockets.is_empty()),
            ("processes", self.processes.is_empty()),
            ("signals", self.signals.is_empty()),
        ];
        let missing = kinds.into_iter().filter(|(_, is_missing)| *is_missing);
        missing.map(|(name, _)| name).collect()
    }

    /// Checks that nothing is missing.
    ///
    /// # Errors
    ///
    /// [`NotEnforced`] names what is, and the line of the manifest that does without.
    pub fn check(&self) -> Result<(), NotEnforced> {
        let missing = self.missing();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(NotEnforced { missing })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enforced() -> Enforced {
        Enforced {
            files: vec![Guard::Landlock, Guard::Seccomp],
            sockets: vec![Guard::Seccomp],
            processes: vec![Guard::Seccomp],
            signals: vec![Guard::System],
            threads: vec![],
            landlock: Some(7),
            memory_bytes: Some(1 << 28),
        }
    }

    #[test]
    fn what_is_not_denied_is_named_with_the_line_to_write() {
        assert_eq!(enforced().check(), Ok(()));
        let weak = Enforced {
            sockets: vec![],
            signals: vec![],
            ..enforced()
        };
        assert_eq!(weak.missing(), ["sockets", "signals"]);
        assert_eq!(
            weak.check().unwrap_err().to_string(),
            "this system does not deny sockets, signals to a connector's worker, which takes Linux 5.13 with Landlock \
             and seccomp; to run the connector nevertheless, which then has to be trusted, write `required = false` in \
             [sandbox] of the manifest"
        );
    }

    #[test]
    fn it_is_written_by_names_and_read_back() {
        let text = serde_json::to_string(&enforced()).unwrap();
        assert_eq!(
            text,
            r#"{"files":["landlock","seccomp"],"sockets":["seccomp"],"processes":["seccomp"],"signals":["system"],"threads":[],"landlock":7,"memory_bytes":268435456}"#
        );
        assert_eq!(serde_json::from_str::<Enforced>(&text).unwrap(), enforced());
    }
}
