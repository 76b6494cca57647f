//! Connections to the file, and which file it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;

/// How long a transaction waits for another process to end its own. Transactions of testmonx take
/// well under a second, so that whoever holds the lock for longer is stuck or something else.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the file for reading and writing, and makes it if it is missing.
pub(crate) fn open_writable(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    open(path, flags)
}

/// Opens the file for reading. It must exist.
pub(crate) fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // In KiB; the default of 2 MiB would read pages of a large store again and again.
    connection.pragma_update(None, "cache_size", -65_536)?;
    // A store can come from elsewhere: look before believing, and run nothing that is in it.
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// An absolute path, so that a changed working directory does not matter, nor a name that SQLite
/// would take for a URI.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, StoreError> {
    std::path::absolute(path).map_err(|error| StoreError::io(error, path))
}

/// Which file is at `path`: device and inode. `None` if there is none, or if the system does not
/// let an open file be renamed, as on Windows: then it cannot change either.
pub(crate) fn file_identity(path: &Path) -> Option<(u64, u64)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = fs::metadata(path);
        None
    }
}
