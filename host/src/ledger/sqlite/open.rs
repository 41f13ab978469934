//! Opens the file, or makes it in one step.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::file_system::unsuitable;
use super::schema;
use super::{Said, store_error};
use crate::ledger::{OpenError, StoreError};

/// How long a commit of another program is waited for.
const BUSY_TIME: Duration = Duration::from_secs(10);

/// A log that has grown larger is cut back to this, in bytes.
const LOG_SIZE: i64 = 16 << 20;

/// Makes sure that `path` is a ledger of this version, and returns a connection that may write.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let folder = folder_of(path);
    make_folder(&folder).map_err(|source| OpenError::Folder {
        folder: folder.clone(),
        source,
    })?;
    check_file_system(path, &folder)?;
    if !path
        .try_exists()
        .map_err(|source| file_error(path, source))?
    {
        create(path, &folder)?;
    }
    check_file(path)?;
    let mut connection = connect(path)?;
    check_writable(path, &connection)?;
    check_schema(path, &mut connection)?;
    Ok(connection)
}

/// Opens one more connection to a file that has been checked.
pub(super) fn connect(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connected = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(BUSY_TIME)?;
        // Of a damaged page an error is better than a wrong answer.
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // On macOS `fsync` alone leaves the data in the disk's cache; elsewhere this changes nothing.
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "journal_size_limit", LOG_SIZE)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    });
    connected.map_err(|error| refused(path, error))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn check_file_system(path: &Path, folder: &Path) -> Result<(), OpenError> {
    match unsuitable(folder) {
        Ok(None) => Ok(()),
        Ok(Some(file_system)) => Err(OpenError::NetworkFileSystem {
            path: path.to_owned(),
            file_system,
        }),
        Err(source) => Err(OpenError::Folder {
            folder: folder.to_owned(),
            source,
        }),
    }
}

/// Makes the file beside its place, complete, and moves it there. So an empty file is never one of ours, and a ledger
/// that was cut to nothing is not taken for a new one.
fn create(path: &Path, folder: &Path) -> Result<(), OpenError> {
    // Of mode 0600, which SQLite gives to the files that it puts beside it.
    let file = tempfile::Builder::new()
        .prefix(".ledger-")
        .tempfile_in(folder);
    // Closed now, see `check_file`.
    let file = file
        .map_err(|source| file_error(path, source))?
        .into_temp_path();
    write_tables(&file).map_err(|error| store_error(path, error))?;
    let placed = match file.persist_noclobber(path) {
        // Somebody else has made one meanwhile; it is as good.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        placed => placed.map_err(|error| error.error),
    };
    placed
        .and_then(|()| sync_folder(folder))
        .map_err(|source| file_error(path, source))
}

fn write_tables(path: &Path) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    schema::migrate(&mut connection)?;
    // Kept in the file's header. Closing leaves no log behind.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error)
}

/// A new name survives a power loss once its folder is written.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Looks at the file without opening it: closing it would drop the locks that this process has on it elsewhere, as
/// POSIX wants it. SQLite would take an empty file for a new database.
fn check_file(path: &Path) -> Result<(), OpenError> {
    let metadata = path.metadata().map_err(|source| file_error(path, source))?;
    let found = match metadata.len() {
        _ if !metadata.is_file() => "a folder or a device",
        0 => "an empty file",
        _ => return Ok(()),
    };
    Err(OpenError::NotALedger {
        path: path.to_owned(),
        found,
    })
}

/// SQLite opens a file that must not be written for reading, and fails later and less clearly.
fn check_writable(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let is_readonly = connection.is_readonly("main");
    if is_readonly.map_err(|error| refused(path, error))? {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        return Err(StoreError::ReadOnly {
            path: path.to_owned(),
            source: Arc::new(source),
        }
        .into());
    }
    Ok(())
}

fn check_schema(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let failed = |error| refused(path, error);
    // Reads the header: a file that was cut is found out here.
    let application_id = schema::application_id(connection).map_err(failed)?;
    if application_id != schema::APPLICATION_ID {
        return Err(OpenError::NotALedger {
            path: path.to_owned(),
            found: "another program's database",
        });
    }
    let found = schema::version(connection).map_err(failed)?;
    if found > schema::NEWEST {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known: schema::NEWEST,
        });
    }
    if found < schema::NEWEST {
        schema::migrate(connection).map_err(failed)?;
    }
    set_log_mode(connection).map_err(failed)
}

/// Somebody may have left the mode with a tool; only in this one a group of commits costs one `fsync`.
fn set_log_mode(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    Ok(())
}

fn refused(path: &Path, error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotALedger {
            path: path.to_owned(),
            found: "a file of another kind",
        },
        Some(ErrorCode::CannotOpen) => OpenError::File {
            path: path.to_owned(),
            source: io::Error::other(Said::from(error)),
        },
        _ => store_error(path, error).into(),
    }
}

fn file_error(path: &Path, source: io::Error) -> OpenError {
    OpenError::File {
        path: path.to_owned(),
        source,
    }
}
