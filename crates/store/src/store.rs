//! Writing: opening or making a store, and the transaction around everything that changes it.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::connection::{self, file_identity};
use crate::error::{Fault, StoreError, Unusable};
use crate::reader::Reader;
use crate::schema::{self, Contents};
use crate::set_aside::{self, SetAside};

/// A store that can be written as well as read.
#[derive(Debug)]
pub struct Store {
    reader: Reader,
    /// Which file was opened; if another is at the path now, this one was set aside.
    file: Option<(u64, u64)>,
}

/// A store, and what had to make room for it.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// The file that was in its place and could not be used, if there was one.
    pub set_aside: Option<SetAside>,
}

impl Store {
    /// Opens the store at `path`, and makes it if there is none. An earlier schema is migrated;
    /// a file that is something else, damaged, or of a later version is renamed, never deleted.
    ///
    /// # Errors
    ///
    /// Whatever keeps the file from being made, opened or renamed; never [`StoreError::Unusable`].
    pub fn open(path: &Path) -> Result<Opened, StoreError> {
        let path = connection::absolute(path)?;
        match attempt(&path) {
            Err(StoreError::Unusable(_)) => {}
            result => return result.map(|store| Opened { store, set_aside: None }),
        }
        let _turn = set_aside::take_turn(&path)?;
        match attempt(&path) {
            Err(StoreError::Unusable(why)) => make_room(&path, why),
            // Another process did it in the meantime.
            result => result.map(|store| Opened { store, set_aside: None }),
        }
    }

    /// Sets this file aside because it turned out to be unusable, and makes a new store.
    ///
    /// # Errors
    ///
    /// As for [`Store::open`].
    pub fn replace(self, why: Unusable) -> Result<Opened, StoreError> {
        let Self { reader, file } = self;
        let path = reader.path().to_owned();
        drop(reader);
        let turn = set_aside::take_turn(&path)?;
        if file_identity(&path) == file {
            return make_room(&path, why);
        }
        drop(turn);
        Self::open(&path)
    }

    /// Runs `job` in a transaction that holds the write lock from its start, so that nothing changes
    /// between what `job` reads and what it writes. If `job` fails, nothing of it remains.
    pub(crate) fn write<T>(
        &mut self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let path = self.reader.path().to_owned();
        self.transact(&path, job).map_err(|fault| fault.at(&path))
    }

    fn transact<T>(
        &mut self,
        path: &Path,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.reader.connection.transaction_with_behavior(behavior)?;
        // Only with the lock is this certain: who renames the file holds the lock meanwhile. To
        // write on would put a journal beside the new store that belongs to the old one.
        if file_identity(path) != self.file {
            return Err(Fault::Replaced);
        }
        let result = job(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// Moves the file at `path` away and makes a new store there. It must be this process's turn.
fn make_room(path: &Path, why: Unusable) -> Result<Opened, StoreError> {
    let set_aside = set_aside::move_away(path, why)?;
    Ok(Opened { store: attempt(path)?, set_aside: Some(set_aside) })
}

/// Opens, makes or migrates the store.
fn attempt(path: &Path) -> Result<Store, StoreError> {
    let (connection, contents) = recognise(path).map_err(|fault| fault.at(path))?;
    let file = file_identity(path);
    let mut store = Store { reader: Reader::over(connection, PathBuf::from(path)), file };
    if contents == Contents::Nothing {
        schema::prepare(&store.connection).map_err(|fault| fault.at(path))?;
    }
    if contents != Contents::Current {
        // Asked again under the lock, since two processes can find the same empty file.
        store.write(|transaction| match schema::recognise(transaction)? {
            Contents::Nothing => schema::create(transaction),
            Contents::Older(found) => schema::migrate(transaction, found),
            Contents::Current => Ok(()),
        })?;
    }
    Ok(store)
}

fn recognise(path: &Path) -> Result<(Connection, Contents), Fault> {
    let connection = connection::open_writable(path)?;
    let contents = schema::recognise(&connection)?;
    if connection.is_readonly("main")? {
        // SQLite falls back to reading without saying why: either it may not write, or the header
        // says that only a later SQLite can.
        let attempt = std::fs::OpenOptions::new().write(true).open(path);
        return Err(attempt.err().map_or_else(
            || Fault::damaged("its header asks for a later version of SQLite"),
            Fault::Io,
        ));
    }
    // Somebody can have changed it with SQLite's shell; a write-ahead log would lie beside the file.
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    Ok((connection, contents))
}

#[cfg(test)]
mod tests {
    use testmonx_core::trace::{Batch, NodeId, Outcome, SpanBody, Subject, Trace};
    use testmonx_core::{Digest, Fact, Kind};

    use super::*;
    use crate::Importer;

    fn batch(size: u32) -> Batch {
        let trace = Trace {
            subject: Subject::Test(NodeId::new("t.py::t")),
            outcome: Outcome::Passed,
            micros: 0,
            body: SpanBody { facts: (0..size).collect(), spans: Vec::new() },
            collected: Vec::new(),
        };
        let fact = |at| Fact::new(Kind::File, format!("{at:0>100}"), Digest::of(b""));
        let facts = (0..size).map(fact).collect();
        Batch { facts, traces: vec![trace], ..Batch::default() }
    }

    #[test]
    fn a_full_disk_loses_the_batch_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let mut store = Store::open(&path).unwrap().store;
        let environment = store.environment(&[]).unwrap();
        let session = store.begin_session(environment, "s").unwrap();
        let limit = |store: &Store, pages: u32| {
            store.connection.pragma_update(None, "max_page_count", pages).unwrap();
        };
        limit(&store, 60);
        let mut importer = Importer::new();
        let large = batch(5_000);
        let error = store.record(environment, session, &mut importer, &large, &[]).unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(error.to_string().starts_with("the disk is full"), "{error}");
        assert_eq!(store.load(environment).unwrap().subjects, []);
        limit(&store, 10_000);
        store.record(environment, session, &mut importer, &large, &[]).unwrap();
        assert_eq!(store.load(environment).unwrap().facts, large.facts);
    }

    #[test]
    fn a_store_can_be_given_to_another_thread() {
        fn is_send<T: Send>() {}
        is_send::<(Store, Reader, Importer)>();
    }

    #[test]
    fn a_write_ahead_log_is_undone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let store = Store::open(&path).unwrap().store;
        store.connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        drop(store);
        let mut store = Store::open(&path).unwrap().store;
        store.environment(&[]).unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
