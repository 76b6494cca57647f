//! Rows by content: facts, spans and subjects are stored once each and known by small ids.

use std::collections::{HashMap, HashSet};

use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Statement};
use testmonx_core::trace::{NodeId, SpanBody, Subject};
use testmonx_core::{Digest, Fact, Kind, RelPath};

use crate::codec::{RowHash, encode_body};
use crate::error::Fault;

/// Finds rows by content, and adds those that are missing, within one transaction.
pub(crate) struct Interner<'a> {
    connection: &'a Connection,
    kinds: HashMap<Kind, i64>,
    find_fact: CachedStatement<'a>,
    insert_fact: CachedStatement<'a>,
    /// The hashes of all facts in the store, as long as this interner has put them there: a first run adds tens of
    /// thousands, none of which needs to be looked for.
    own_facts: Option<HashSet<i64>>,
}

impl<'a> Interner<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Result<Self, Fault> {
        let has_none = "SELECT NOT EXISTS (SELECT 1 FROM facts)";
        let has_none: bool = connection.query_row(has_none, (), |row| row.get(0))?;
        Ok(Self {
            connection,
            kinds: HashMap::new(),
            find_fact: connection.prepare_cached(
                "SELECT id FROM facts WHERE hash = ?4 AND kind = ?1 AND key = ?2 AND digest = ?3",
            )?,
            insert_fact: connection.prepare_cached(
                "INSERT INTO facts (kind, key, digest, hash) VALUES (?1, ?2, ?3, ?4)",
            )?,
            own_facts: has_none.then(HashSet::new),
        })
    }

    /// The id of `fact`.
    pub(crate) fn fact(&mut self, fact: &Fact) -> Result<u32, Fault> {
        let kind = self.kind(fact.kind)?;
        let hash = fact_hash(fact.kind.rule().name(), &fact.key, fact.digest.as_bytes());
        let row = (kind, &*fact.key, fact.digest.as_bytes(), hash);
        let is_new = self.own_facts.as_mut().is_some_and(|own| own.insert(hash));
        if is_new {
            self.insert_fact.execute(row)?;
            return self.inserted();
        }
        find_or_insert(&mut self.find_fact, &mut self.insert_fact, row)?
            .map_or_else(|| self.inserted(), Ok)
    }

    /// The id of a span whose body has ids of this store.
    pub(crate) fn span(&self, body: &SpanBody) -> Result<u32, Fault> {
        let body = encode_body(body);
        let hash = span_hash(&body);
        self.intern(
            "SELECT id FROM spans WHERE hash = ?2 AND body = ?1",
            "INSERT INTO spans (body, hash) VALUES (?1, ?2)",
            (body, hash),
        )
    }

    /// The id of `subject`.
    pub(crate) fn subject(&self, subject: &Subject) -> Result<u32, Fault> {
        self.subject_row(subject_columns(subject))
    }

    /// The id of a test's subject.
    pub(crate) fn test(&self, test: &NodeId) -> Result<u32, Fault> {
        self.subject_row((TEST, test.as_str()))
    }

    fn subject_row(&self, (kind, name): (i64, &str)) -> Result<u32, Fault> {
        self.intern(
            FIND_SUBJECT,
            "INSERT INTO subjects (kind, name, hash) VALUES (?1, ?2, ?3)",
            (kind, name, subject_hash(kind, name)),
        )
    }

    fn kind(&mut self, kind: Kind) -> Result<i64, Fault> {
        if let Some(&id) = self.kinds.get(&kind) {
            return Ok(id);
        }
        let id = self.intern(
            "SELECT id FROM kinds WHERE name = ?1",
            "INSERT INTO kinds (name) VALUES (?1)",
            (kind.rule().name(),),
        )?;
        self.kinds.insert(kind, id.into());
        Ok(id.into())
    }

    fn intern(&self, find: &str, insert: &str, row: impl Params + Clone) -> Result<u32, Fault> {
        let (mut find, mut insert) =
            (self.connection.prepare_cached(find)?, self.connection.prepare_cached(insert)?);
        find_or_insert(&mut find, &mut insert, row)?.map_or_else(|| self.inserted(), Ok)
    }

    /// The id of the row that was inserted last.
    fn inserted(&self) -> Result<u32, Fault> {
        // Half of the range is left, so that an id one past the last can always be written.
        let id = i32::try_from(self.connection.last_insert_rowid());
        id.map(i32::cast_unsigned).map_err(|_| Fault::damaged("an id is out of range"))
    }
}

/// The id of a row, if there was one; else inserts it.
fn find_or_insert(
    find: &mut Statement<'_>,
    insert: &mut Statement<'_>,
    row: impl Params + Clone,
) -> Result<Option<u32>, Fault> {
    let found: Option<u32> = find.query_row(row.clone(), |row| row.get(0)).optional()?;
    if found.is_none() {
        insert.execute(row)?;
    }
    Ok(found)
}

const FIND_SUBJECT: &str = "SELECT id FROM subjects WHERE hash = ?3 AND kind = ?1 AND name = ?2";

/// The id of `subject`, if it has one.
pub(crate) fn find_subject(
    connection: &Connection,
    subject: &Subject,
) -> Result<Option<u32>, Fault> {
    let (kind, name) = subject_columns(subject);
    let mut select = connection.prepare_cached(FIND_SUBJECT)?;
    let row = (kind, name, subject_hash(kind, name));
    Ok(select.query_row(row, |row| row.get(0)).optional()?)
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
