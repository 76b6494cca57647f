//! Loading: all that a selection in one environment needs, and no more.

use rusqlite::{Connection, Row};
use testmonx_core::Fact;
use testmonx_core::trace::{NodeId, Outcome, SpanBody, Subject};

use crate::codec::{decode_body, decode_list};
use crate::dense::Numbering;
use crate::error::{Fault, StoreError};
use crate::intern::subject_of;
use crate::marks::Marks;
use crate::record::{outcome_of, trace_hash};
use crate::{EnvironmentId, Reader, SessionId, TraceId};

/// What is known of one environment. The ids in bodies are indices into `facts` and `spans`; they
/// mean nothing outside of this value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Every fact that some trace holds, each once.
    pub facts: Vec<Fact>,
    /// Every span that some trace uses; one uses only those before it.
    pub spans: Vec<SpanBody>,
    /// What was run or collected in the environment.
    pub subjects: Vec<StoredSubject>,
    /// How many traces were left out because they hold facts of kinds that this version does not
    /// know. Their subjects are there.
    pub unusable_traces: usize,
}

/// A test, or the collection of a test file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSubject {
    /// What it is.
    pub subject: Subject,
    /// How it went the last time.
    pub last: LastRun,
    /// What is kept of its runs, the most recently used first.
    pub traces: Vec<StoredTrace>,
}

/// The last run of a subject. Its trace need not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The session that ran it.
    pub session: SessionId,
}

/// What is kept of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTrace {
    /// Its id in the store.
    pub id: TraceId,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The session that last ran or trusted it.
    pub used: SessionId,
    /// What it observed.
    pub body: SpanBody,
    /// For a collection: the tests that it found, in pytest's order.
    pub collected: Vec<NodeId>,
}

impl Reader {
    /// All that is known of `environment`; nothing if it is not known.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unusable`] if the file contradicts itself: what was damaged is never taken for
    /// what was observed.
    pub fn load(&self, environment: EnvironmentId) -> Result<Loaded, StoreError> {
        self.read(|connection| {
            let mut rows = read_traces(connection, environment)?;
            let names = read_subjects(connection, &rows)?;
            let mut numbering = Numbering::default();
            rows.iter().for_each(|row| numbering.mark(&row.body));
            let numbered = numbering.finish(connection)?;
            // What was used last comes first, and of what was used in one session what ran last.
            rows.sort_unstable_by_key(|row| (row.subject, std::cmp::Reverse((row.used, row.ran))));
            let mut loaded = Loaded::default();
            for runs in rows.chunk_by_mut(|a, b| a.subject == b.subject) {
                let mut subject = StoredSubject {
                    subject: names.get(runs[0].subject)?.clone(),
                    last: last_run(runs)?,
                    traces: Vec::with_capacity(runs.len()),
                };
                for run in runs {
                    let mut body = std::mem::take(&mut run.body);
                    if numbered.renumber(&mut body)? {
                        subject.traces.push(run.trace(body, &names)?);
                    } else {
                        loaded.unusable_traces += 1;
                    }
                }
                loaded.subjects.push(subject);
            }
            (loaded.facts, loaded.spans) = (numbered.facts, numbered.spans);
            Ok(loaded)
        })
    }
}

/// A row of `traces`, with the store's ids.
struct TraceRow {
    id: TraceId,
    subject: u32,
    outcome: Outcome,
    micros: i64,
    used: SessionId,
    ran: i64,
    recorded: SessionId,
    body: SpanBody,
    collected: Vec<u32>,
}

impl TraceRow {
    fn trace(&self, body: SpanBody, names: &Subjects) -> Result<StoredTrace, Fault> {
        let collected = self.collected.iter().map(|&id| match names.get(id)? {
            Subject::Test(test) => Ok(test.clone()),
            Subject::Collection(_) => Err(Fault::damaged("a collection holds a collection")),
        });
        Ok(StoredTrace {
            id: self.id,
            outcome: self.outcome,
            micros: self.micros.unsigned_abs(),
            used: self.used,
            body,
            collected: collected.collect::<Result<_, _>>()?,
        })
    }
}

fn last_run(runs: &[TraceRow]) -> Result<LastRun, Fault> {
    let last = runs.iter().max_by_key(|run| run.ran);
    let last = last.ok_or_else(|| Fault::damaged("a subject has no runs"))?;
    Ok(LastRun {
        outcome: last.outcome,
        micros: last.micros.unsigned_abs(),
        session: last.recorded,
    })
}

fn read_traces(
    connection: &Connection,
    environment: EnvironmentId,
) -> Result<Vec<TraceRow>, Fault> {
    let mut select = connection.prepare_cached(
        "SELECT id, subject, outcome, micros, used, ran, recorded, body, collected, hash
         FROM traces WHERE environment = ?1",
    )?;
    let rows = select.query_and_then([environment], |row| read_trace(row, environment))?;
    rows.collect()
}

fn read_trace(row: &Row<'_>, environment: EnvironmentId) -> Result<TraceRow, Fault> {
    let (subject, outcome) = (row.get(1)?, row.get(2)?);
    let blob = |at| -> rusqlite::Result<&[u8]> { Ok(row.get_ref(at)?.as_blob()?) };
    let (body, collected) = (blob(7)?, blob(8)?);
    if trace_hash(environment, subject, outcome, body, collected) != row.get(9)? {
        return Err(Fault::damaged("a trace is not what was written"));
    }
    Ok(TraceRow {
        id: row.get(0)?,
        subject,
        outcome: outcome_of(outcome)?,
        micros: row.get(3)?,
        used: row.get(4)?,
        ran: row.get(5)?,
        recorded: row.get(6)?,
        body: decode_body(body)?,
        collected: decode_list(collected)?,
    })
}

/// Subjects by id.
struct Subjects(Vec<Option<Subject>>);

impl Subjects {
    fn get(&self, id: u32) -> Result<&Subject, Fault> {
        let subject = self.0.get(id as usize).and_then(Option::as_ref);
        subject.ok_or_else(|| Fault::damaged("a trace is of a subject that is not there"))
    }
}

fn read_subjects(connection: &Connection, rows: &[TraceRow]) -> Result<Subjects, Fault> {
    let mut used = Marks::default();
    for row in rows {
        used.mark(&[row.subject]);
        used.mark(&row.collected);
    }
    let mut subjects = vec![None; used.end()];
    let mut select =
        connection.prepare_cached("SELECT id, kind, name, hash FROM subjects ORDER BY id")?;
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()? {
        let Some(id) = used.find(row.get(0)?) else { continue };
        let name = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        subjects[id] = Some(subject_of(row.get(1)?, name, row.get(3)?)?);
    }
    Ok(Subjects(subjects))
}
