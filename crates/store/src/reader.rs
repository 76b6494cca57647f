//! Reading: the part of a store that has no way to change it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::connection;
use crate::error::{Fault, StoreError, Unusable};
use crate::schema::{self, Contents};

/// A store opened for reading. It has no method that writes, so that whoever holds one (a worker of
/// pytest-xdist, `testmonx status`) cannot; a file or a disk that is read-only will do.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: Connection,
    path: PathBuf,
}

impl Reader {
    /// Opens the store at `path`, which must exist and have the present schema.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] if there is none, [`StoreError::Unusable`] if it is something else,
    /// damaged, or of another version; nothing is ever set aside by a reader.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = connection::absolute(path)?;
        if !path.exists() {
            return Err(StoreError::Missing { path });
        }
        let opened = match attempt(&path) {
            Err(Fault::Sql(error)) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
                roll_back_killed_writer(&path);
                attempt(&path)
            }
            other => other,
        };
        match opened {
            Ok((connection, Contents::Current)) => Ok(Self { connection, path }),
            Ok((_, Contents::Older(found))) => Err(Unusable::Older { found }.into()),
            Ok((_, Contents::Nothing)) => Err(StoreError::Missing { path }),
            Err(fault) => Err(fault.at(&path)),
        }
    }

    /// A reader over a connection that [`crate::Store`] opened and recognised.
    pub(crate) fn over(connection: Connection, path: PathBuf) -> Self {
        Self { connection, path }
    }

    /// Where the store is, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells this store from any other, also from one that takes its place: 32 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn identity(&self) -> Result<String, StoreError> {
        let select = "SELECT lower(hex(identity)) FROM store";
        self.read(|connection| Ok(connection.query_row(select, (), |row| row.get(0))?))
    }

    /// Runs `job` in a transaction, so that all it reads is of one state.
    pub(crate) fn read<T>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let transact = || {
            let behavior = TransactionBehavior::Deferred;
            let transaction = Transaction::new_unchecked(&self.connection, behavior)?;
            let result = job(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        transact().map_err(|fault: Fault| fault.at(&self.path))
    }
}

fn attempt(path: &Path) -> Result<(Connection, Contents), Fault> {
    let connection = connection::open_read_only(path)?;
    let contents = schema::recognise(&connection)?;
    Ok((connection, contents))
}

/// A writer that was killed leaves a journal, which the next connection that can write plays back;
/// until then the file must not be read. If nobody can write, the second attempt says so.
fn roll_back_killed_writer(path: &Path) {
    if let Ok(connection) = connection::open_writable(path) {
        let _ = schema::recognise(&connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    #[test]
    fn a_reader_cannot_write_even_if_it_had_the_words() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        drop(Store::open(&path).unwrap());
        let reader = Reader::open(&path).unwrap();
        let error = reader.connection.execute("UPDATE store SET runs = 7", ()).unwrap_err();
        let error = Fault::from(error).at(&path);
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    }
}
