//! Recording: traces come in, and the few that are worth keeping stay.

use std::collections::HashSet;

use rusqlite::Connection;
use testmonx_core::trace::{Batch, Outcome, Subject, Trace};

use crate::codec::{RowHash, encode_body, encode_list};
use crate::error::{Fault, StoreError};
use crate::importer::{Epoch, Importer};
use crate::intern::{Interned, Interner, find_subject};
use crate::{EnvironmentId, SessionId, Store, TraceId};

/// How many passing traces of a subject are kept in an environment: enough to change between a few
/// branches and back. Each costs its bytes in the file, and a look in every selection.
pub const KEPT_TRACES: usize = 8;

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// For each trace of the batch, the id under which it is kept. A later trace of the same
    /// subject in the same batch can have displaced it.
    pub traces: Vec<TraceId>,
}

impl Store {
    /// Records what a recorder sent, in one transaction, after dropping the traces in `retire` (the
    /// passing traces that a failed run disproves).
    ///
    /// Of a subject in an environment are kept the [`KEPT_TRACES`] passing traces used last, and
    /// the last run if it failed. A run that observed what an earlier one did takes its place and
    /// its id. A failed run also drops the subject's passing traces of the same session, or with the
    /// same observations: they hold in the tree that it failed in.
    ///
    /// # Errors
    ///
    /// If it fails nothing was written, and the batch can be recorded again.
    pub fn record(
        &mut self,
        environment: EnvironmentId,
        session: SessionId,
        importer: &mut Importer,
        batch: &Batch,
        retire: &[TraceId],
    ) -> Result<Recorded, StoreError> {
        let result = self.write(|transaction| {
            importer.accept(batch)?;
            let (epoch, runs) = read_counters(transaction)?;
            let mut interner = Interner::new(transaction)?;
            importer.intern(&mut interner, epoch)?;
            let mut recorder = Recorder {
                connection: transaction,
                interner,
                environment,
                session,
                runs,
                dropped: 0,
                untold: HashSet::new(),
            };
            for &trace in retire {
                recorder.drop_trace(trace)?;
            }
            let traces = batch.traces.iter().map(|trace| recorder.record(trace, importer));
            let traces = traces.collect::<Result<_, Fault>>()?;
            recorder.write_counters()?;
            Ok(Recorded { traces })
        });
        if result.is_err() {
            importer.forget_ids();
        }
        result
    }

    /// Notes that this session trusted these traces, so that they outlive those that no session
    /// uses. Traces that are gone are passed over.
    ///
    /// It matters only to the order among the traces of one subject: the first of
    /// [`crate::StoredSubject::traces`] need not be touched. With one trace a test nothing is written.
    ///
    /// # Errors
    ///
    /// If it fails nothing was written.
    pub fn touch(&mut self, session: SessionId, traces: &[TraceId]) -> Result<(), StoreError> {
        if traces.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            let update = "UPDATE traces SET used = max(used, ?2) WHERE id = ?1";
            let mut update = transaction.prepare_cached(update)?;
            for &trace in traces {
                update.execute((trace, session))?;
            }
            Ok(())
        })
    }

    /// Forgets subjects that no longer exist, in one environment.
    ///
    /// # Errors
    ///
    /// If it fails nothing was written.
    pub fn forget(
        &mut self,
        environment: EnvironmentId,
        subjects: &[Subject],
    ) -> Result<(), StoreError> {
        if subjects.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            let delete = "DELETE FROM traces WHERE environment = ?1 AND subject = ?2";
            let mut delete = transaction.prepare_cached(delete)?;
            let mut dropped = 0;
            for subject in subjects {
                if let Some(id) = find_subject(transaction, subject)? {
                    dropped += delete.execute((environment, id))?;
                }
            }
            transaction
                .execute("UPDATE store SET dropped = dropped + ?1", [dropped.cast_signed()])?;
            Ok(())
        })
    }
}

fn read_counters(connection: &Connection) -> Result<(Epoch, i64), Fault> {
    let mut select = connection.prepare_cached("SELECT identity, collections, runs FROM store")?;
    let row = select.query_row((), |row| {
        let epoch = Epoch { identity: row.get(0)?, collections: row.get(1)? };
        Ok((epoch, row.get(2)?))
    });
    Ok(row?)
}

/// The hash of a trace's row. What changes without a new run (`used`) is not in it, nor what does
/// not bear on freshness.
pub(crate) fn trace_hash(
    environment: EnvironmentId,
    subject: u32,
    outcome: i64,
    body: &[u8],
    collected: &[u8],
) -> i64 {
    let numbers = RowHash::default().number(environment.0).number(subject.into()).number(outcome);
    numbers.bytes(body).bytes(collected).finish()
}

/// What `traces.outcome` says.
pub(crate) const fn outcome_code(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Passed => 0,
        Outcome::Skipped => 1,
        Outcome::Xfailed => 2,
        Outcome::Failed => 3,
    }
}

/// The outcome that `traces.outcome` says.
pub(crate) fn outcome_of(code: i64) -> Result<Outcome, Fault> {
    Ok(match code {
        0 => Outcome::Passed,
        1 => Outcome::Skipped,
        2 => Outcome::Xfailed,
        3 => Outcome::Failed,
        _ => return Err(Fault::damaged("an outcome is unknown")),
    })
}

/// Records the traces of one batch.
struct Recorder<'a> {
    connection: &'a Connection,
    interner: Interner<'a>,
    environment: EnvironmentId,
    session: SessionId,
    runs: i64,
    dropped: usize,
    /// Subjects that are new, and of which no trace was recorded yet.
    untold: HashSet<u32>,
}

/// A trace that the subject already has.
struct Kept {
    id: TraceId,
    is_passing: bool,
    used: SessionId,
    ran: i64,
    recorded: SessionId,
    is_equal: bool,
}

impl Recorder<'_> {
    fn record(&mut self, trace: &Trace, importer: &Importer) -> Result<TraceId, Fault> {
        let subject = self.interner.subject(&trace.subject)?;
        let subject = self.noted(subject);
        let mut collected = Vec::with_capacity(trace.collected.len());
        for test in &trace.collected {
            let test = self.interner.test(test)?;
            collected.push(self.noted(test));
        }
        let collected = encode_list(&collected);
        let body = encode_body(&importer.translate(&trace.body));
        let has_none = self.untold.remove(&subject);
        let mut kept = if has_none { Vec::new() } else { self.kept(subject, &body, &collected)? };
        self.runs += 1;
        let is_passing = trace.outcome.is_passing();
        let mut equal = None;
        for old in &kept {
            if is_passing && old.is_passing {
                equal = equal.or(old.is_equal.then_some(old.id));
            } else if !old.is_passing || old.is_equal || old.recorded == self.session {
                self.drop_trace(old.id)?;
            }
        }
        if is_passing && equal.is_none() {
            kept.retain(|old| old.is_passing);
            kept.sort_unstable_by_key(|old| (old.used, old.ran));
            for old in kept.iter().take((kept.len() + 1).saturating_sub(KEPT_TRACES)) {
                self.drop_trace(old.id)?;
            }
        }
        self.put(equal, subject, trace, &body, &collected)
    }

    /// The id of a subject, noted if that is new.
    fn noted(&mut self, subject: Interned) -> u32 {
        if subject.is_new {
            self.untold.insert(subject.id);
        }
        subject.id
    }

    fn kept(&self, subject: u32, body: &[u8], collected: &[u8]) -> Result<Vec<Kept>, Fault> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, outcome, used, ran, recorded, body = ?3 AND collected = ?4
             FROM traces WHERE environment = ?1 AND subject = ?2",
        )?;
        let rows = select.query_and_then((self.environment, subject, body, collected), |row| {
            Ok(Kept {
                id: row.get(0)?,
                is_passing: outcome_of(row.get(1)?)?.is_passing(),
                used: row.get(2)?,
                ran: row.get(3)?,
                recorded: row.get(4)?,
                is_equal: row.get(5)?,
            })
        })?;
        rows.collect()
    }

    /// Writes the row, over that of `equal` if there is one.
    fn put(
        &self,
        equal: Option<TraceId>,
        subject: u32,
        trace: &Trace,
        body: &[u8],
        collected: &[u8],
    ) -> Result<TraceId, Fault> {
        let outcome = outcome_code(trace.outcome);
        let micros = i64::try_from(trace.micros).unwrap_or(i64::MAX);
        let hash = trace_hash(self.environment, subject, outcome, body, collected);
        let (session, ran) = (self.session, self.runs);
        if let Some(id) = equal {
            let mut update = self.connection.prepare_cached(
                "UPDATE traces SET outcome = ?2, micros = ?3, used = ?4, ran = ?5, recorded = ?4,
                 hash = ?6 WHERE id = ?1",
            )?;
            update.execute((id, outcome, micros, session, ran, hash))?;
            return Ok(id);
        }
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO traces (environment, subject, outcome, micros, used, ran, recorded,
             body, collected, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?7, ?8, ?9)",
        )?;
        let environment = self.environment;
        insert.execute((
            environment,
            subject,
            outcome,
            micros,
            session,
            ran,
            body,
            collected,
            hash,
        ))?;
        Ok(TraceId(self.connection.last_insert_rowid()))
    }

    fn drop_trace(&mut self, trace: TraceId) -> Result<(), Fault> {
        let mut delete = self.connection.prepare_cached("DELETE FROM traces WHERE id = ?1")?;
        self.dropped += delete.execute([trace])?;
        Ok(())
    }

    fn write_counters(&self) -> Result<(), Fault> {
        let update = "UPDATE store SET runs = ?1, dropped = dropped + ?2";
        self.connection.prepare_cached(update)?.execute((self.runs, self.dropped.cast_signed()))?;
        Ok(())
    }
}
