//! Making room for a store without losing what was in its place.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use crate::connection::{self, BUSY_TIMEOUT};
use crate::error::{StoreError, Unusable};

/// What SQLite puts beside a database; it belongs to that file and must go with it.
const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// A file that was renamed to make room for a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// What it was called.
    pub from: PathBuf,
    /// What it is called now.
    pub to: PathBuf,
    /// Why it could not be used.
    pub why: Unusable,
}

/// Waits until no other process is about to rename files in the store's directory.
///
/// Two processes that find the same damaged file would otherwise both rename, and the second would
/// set the first one's new store aside. The lock is on the directory, which is always there and
/// needs no file of its own; where a directory cannot be opened (Windows) an open file cannot be
/// renamed either, and there is no such race.
pub(crate) fn take_turn(path: &Path) -> Result<Option<File>, StoreError> {
    let Some(Ok(directory)) = path.parent().map(File::open) else { return Ok(None) };
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match directory.try_lock() {
            Ok(()) => return Ok(Some(directory)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { path: path.to_owned() });
            }
            // A file system without locks: the race is possible, but harms nobody's data.
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

/// Renames the file at `path` to the first free `<name>.set-aside-<n>`, with its companions.
pub(crate) fn move_away(path: &Path, why: Unusable) -> Result<SetAside, StoreError> {
    let lock = exclusive(path)?;
    let to = rename(path).map_err(|error| StoreError::io(error, path))?;
    drop(lock);
    Ok(SetAside { from: path.to_owned(), to, why })
}

/// Keeps other connections from writing while the file is renamed: their journal would go by the old
/// name. `None` if SQLite can make nothing of the file, so that nobody can be writing it.
fn exclusive(path: &Path) -> Result<Option<Connection>, StoreError> {
    let begin = || -> rusqlite::Result<Option<Connection>> {
        let connection = connection::open_writable(path)?;
        connection.execute_batch("BEGIN EXCLUSIVE")?;
        let journal: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        // Another program's write-ahead log is folded into its file when the connection is closed.
        Ok((journal != "wal").then_some(connection))
    };
    match begin() {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            Err(StoreError::Locked { path: path.to_owned() })
        }
        result => Ok(result.ok().flatten()),
    }
}

fn rename(path: &Path) -> io::Result<PathBuf> {
    let mut n = 1_u32;
    loop {
        let to = with_suffix(path, &format!(".set-aside-{n}"));
        let is_taken = COMPANIONS.iter().any(|suffix| with_suffix(&to, suffix).exists());
        // Claims the name, so that nothing is ever overwritten.
        match OpenOptions::new().write(true).create_new(true).open(&to) {
            Ok(_) if is_taken => fs::remove_file(&to)?,
            Ok(_) => {
                return match rename_all(path, &to) {
                    Ok(()) => Ok(to),
                    Err(error) => {
                        let _ = fs::remove_file(&to);
                        Err(error)
                    }
                };
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        n += 1;
    }
}

/// The companions go first: a journal left behind would be played back into the new store.
fn rename_all(path: &Path, to: &Path) -> io::Result<()> {
    for suffix in COMPANIONS {
        match fs::rename(with_suffix(path, suffix), with_suffix(to, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, to)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn companions_go_along_and_nothing_is_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
        write("data", "main");
        write("data-journal", "journal");
        write("data.set-aside-1", "older");
        write("data.set-aside-2-wal", "older still");
        assert_eq!(rename(&path).unwrap(), directory.path().join("data.set-aside-3"));
        assert_eq!(read("data.set-aside-3"), "main");
        assert_eq!(read("data.set-aside-3-journal"), "journal");
        assert_eq!(read("data.set-aside-1"), "older");
        assert_eq!(read("data.set-aside-2-wal"), "older still");
        assert!(!path.exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 4);
    }

    #[test]
    fn one_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let turn = take_turn(&path).unwrap();
        let other = thread::spawn(move || {
            let started = Instant::now();
            take_turn(&path).unwrap();
            started.elapsed()
        });
        thread::sleep(Duration::from_millis(100));
        drop(turn);
        assert!(other.join().unwrap() >= Duration::from_millis(50));
    }
}
