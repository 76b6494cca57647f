//! Which schema a file has, and how it becomes the present one. The tables are in `schema.sql`.
//!
//! A file is known by SQLite's `application_id`, its version by `user_version`
//! (<https://sqlite.org/fileformat2.html#database_header>); both are in the header, so that reading
//! them is cheap and says much about the file's health: SQLite refuses a file that is not a
//! database, is shorter than its header says, or whose list of tables cannot be read.

use std::cmp::Ordering;
use std::fs;

use rusqlite::{Connection, Transaction};

use crate::error::{Fault, Unusable};

/// The schema that this version writes.
pub const SCHEMA_VERSION: i64 = STEPS.len() as i64 + 1;

/// What makes of a store with the schema version `i + 1` one with `i + 2`; the first has no step.
const STEPS: &[&str] = &[];

/// "tmnx", in the header of every store.
const APPLICATION_ID: i32 = 0x746d_6e78;

/// What is in a file that SQLite can read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// Nothing yet.
    Nothing,
    /// A store with the schema of this version.
    Current,
    /// A store with an earlier schema.
    Older(i64),
}

/// What the file holds.
///
/// # Errors
///
/// [`Unusable`] if it is no store or a later version's; whatever SQLite says if it cannot be read.
pub(crate) fn recognise(connection: &Connection) -> Result<Contents, Fault> {
    if connection.is_autocommit() {
        // All answers must be about one state of the file, and its length too.
        let transaction = connection.unchecked_transaction()?;
        let contents = recognise(&transaction);
        transaction.commit()?;
        return contents;
    }
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables = tables(connection)?;
    if application == i64::from(APPLICATION_ID) {
        check_length(connection)?;
        return match version.cmp(&SCHEMA_VERSION) {
            Ordering::Equal => Ok(Contents::Current),
            Ordering::Greater => Err(Fault::Unusable(Unusable::Newer { found: version })),
            Ordering::Less if version > 0 => Ok(Contents::Older(version)),
            Ordering::Less => Err(Fault::damaged(format!("there is no schema {version}"))),
        };
    }
    if tables.is_empty() && application == 0 && version == 0 {
        // To SQLite a file of a few bytes, whatever they are, is an empty database to be written over.
        return match (pragma("page_count")?, length(connection)) {
            (0, Some(1..)) => Err(Fault::damaged("it is too short for a database")),
            _ => Ok(Contents::Nothing),
        };
    }
    // These two have been in every version of pytest-testmon since 1.0.
    let has = |name: &str| tables.iter().any(|table| table == name);
    let why = if has("test_execution") && has("metadata") {
        Unusable::PytestTestmon
    } else {
        Unusable::OtherDatabase
    };
    Err(Fault::Unusable(why))
}

/// SQLite notices missing pages, but fills up the last one with zeros.
fn check_length(connection: &Connection) -> Result<(), Fault> {
    let text = |name| connection.pragma_query_value(None, name, |row| row.get::<_, String>(0));
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    // Pages can be in a write-ahead log, if somebody chose one with SQLite's shell.
    if text("journal_mode")? == "delete"
        && length(connection).is_some_and(|length| !length.is_multiple_of(page.unsigned_abs()))
    {
        return Err(Fault::damaged("it is cut short"));
    }
    Ok(())
}

fn length(connection: &Connection) -> Option<u64> {
    let path = connection.path().filter(|path| !path.is_empty())?;
    Some(fs::metadata(path).ok()?.len())
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut select = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let names = select.query_map((), |row| row.get(0))?;
    names.collect()
}

/// To be called before the transaction in which an empty file is made a store.
pub(crate) fn prepare(connection: &Connection) -> Result<(), Fault> {
    // Without it garbage collection could not shrink the file but by rewriting it.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    Ok(())
}

/// Makes an empty file a store.
pub(crate) fn create(transaction: &Transaction<'_>) -> Result<(), Fault> {
    transaction.execute_batch(include_str!("schema.sql"))?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(())
}

/// Brings a store from schema version `found` to the present one, all in the one transaction.
pub(crate) fn migrate(transaction: &Transaction<'_>, found: i64) -> Result<(), Fault> {
    apply(transaction, found, STEPS)
}

fn apply(transaction: &Transaction<'_>, found: i64, steps: &[&str]) -> Result<(), Fault> {
    for (version, step) in (1..).zip(steps) {
        if version >= found {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version + 1)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        let transaction = connection.transaction().unwrap();
        create(&transaction).unwrap();
        transaction.commit().unwrap();
        connection
    }

    fn why(connection: &Connection) -> Unusable {
        match recognise(connection) {
            Err(Fault::Unusable(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_made_store_is_recognised() {
        assert_eq!(recognise(&made()).unwrap(), Contents::Current);
        let empty = Connection::open_in_memory().unwrap();
        assert_eq!(recognise(&empty).unwrap(), Contents::Nothing);
    }

    #[test]
    fn the_chapter_quotes_the_schema() {
        let chapter = include_str!("../../../docs/design/store.md");
        assert!(chapter.contains(include_str!("schema.sql")));
    }

    #[test]
    fn versions_and_strangers_are_told_apart() {
        let connection = made();
        connection.pragma_update(None, "user_version", SCHEMA_VERSION + 2).unwrap();
        assert_eq!(why(&connection), Unusable::Newer { found: SCHEMA_VERSION + 2 });
        connection.pragma_update(None, "user_version", 0).unwrap();
        assert!(matches!(why(&connection), Unusable::Damaged(_)));
        connection.pragma_update(None, "application_id", 7).unwrap();
        assert_eq!(why(&connection), Unusable::OtherDatabase);
    }

    #[test]
    fn only_the_missing_steps_are_applied() {
        let mut connection = made();
        let steps = ["CREATE TABLE two (x)", "CREATE TABLE three (x)"];
        connection.execute_batch("CREATE TABLE two (x); PRAGMA user_version = 2").unwrap();
        let transaction = connection.transaction().unwrap();
        apply(&transaction, 2, &steps).unwrap();
        transaction.commit().unwrap();
        assert!(tables(&connection).unwrap().contains(&"three".to_owned()));
        let version = connection.pragma_query_value(None, "user_version", |row| row.get(0));
        assert_eq!(version, Ok(3));
    }

    #[test]
    fn a_failed_migration_leaves_the_old_version() {
        let mut connection = made();
        let transaction = connection.transaction().unwrap();
        let steps = ["CREATE TABLE two (x)", "CREATE nonsense"];
        assert!(apply(&transaction, 1, &steps).is_err());
        drop(transaction);
        assert!(!tables(&connection).unwrap().contains(&"two".to_owned()));
        assert_eq!(recognise(&connection).unwrap(), Contents::Current);
    }
}
