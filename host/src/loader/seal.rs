//! Puts the bytes that were checked where the system's loader can take exactly them.
//!
//! On Linux that is a sealed file in memory, which nobody can change any more, not even this process.
//! Where the system refuses one, or runs nothing from it, a copy in a folder that only this user can enter
//! serves as well.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read, Seek, Write},
    os::{
        fd::{AsRawFd, IntoRawFd, OwnedFd},
        unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{MemfdFlags, SealFlags},
    io::Errno,
};

use super::{Digest, LoadError, system};
use crate::state_folder::default_state_folder;

/// A library's bytes, where the system's loader takes exactly them.
#[derive(Debug)]
pub(super) enum Kept {
    /// In sealed memory.
    Memory(Sealed),
    /// In a file, which only this user can change.
    Copy(PrivateCopy),
}

impl Kept {
    /// Keeps the bytes of the library at `path`, which have this digest.
    pub(super) fn new(path: &Path, digest: &Digest, bytes: &[u8]) -> Result<Self, LoadError> {
        match Sealed::new(bytes) {
            Ok(sealed) => Ok(Self::Memory(sealed)),
            Err(error) => {
                tracing::debug!(%error, "this system runs nothing from sealed memory; using a copy");
                keep_copy(path, digest, bytes).map(Self::Copy)
            }
        }
    }

    /// Returns the name by which the loader of this process opens them.
    pub(super) fn name(&self) -> PathBuf {
        match self {
            Self::Memory(sealed) => sealed.path(),
            Self::Copy(copy) => copy.path.clone(),
        }
    }

    /// Opens them for another process: to read, and with a place in the file of its own.
    pub(super) fn open(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Memory(sealed) => Ok(File::open(sealed.path())?.into()),
            Self::Copy(copy) => copy.open(),
        }
    }

    /// Says that the loader has opened them by their name, which they keep for as long as the process lives.
    pub(super) fn leak(self) {
        match self {
            Self::Memory(sealed) => leak(sealed.0),
            Self::Copy(_) => {}
        }
    }
}

/// Keeps the descriptor open for as long as the process lives.
///
/// glibc knows a loaded library by its name, which is the number of this descriptor. Were the number given away
/// again, opening the next library by it would silently yield this one.
pub(super) fn leak(descriptor: OwnedFd) {
    let _ = descriptor.into_raw_fd();
}

/// Returns the name by which this process opens what a descriptor leads to.
pub(super) fn name_of(descriptor: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", descriptor.as_raw_fd()))
}

/// A library's bytes in memory, sealed.
#[derive(Debug)]
pub(super) struct Sealed(OwnedFd);

impl Sealed {
    /// Copies the bytes into memory and seals them. Fails, too, where nothing could be run from there.
    pub(super) fn new(bytes: &[u8]) -> io::Result<Self> {
        let mut file = File::from(create()?);
        file.write_all(bytes)?;
        let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        rustix::fs::fcntl_add_seals(&file, seals)?;
        system::try_to_map(&file)?;
        let sealed = Self(file.into());
        // Without /proc there is no name to open it by.
        sealed
            .path()
            .try_exists()?
            .then_some(sealed)
            .ok_or(io::ErrorKind::NotFound.into())
    }

    /// Returns the name that the loader can open it by.
    pub(super) fn path(&self) -> PathBuf {
        name_of(&self.0)
    }
}

/// A library's bytes in a file that was written for them, and which is kept open: something else may lie at its path
/// when a worker starts.
#[derive(Debug)]
pub(super) struct PrivateCopy {
    path: PathBuf,
    file: OwnedFd,
    digest: Digest,
}

impl PrivateCopy {
    pub(super) fn new(path: PathBuf, digest: &Digest) -> io::Result<Self> {
        Ok(Self {
            file: File::open(&path)?.into(),
            path,
            digest: *digest,
        })
    }

    /// Opens the file again, unless its bytes were changed: nothing seals it.
    fn open(&self) -> io::Result<OwnedFd> {
        let mut file = File::open(name_of(&self.file))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if Digest::of(&bytes) != self.digest {
            let message = format!("its copy {} was changed", self.path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        file.rewind()?;
        Ok(file.into())
    }
}

/// Linux 6.3 wants to hear that the file will be executed, an older kernel does not know the flag.
fn create() -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let name = c"switchboard-connector";
    match rustix::fs::memfd_create(name, flags | MemfdFlags::EXEC) {
        Err(Errno::INVAL) => Ok(rustix::fs::memfd_create(name, flags)?),
        created => Ok(created?),
    }
}

/// Writes the bytes of the library at `path` into a file in this user's own folder.
///
/// The file is named by its digest, so one copy serves every start of the program. A copy that is there
/// already is compared with the bytes and written anew if it differs.
fn keep_copy(path: &Path, digest: &Digest, bytes: &[u8]) -> Result<PrivateCopy, LoadError> {
    let state = default_state_folder();
    let state = state.unwrap_or_else(|| PathBuf::from("/var/lib/switchboard"));
    let folder = state.join("libraries");
    let written = write_copy(&folder, digest, bytes);
    let copy = written.and_then(|copy| PrivateCopy::new(copy, digest));
    copy.map_err(|source| LoadError::Copy {
        path: path.to_owned(),
        folder,
        source,
    })
}

pub(super) fn write_copy(folder: &Path, digest: &Digest, bytes: &[u8]) -> io::Result<PathBuf> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    check_owner(folder, rustix::process::geteuid().as_raw())?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    let copy = folder.join(format!("{digest}.so"));
    if fs::read(&copy).is_ok_and(|kept| kept == bytes) {
        return Ok(copy);
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&copy)?;
    Ok(copy)
}

/// Refuses a folder of somebody else, who could exchange what is put there. `sudo` may keep `HOME`, so that
/// root comes to a user's folder, and root is refused nothing by the system.
fn check_owner(folder: &Path, user: u32) -> io::Result<()> {
    let found = folder.symlink_metadata()?;
    if found.is_dir() && found.uid() == user {
        return Ok(());
    }
    let message = match found.is_dir() {
        true => format!("it belongs to user {}, expected user {user}", found.uid()),
        false => "it is a link, expected a folder".to_owned(),
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_read_back_and_cannot_be_changed() {
        let sealed = Sealed::new(b"library").unwrap();
        assert_eq!(fs::read(sealed.path()).unwrap(), b"library");
        let writer = fs::OpenOptions::new().write(true).open(sealed.path());
        let refused = writer.and_then(|mut file| file.write_all(b"L"));
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    /// A system that runs no code from memory refuses the mapping; here a file does that cannot be mapped at all.
    #[test]
    fn what_cannot_be_mapped_as_code_is_seen_before_it_is_used() {
        system::try_to_map(create().unwrap()).unwrap();
        let folder = File::open(std::env::temp_dir()).unwrap();
        assert!(system::try_to_map(folder).is_err());
    }

    #[test]
    fn a_copy_is_private_and_a_changed_one_is_written_anew() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("a/libraries");
        let digest = Digest::of(b"library");
        let copy = write_copy(&folder, &digest, b"library").unwrap();
        assert_eq!(
            folder.metadata().unwrap().permissions().mode() & 0o777,
            0o700
        );
        fs::write(&copy, b"changed").unwrap();
        assert_eq!(write_copy(&folder, &digest, b"library").unwrap(), copy);
        assert_eq!(fs::read(copy).unwrap(), b"library");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_of_somebody_else_and_a_link_to_one_get_no_copy() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("real");
        fs::create_dir(&folder).unwrap();
        let owner = folder.metadata().unwrap().uid();
        check_owner(&folder, owner).unwrap();
        let refused = check_owner(&folder, owner + 1).unwrap_err();
        assert!(refused.to_string().contains("belongs to"), "{refused}");
        let link = state.path().join("libraries");
        std::os::unix::fs::symlink(&folder, &link).unwrap();
        let refused = write_copy(&link, &Digest::of(b"x"), b"x").unwrap_err();
        assert!(refused.to_string().contains("a link"), "{refused}");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    }
}
