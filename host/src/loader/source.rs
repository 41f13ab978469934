//! Reads a library's file, once, and looks at who may change it.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::LoadError;

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
    /// Checked are the file, the folder that it was named in and, with symbolic links resolved, every
    /// folder above it. A *sticky* folder, such as `/tmp`, protects the entries of others from being
    /// renamed; that is enough for a folder further up, but not for the library's own, where anyone could
    /// put a library of a name that is looked for. Rights given to groups are the operator's decision. On
    /// Windows nothing is checked.
    #[cfg(unix)]
    pub(super) fn check_writable(&self) -> Result<(), LoadError> {
        let error = |error| read_error(&self.path, error);
        if is_writable(&self.metadata) {
            return Err(self.writable(&self.path, &self.metadata));
        }
        let named_in = self.path.parent().filter(|folder| *folder != Path::new(""));
        let named_in = named_in
            .unwrap_or(Path::new("."))
            .canonicalize()
            .map_err(error)?;
        let resolved = self.path.canonicalize().map_err(error)?;
        let own_folders = [Some(named_in.as_path()), resolved.parent()];
        for own in own_folders.into_iter().flatten() {
            for folder in own.ancestors() {
                let metadata = folder.metadata().map_err(error)?;
                let is_protected = folder != own && is_sticky(&metadata);
                if is_writable(&metadata) && !is_protected {
                    return Err(self.writable(folder, &metadata));
                }
            }
        }
        Ok(())
    }

    #[cfg(not(unix))]
    pub(super) fn check_writable(&self) -> Result<(), LoadError> {
        Ok(())
    }

    #[cfg(unix)]
    fn writable(&self, writable: &Path, metadata: &Metadata) -> LoadError {
        LoadError::Writable {
            path: self.path.clone(),
            writable: writable.to_owned(),
            mode: mode(metadata) & 0o7777,
        }
    }
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

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata)
}

#[cfg(unix)]
fn is_writable(metadata: &Metadata) -> bool {
    mode(metadata) & 0o002 != 0
}

#[cfg(unix)]
fn is_sticky(metadata: &Metadata) -> bool {
    mode(metadata) & 0o1000 != 0
}
