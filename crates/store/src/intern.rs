//! Rows by content: facts, spans and subjects are stored once each and known by small ids.

use std::collections::{HashMap, HashSet};

use rusqlite::{CachedStatement, Connection, OptionalExtension, Params};
use testmonx_core::trace::{NodeId, SpanBody, Subject};
use testmonx_core::{Digest, Fact, Kind, RelPath};

use crate::codec::{RowHash, encode_body};
use crate::error::Fault;

/// Finds rows by content, and adds those that are missing, within one transaction.
pub(crate) struct Interner<'a> {
    connection: &'a Connection,
    kinds: HashMap<Kind, i64>,
    facts: Rows<'a>,
    spans: Rows<'a>,
    subjects: Rows<'a>,
}

impl<'a> Interner<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Result<Self, Fault> {
        Ok(Self {
            connection,
            kinds: HashMap::new(),
            facts: Rows::of(connection, "facts", &["kind", "key", "digest"])?,
            spans: Rows::of(connection, "spans", &["body"])?,
            subjects: Rows::of(connection, "subjects", &["kind", "name"])?,
        })
    }

    /// The id of `fact`.
    pub(crate) fn fact(&mut self, fact: &Fact) -> Result<u32, Fault> {
        let kind = self.kind(fact.kind)?;
        let digest = fact.digest.as_bytes();
        let hash = fact_hash(fact.kind.rule().name(), &fact.key, digest);
        Ok(self.facts.intern(hash, (hash, kind, &*fact.key, digest))?.id)
    }

    /// The id of a span whose body has ids of this store.
    pub(crate) fn span(&mut self, body: &SpanBody) -> Result<u32, Fault> {
        let body = encode_body(body);
        let hash = span_hash(&body);
        Ok(self.spans.intern(hash, (hash, body))?.id)
    }

    /// The id of `subject`, and whether it was not in the store.
    pub(crate) fn subject(&mut self, subject: &Subject) -> Result<Interned, Fault> {
        let (kind, name) = subject_columns(subject);
        self.subject_row(kind, name)
    }

    /// The same for a test's subject.
    pub(crate) fn test(&mut self, test: &NodeId) -> Result<Interned, Fault> {
        self.subject_row(TEST, test.as_str())
    }

    fn subject_row(&mut self, kind: i64, name: &str) -> Result<Interned, Fault> {
        let hash = subject_hash(kind, name);
        self.subjects.intern(hash, (hash, kind, name))
    }

    fn kind(&mut self, kind: Kind) -> Result<i64, Fault> {
        if let Some(&id) = self.kinds.get(&kind) {
            return Ok(id);
        }
        let name = (kind.rule().name(),);
        let find = "SELECT id FROM kinds WHERE name = ?1";
        let found = self.connection.query_row(find, name, |row| row.get(0)).optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                self.connection.execute("INSERT INTO kinds (name) VALUES (?1)", name)?;
                self.connection.last_insert_rowid()
            }
        };
        self.kinds.insert(kind, id);
        Ok(id)
    }
}

/// A row that was found or added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interned {
    pub(crate) id: u32,
    pub(crate) is_new: bool,
}

/// The rows of one table that has a column `hash`.
struct Rows<'a> {
    connection: &'a Connection,
    find: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    /// The hashes of all rows, as long as they were put there by this interner: a first run adds tens of thousands,
    /// none of which needs to be looked for.
    own: Option<HashSet<i64>>,
}

impl<'a> Rows<'a> {
    /// Those of `table`, whose content is in `columns`.
    fn of(connection: &'a Connection, table: &str, columns: &[&str]) -> Result<Self, Fault> {
        let numbered = |(at, column): (usize, &&str)| format!(" AND {column} = ?{}", at + 2);
        let conditions: String = columns.iter().enumerate().map(numbered).collect();
        let places: String = (2..columns.len() + 2).map(|at| format!(", ?{at}")).collect();
        let find = format!("SELECT id FROM {table} WHERE hash = ?1{conditions}");
        let columns = columns.join(", ");
        let insert = format!("INSERT INTO {table} (hash, {columns}) VALUES (?1{places})");
        let has_none = format!("SELECT NOT EXISTS (SELECT 1 FROM {table})");
        let has_none: bool = connection.query_row(&has_none, (), |row| row.get(0))?;
        Ok(Self {
            connection,
            find: connection.prepare_cached(&find)?,
            insert: connection.prepare_cached(&insert)?,
            own: has_none.then(HashSet::new),
        })
    }

    /// Finds or adds a row: its hash, and the columns in their order.
    fn intern(&mut self, hash: i64, row: impl Params + Clone) -> Result<Interned, Fault> {
        let is_new = self.own.as_mut().is_some_and(|own| own.insert(hash));
        if !is_new
            && let Some(id) = self.find.query_row(row.clone(), |row| row.get(0)).optional()?
        {
            return Ok(Interned { id, is_new: false });
        }
        self.insert.execute(row)?;
        // Half of the range is left, so that an id one past the last can always be written.
        let id = i32::try_from(self.connection.last_insert_rowid());
        let id = id.map_err(|_| Fault::damaged("an id is out of range"))?.cast_unsigned();
        Ok(Interned { id, is_new: true })
    }
}

/// The id of `subject`, if it has one.
pub(crate) fn find_subject(
    connection: &Connection,
    subject: &Subject,
) -> Result<Option<u32>, Fault> {
    let (kind, name) = subject_columns(subject);
    let find = "SELECT id FROM subjects WHERE hash = ?1 AND kind = ?2 AND name = ?3";
    let mut find = connection.prepare_cached(find)?;
    let row = (subject_hash(kind, name), kind, name);
    Ok(find.query_row(row, |row| row.get(0)).optional()?)
}

/// What `subjects.kind` says of a test.
pub(crate) const TEST: i64 = 0;
/// What `subjects.kind` says of a collection.
pub(crate) const COLLECTION: i64 = 1;

fn subject_columns(subject: &Subject) -> (i64, &str) {
    match subject {
        Subject::Test(test) => (TEST, test.as_str()),
        Subject::Collection(file) => (COLLECTION, file.as_str()),
    }
}

/// The fact of a row whose kind has this name; `None` if this version knows no such kind.
pub(crate) fn fact_of(
    kind: &str,
    key: &str,
    digest: [u8; 16],
    hash: i64,
) -> Result<Option<Fact>, Fault> {
    if fact_hash(kind, key, &digest) != hash {
        return Err(Fault::damaged("a fact is not what was written"));
    }
    Ok(Kind::by_name(kind).map(|kind| Fact::new(kind, key, Digest::from_bytes(digest))))
}

/// The subject of a row.
pub(crate) fn subject_of(kind: i64, name: &str, hash: i64) -> Result<Subject, Fault> {
    if subject_hash(kind, name) != hash {
        return Err(Fault::damaged("a subject is not what was written"));
    }
    match kind {
        TEST => Ok(Subject::Test(NodeId::new(name))),
        COLLECTION => Ok(Subject::Collection(RelPath::new(name))),
        _ => Err(Fault::damaged("a subject is of an unknown kind")),
    }
}

/// The hash of a span's row.
pub(crate) fn span_hash(body: &[u8]) -> i64 {
    RowHash::default().bytes(body).finish()
}

fn fact_hash(kind: &str, key: &str, digest: &[u8]) -> i64 {
    RowHash::default().bytes(kind.as_bytes()).bytes(key.as_bytes()).bytes(digest).finish()
}

fn subject_hash(kind: i64, name: &str) -> i64 {
    RowHash::default().number(kind).bytes(name.as_bytes()).finish()
}
