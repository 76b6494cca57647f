//! What is in a store, in numbers.

use crate::error::{Fault, StoreError};
use crate::intern::{COLLECTION, TEST};
use crate::{EnvironmentId, Reader, SessionId};

/// Counts for `testmonx status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Environments.
    pub environments: u64,
    /// Sessions ever begun.
    pub sessions: u64,
    /// Tests, in all environments.
    pub tests: u64,
    /// Test files that were collected, in all environments.
    pub collections: u64,
    /// Traces.
    pub traces: u64,
    /// Distinct facts.
    pub facts: u64,
    /// Distinct spans.
    pub spans: u64,
    /// Outlines of source files.
    pub outlines: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// How many of them are free for what comes next.
    pub free_bytes: u64,
    /// The last session, if there was one.
    pub last_session: Option<LastSession>,
}

/// The session that was begun last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSession {
    /// Its id.
    pub id: SessionId,
    /// Its environment.
    pub environment: EnvironmentId,
    /// What the caller knew it by.
    pub name: String,
    /// When it began, as UTC in ISO 8601.
    pub started_at: String,
    /// When it ended, likewise; `None` if it is running or was killed.
    pub finished_at: Option<String>,
}

impl Reader {
    /// Counts what the store holds.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        self.read(|connection| {
            let number = |sql: &str| -> Result<u64, Fault> {
                Ok(connection.query_row(sql, (), |row| row.get::<_, i64>(0))?.unsigned_abs())
            };
            let subjects = |kind: i64| {
                number(&format!(
                    "SELECT count(*) FROM subjects WHERE kind = {kind}
                     AND id IN (SELECT subject FROM traces)"
                ))
            };
            let page = number("PRAGMA page_size")?;
            let last_session = connection.prepare(
                "SELECT id, environment, name, started_at, finished_at FROM sessions
                 ORDER BY id DESC LIMIT 1",
            )?;
            Ok(Totals {
                environments: number("SELECT count(*) FROM environments")?,
                sessions: number("SELECT coalesce(max(id), 0) FROM sessions")?,
                tests: subjects(TEST)?,
                collections: subjects(COLLECTION)?,
                traces: number("SELECT count(*) FROM traces")?,
                facts: number("SELECT count(*) FROM facts")?,
                spans: number("SELECT count(*) FROM spans")?,
                outlines: number("SELECT count(*) FROM outlines")?,
                bytes: page * number("PRAGMA page_count")?,
                free_bytes: page * number("PRAGMA freelist_count")?,
                last_session: read_session(last_session)?,
            })
        })
    }
}

fn read_session(mut select: rusqlite::Statement<'_>) -> Result<Option<LastSession>, Fault> {
    let mut rows = select.query(())?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(LastSession {
        id: row.get(0)?,
        environment: row.get(1)?,
        name: row.get(2)?,
        started_at: row.get(3)?,
        finished_at: row.get(4)?,
    }))
}
