//! What can go wrong with a store, each with its remedy, and how SQLite's codes map to it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};
use thiserror::Error;

use crate::connection::BUSY_TIMEOUT;
use crate::schema::SCHEMA_VERSION;

/// Why a store could not be opened, read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no file (only a [`crate::Reader`] needs one).
    #[error("there is no store `{}` (run `pytest --testmon` once to make it)", .path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A directory is where the file should be.
    #[error("`{}` is a directory, not a store (move it away, or set another TESTMON_DATAFILE)", .path.display())]
    IsDirectory {
        /// Where the store should be.
        path: PathBuf,
    },
    /// The directory that should hold the file does not exist.
    #[error("there is no directory for the store `{}` (create it, or set another TESTMON_DATAFILE)", .path.display())]
    NoDirectory {
        /// Where the store should be.
        path: PathBuf,
    },
    /// The operating system forbids it.
    #[error("no permission to use the store `{}` (change the permissions of the file and its directory, or set another TESTMON_DATAFILE)", .path.display())]
    Permission {
        /// The store.
        path: PathBuf,
    },
    /// The file, its directory or its disk cannot be written.
    #[error("the store `{}` cannot be written, its file or disk is read-only (make it writable, or set another TESTMON_DATAFILE)", .path.display())]
    ReadOnly {
        /// The store.
        path: PathBuf,
    },
    /// Another process held the lock for too long.
    #[error("the store `{}` was locked by another process for {} seconds (wait for the other run to end, or set another TESTMON_DATAFILE)", .path.display(), BUSY_TIMEOUT.as_secs())]
    Locked {
        /// The store.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk is full, the store `{}` could not be written (free some space, or set a TESTMON_DATAFILE on another disk)", .path.display())]
    Full {
        /// The store.
        path: PathBuf,
    },
    /// Reading or writing the file failed.
    #[error("the store `{}` could not be read or written (check the disk, or set another TESTMON_DATAFILE)", .path.display())]
    Io {
        /// The store.
        path: PathBuf,
        /// What the operating system or SQLite said.
        source: io::Error,
    },
    /// The file is not a store that this version can use. [`crate::Store::open`] sets such a file
    /// aside; met later, [`crate::Store::replace`] does.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// The file at this path is no longer the one that was opened: another process set it aside and
    /// made a new one, or somebody removed it. Opened again, the store can go on.
    #[error("the store `{}` was removed or replaced during the run (run again)", .path.display())]
    Replaced {
        /// The store.
        path: PathBuf,
    },
    /// What was to be recorded contradicts itself; nothing of it was written.
    #[error(
        "observations could not be recorded (run the tests again; if it comes back, report it as a bug of testmonx)"
    )]
    Batch(#[from] BatchError),
    /// SQLite failed in a way that no other variant names.
    #[error("SQLite failed on the store `{}` (delete the store to start anew; if it comes back, report it as a bug of testmonx)", .path.display())]
    Sqlite {
        /// The store.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// The error for a failed operation of the file system on the store at `path`.
    pub(crate) fn io(source: io::Error, path: &Path) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Permission { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::StorageFull => Self::Full { path },
            _ => Self::Io { path, source },
        }
    }

    /// Why the file is of no use, if that is the error; then [`crate::Store::replace`] helps.
    #[must_use]
    pub fn unusable(&self) -> Option<&Unusable> {
        match self {
            Self::Unusable(why) => Some(why),
            _ => None,
        }
    }
}

/// Why a file is not a store that this version can use.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unusable {
    /// A later testmonx wrote it.
    #[error(
        "store schema {found} is newer than {}, which this version supports (upgrade testmonx, or set another TESTMON_DATAFILE)",
        SCHEMA_VERSION
    )]
    Newer {
        /// The schema version of the file.
        found: i64,
    },
    /// An earlier testmonx wrote it, and a [`crate::Reader`] may not migrate it.
    #[error(
        "store schema {found} is older than {}, which this version supports (run `pytest --testmon` once to migrate it)",
        SCHEMA_VERSION
    )]
    Older {
        /// The schema version of the file.
        found: i64,
    },
    /// pytest-testmon wrote it.
    #[error(
        "it is a database of pytest-testmon, which testmonx cannot read (set another TESTMON_DATAFILE to use both)"
    )]
    PytestTestmon,
    /// Some other program's SQLite database.
    #[error("it is an SQLite database, but not a store of testmonx (set another TESTMON_DATAFILE)")]
    OtherDatabase,
    /// Not a database, or one that contradicts itself.
    #[error("it is damaged or not a store at all: {0} (the next run makes a new store)")]
    Damaged(Box<str>),
}

/// How a batch contradicts itself or the batches before it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BatchError {
    /// Facts or spans between this batch and the one before are missing.
    #[error("a batch starts at {what} {first}, but only {known} came before")]
    Gap {
        /// `fact` or `span`.
        what: &'static str,
        /// The first id of the batch.
        first: u32,
        /// How many came before.
        known: usize,
    },
    /// A body names a fact or span that did not come before it.
    #[error("{user} uses {what} {id}, which did not come before it")]
    Unknown {
        /// Which body it is.
        user: Box<str>,
        /// `fact` or `span`.
        what: &'static str,
        /// The id that it uses.
        id: u32,
    },
}

/// An error that does not yet know the path of its store.
#[derive(Debug)]
pub(crate) enum Fault {
    Sql(rusqlite::Error),
    Unusable(Unusable),
    Batch(BatchError),
    Io(io::Error),
    Replaced,
}

impl Fault {
    /// The file contradicts itself; `what` is a fragment without a full stop.
    pub(crate) fn damaged(what: impl Into<Box<str>>) -> Self {
        Self::Unusable(Unusable::Damaged(what.into()))
    }

    /// The error for the store at `path`.
    pub(crate) fn at(self, path: &Path) -> StoreError {
        match self {
            Self::Sql(source) => classify(source, path),
            Self::Unusable(why) => StoreError::Unusable(why),
            Self::Batch(why) => StoreError::Batch(why),
            Self::Io(source) => StoreError::io(source, path),
            Self::Replaced => StoreError::Replaced { path: path.to_owned() },
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<BatchError> for Fault {
    fn from(error: BatchError) -> Self {
        Self::Batch(error)
    }
}

/// Maps SQLite's error codes (<https://sqlite.org/rescode.html>) to what a person can act on.
fn classify(error: rusqlite::Error, path: &Path) -> StoreError {
    let path = path.to_owned();
    let damaged = |error: &rusqlite::Error| Unusable::Damaged(error.to_string().into()).into();
    let code = match &error {
        rusqlite::Error::SqlInputError { error, .. } => Some(error.code),
        other => other.sqlite_error_code(),
    };
    match error.sqlite_extended_error_code() {
        // The directory cannot be written, so that there is no place for a journal.
        Some(ffi::SQLITE_READONLY_DIRECTORY) => return StoreError::Permission { path },
        Some(ffi::SQLITE_READONLY_DBMOVED) => return StoreError::Replaced { path },
        _ => {}
    }
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked { path },
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path },
        Some(ErrorCode::DiskFull) => StoreError::Full { path },
        Some(ErrorCode::PermissionDenied) => StoreError::Permission { path },
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) if path.is_dir() => {
            StoreError::IsDirectory { path }
        }
        Some(ErrorCode::CannotOpen) => cannot_open(error, path),
        Some(ErrorCode::SystemIoFailure) => {
            StoreError::Io { path, source: io::Error::other(error) }
        }
        // A store's schema and constraints are ours: if a table is missing (`Unknown` is what the
        // general SQLITE_ERROR is called here) or a constraint does not hold, the file is damaged.
        Some(
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::ConstraintViolation
            | ErrorCode::TypeMismatch
            | ErrorCode::TooBig
            | ErrorCode::Unknown,
        ) => damaged(&error),
        Some(_) => StoreError::Sqlite { path, source: error },
        None => match error {
            // A column holds what its declaration rules out.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::QueryReturnedNoRows => damaged(&error),
            _ => StoreError::Sqlite { path, source: error },
        },
    }
}

/// SQLite does not say why it cannot open a file; the file system does.
fn cannot_open(error: rusqlite::Error, path: PathBuf) -> StoreError {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        return StoreError::NoDirectory { path };
    }
    let attempt = std::fs::OpenOptions::new().read(true).write(true).open(&path);
    match attempt.err().map(|error| error.kind()) {
        Some(io::ErrorKind::ReadOnlyFilesystem) => StoreError::ReadOnly { path },
        // SQLite was to create the file, or its journal beside it, and could not.
        Some(io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound) | None => {
            StoreError::Permission { path }
        }
        Some(_) => StoreError::Io { path, source: io::Error::other(error) },
    }
}
