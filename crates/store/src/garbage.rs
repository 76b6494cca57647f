//! Garbage: what nothing uses any more.
//!
//! Dropping a trace leaves its facts, spans and subject behind, as others may use them. Nothing is
//! counted while recording; a collection marks what the remaining traces use and deletes the rest.

use rusqlite::{Connection, Row, Transaction};

use crate::codec::{decode_body, decode_list};
use crate::error::{Fault, StoreError};
use crate::intern::span_hash;
use crate::marks::Marks;
use crate::record::trace_hash;
use crate::{Reader, Store};

/// How many environments are kept. Each upgrade of a plugin or an interpreter makes a new one.
const KEPT_ENVIRONMENTS: i64 = 16;

/// How many sessions an outline is kept after it was put, if no file on record has its content:
/// long enough to come back to a branch.
const OUTLINE_SESSIONS: i64 = 50;

/// How many traces must have been dropped before a collection can be worthwhile.
const FEWEST_DROPPED: i64 = 256;

/// How many sessions go by at most without a collection, for the outlines and environments.
const SESSIONS_BETWEEN: i64 = 100;

/// What a garbage collection deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Environments that other ones have been used since.
    pub environments: usize,
    /// Facts.
    pub facts: usize,
    /// Spans.
    pub spans: usize,
    /// Tests and test files.
    pub subjects: usize,
    /// Outlines.
    pub outlines: usize,
}

impl Reader {
    /// Whether a collection would be worth its time: the traces dropped since the last one are
    /// at least a quarter of those that remain, or it was long ago. Cheap enough to be asked in every session.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn is_collection_worthwhile(&self) -> Result<bool, StoreError> {
        self.read(|connection| {
            let select = "SELECT dropped, (SELECT coalesce(max(id), 0) FROM sessions) - collected
                          FROM store";
            let (dropped, sessions): (i64, i64) =
                connection.query_row(select, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
            if dropped < FEWEST_DROPPED {
                return Ok(sessions >= SESSIONS_BETWEEN);
            }
            let traces: i64 =
                connection.query_row("SELECT count(*) FROM traces", (), |row| row.get(0))?;
            Ok(dropped >= traces / 4 || sessions >= SESSIONS_BETWEEN)
        })
    }
}

impl Store {
    /// Deletes what nothing uses, in one transaction, and gives the space back to the disk.
    ///
    /// # Errors
    ///
    /// If it fails nothing was deleted.
    pub fn collect_garbage(&mut self) -> Result<Collected, StoreError> {
        self.write(|transaction| {
            let environments = drop_environments(transaction)?;
            let used = Used::find(transaction)?;
            let collected = Collected {
                environments,
                facts: sweep(transaction, "facts", &used.facts)?,
                spans: sweep(transaction, "spans", &used.spans)?,
                subjects: sweep(transaction, "subjects", &used.subjects)?,
                outlines: drop_outlines(transaction)?,
            };
            transaction.execute(
                "UPDATE store SET collections = collections + 1, dropped = 0,
                 collected = (SELECT coalesce(max(id), 0) FROM sessions)",
                (),
            )?;
            shrink(transaction)?;
            Ok(collected)
        })
    }
}

fn drop_environments(transaction: &Transaction<'_>) -> Result<usize, Fault> {
    let dropped = transaction.execute(
        "DELETE FROM environments WHERE id IN
         (SELECT id FROM environments ORDER BY last_session DESC, id DESC LIMIT -1 OFFSET ?1)",
        [KEPT_ENVIRONMENTS],
    )?;
    // Also what a session wrote whose environment was dropped under it.
    for table in ["traces", "components"] {
        let delete = "WHERE environment NOT IN (SELECT id FROM environments)";
        transaction.execute(&format!("DELETE FROM {table} {delete}"), ())?;
    }
    Ok(dropped)
}

fn drop_outlines(transaction: &Transaction<'_>) -> Result<usize, Fault> {
    Ok(transaction.execute(
        "DELETE FROM outlines
         WHERE session <= (SELECT coalesce(max(id), 0) FROM sessions) - ?1
         AND (version < (SELECT max(version) FROM outlines)
              OR content NOT IN (SELECT content FROM stats))",
        [OUTLINE_SESSIONS],
    )?)
}

/// Which ids the traces use, directly or through spans.
#[derive(Default)]
struct Used {
    facts: Marks,
    spans: Marks,
    subjects: Marks,
}

impl Used {
    fn find(connection: &Connection) -> Result<Self, Fault> {
        let mut used = Self::default();
        let mut select = connection
            .prepare("SELECT environment, subject, outcome, body, collected, hash FROM traces")?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            let subject = row.get(1)?;
            let (body, collected) = (blob(row, 3)?, blob(row, 4)?);
            let hash = trace_hash(row.get(0)?, subject, row.get(2)?, body, collected);
            check(hash, row.get(5)?)?;
            used.subjects.mark(&[subject]);
            used.subjects.mark(&decode_list(collected)?);
            used.mark_body(body)?;
        }
        // A span is used by later ones only.
        let mut select = connection.prepare("SELECT id, body, hash FROM spans ORDER BY id DESC")?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            if used.spans.find(row.get(0)?).is_some() {
                let body = blob(row, 1)?;
                check(span_hash(body), row.get(2)?)?;
                used.mark_body(body)?;
            }
        }
        Ok(used)
    }

    fn mark_body(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let body = decode_body(bytes)?;
        self.facts.mark(&body.facts);
        self.spans.mark(&body.spans);
        Ok(())
    }
}

fn blob<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a [u8]> {
    Ok(row.get_ref(column)?.as_blob()?)
}

fn check(found: i64, written: i64) -> Result<(), Fault> {
    if found == written { Ok(()) } else { Err(Fault::damaged("a row is not what was written")) }
}

/// Deletes the rows of `table` that are not marked.
fn sweep(connection: &Connection, table: &str, used: &Marks) -> Result<usize, Fault> {
    let mut select = connection.prepare(&format!("SELECT id FROM {table}"))?;
    let ids = select.query_map((), |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let mut delete = connection.prepare(&format!("DELETE FROM {table} WHERE id = ?1"))?;
    let mut deleted = 0;
    for id in ids.into_iter().filter(|&id| used.find(id).is_none()) {
        deleted += delete.execute([id])?;
    }
    Ok(deleted)
}

/// Gives free pages back to the disk, if they are many: the next session would only ask for them
/// again.
fn shrink(connection: &Connection) -> Result<(), Fault> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("freelist_count")? > pragma("page_count")? / 4 {
        let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
        let mut steps = vacuum.query(())?;
        // Each step frees one page.
        while steps.next()?.is_some() {}
    }
    Ok(())
}
