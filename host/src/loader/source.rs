//! Reads a library's file, once, and looks at who may change it.

#[cfg(unix)]
use std::fs::Metadata;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::LoadError;
#[cfg(unix)]
use super::route::{self, Route};

/// The largest file that is read. Connectors have about a megabyte; with debug information, a hundred.
const MAX_SIZE: u64 = 512 << 20;

/// An open file.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    file: File,
    #[cfg(unix)]
    metadata: Metadata,
}

impl Source {
    /// Opens a file that holds bytes; anything else is refused without waiting for it.
    pub(super) fn open(path: &Path) -> Result<Self, LoadError> {
        let file = open_options()
            .open(path)
            .map_err(|error| read_error(path, error))?;
        let metadata = file.metadata().map_err(|error| read_error(path, error))?;
        let found = match &metadata {
            metadata if metadata.is_dir() => Some("a folder".to_owned()),
            metadata if !metadata.is_file() => Some("a device or a pipe".to_owned()),
            metadata if metadata.len() > MAX_SIZE => Some(format!(
                "a file of {} bytes, the limit is {MAX_SIZE}",
                metadata.len()
            )),
            _ => None,
        };
        let path = path.to_owned();
        match found {
            Some(found) => Err(LoadError::NotALibrary { path, found }),
            None => Ok(Self {
                path,
                file,
                #[cfg(unix)]
                metadata,
            }),
        }
    }

    /// Reads all bytes. Whatever happens to the file later, these are what is checked and loaded.
    pub(super) fn read(self) -> Result<Vec<u8>, LoadError> {
        let mut bytes = Vec::new();
        // A file that grows meanwhile ends at the limit and is refused by the checks that follow.
        let read = self.file.take(MAX_SIZE).read_to_end(&mut bytes);
        read.map_err(|error| read_error(&self.path, error))?;
        Ok(bytes)
    }

    /// Refuses a file that everyone may change, or replace by means of a folder.
    ///
    /// Checked are the file and every folder in which the path to it, or a symbolic link on the way, looks
    /// something up. A *sticky* folder, such as `/tmp`, protects what root and this user have put there;
    /// that is enough for a folder further up, but not for the library's own, where anyone could put a
    /// library of a name that is looked for. Rights given to owners and groups are the operator's decision.
    /// On Windows nothing is checked.
    #[cfg(unix)]
    pub(super) fn check_writable(&self) -> Result<(), LoadError> {
        use std::os::unix::fs::MetadataExt;

        if route::is_writable(&self.metadata) {
            return Err(self.writable(&self.path, self.metadata.mode()));
        }
        let route = route::follow(&self.path).map_err(|error| read_error(&self.path, error))?;
        let found = match route {
            Route::Sound(found) => found,
            Route::Writable { folder, mode } => return Err(self.writable(&folder, mode)),
        };
        let identity = |file: &Metadata| (file.dev(), file.ino());
        if identity(&found) != identity(&self.metadata) {
            let path = self.path.clone();
            return Err(LoadError::Replaced { path });
        }
        Ok(())
    }

    #[cfg(not(unix))]
    pub(super) fn check_writable(&self) -> Result<(), LoadError> {
        Ok(())
    }

    #[cfg(unix)]
    fn writable(&self, writable: &Path, mode: u32) -> LoadError {
        LoadError::Writable {
            path: self.path.clone(),
            writable: writable.to_owned(),
            mode: mode & 0o7777,
        }
    }
}

/// Reads all bytes of a file from its beginning, whoever else reads from the same descriptor.
#[cfg(target_os = "linux")]
pub(super) fn read_whole(file: &File) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;

    let size = file.metadata()?.len().min(MAX_SIZE);
    let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

fn read_error(path: &Path, source: io::Error) -> LoadError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => LoadError::Missing { path },
        _ => LoadError::Read { path, source },
    }
}

/// Opening a pipe that nobody writes to would wait for ever.
#[cfg(unix)]
fn open_options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    options.read(true).custom_flags(flags.bits().cast_signed());
    options
}

#[cfg(not(unix))]
fn open_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_is_replaced_after_it_was_opened_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.so");
        fs::write(&path, "old").unwrap();
        let source = Source::open(&path).unwrap();
        source.check_writable().unwrap();
        fs::write(folder.path().join("new"), "new").unwrap();
        fs::rename(folder.path().join("new"), &path).unwrap();
        let refused = source.check_writable().unwrap_err();
        assert!(matches!(refused, LoadError::Replaced { .. }), "{refused}");
    }
}
