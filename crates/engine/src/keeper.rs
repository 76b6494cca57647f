//! The thread that owns the store during a session: it takes what recorders hand over,
//! decodes it if a worker sent it, and writes it, so that neither a test nor xdist's scheduling waits
//! for a disk.
//!
//! What arrives within [`PATIENCE`] is written together. After an error nothing more is written; the
//! error is told at the end, and what was written before it stays.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use testmonx_core::trace::{Batch, NodeId, Outcome, SpanBody, Subject, Trace};
use testmonx_store::{EnvironmentId, Importer, SessionId, Store, StoreError, TraceId};
use testmonx_xdist::Observations;

/// How long a run that ended may wait to be written.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the keeper needs to know of the session that it writes for.
#[derive(Debug)]
pub struct Assignment {
    /// Where the traces belong.
    pub environment: EnvironmentId,
    /// The session that records them.
    pub session: SessionId,
    /// Passing traces that hold, by subject: dropped if the subject fails.
    pub holding: HashMap<Subject, Vec<TraceId>>,
    /// Traces that fresh subjects rely on: marked as used at the end.
    pub relied_on: Vec<TraceId>,
}

#[derive(Debug)]
enum Job {
    Batch { recorder: String, batch: Batch },
    Sent(Vec<u8>),
    Failed(NodeId),
}

/// The handle to the thread.
#[derive(Debug)]
pub struct Keeper {
    jobs: Sender<Job>,
    thread: JoinHandle<(Result<(), StoreError>, BTreeSet<String>)>,
}

impl Keeper {
    /// Starts the thread.
    #[must_use]
    pub fn start(store: Store, assignment: Assignment, name: &str) -> Self {
        let (jobs, received) = mpsc::channel();
        let writer = Writer::new(store, assignment, name.to_owned());
        let thread = thread::spawn(move || writer.work(&received));
        Self { jobs, thread }
    }

    /// Has a batch of `recorder` written. Batches of one recorder must arrive in their order.
    pub fn record(&self, recorder: &str, batch: Batch) {
        // The thread ends early only after an error, which `finish` tells.
        let _ = self.jobs.send(Job::Batch { recorder: recorder.to_owned(), batch });
    }

    /// Has a batch written that a worker sent as `bytes`; they are decoded on the thread as well.
    pub fn decode(&self, bytes: Vec<u8>) {
        let _ = self.jobs.send(Job::Sent(bytes));
    }

    /// Has it written that `test` failed, though no trace of the run exists (its worker died).
    pub fn note_failure(&self, test: NodeId) {
        let _ = self.jobs.send(Job::Failed(test));
    }

    /// Waits until all is written; returns the error that stopped the writing, if one did, and what
    /// was sent that could not be read.
    pub fn finish(self) -> (Result<(), StoreError>, BTreeSet<String>) {
        drop(self.jobs);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

#[derive(Debug)]
struct Writer {
    store: Store,
    assignment: Assignment,
    importers: HashMap<String, Importer>,
    pending: HashMap<String, Batch>,
    failed: HashSet<Subject>,
    /// What was kept of each subject in this session.
    kept: HashMap<Subject, TraceId>,
    /// The session's name, which whoever sends something must know.
    name: String,
    /// Why something that was sent could not be read.
    refused: BTreeSet<String>,
}

/// The recorder to which failures without a trace are ascribed.
const NO_RECORDER: &str = "";

impl Writer {
    fn new(store: Store, assignment: Assignment, name: String) -> Self {
        Self {
            store,
            assignment,
            importers: HashMap::new(),
            pending: HashMap::new(),
            failed: HashSet::new(),
            kept: HashMap::new(),
            name,
            refused: BTreeSet::new(),
        }
    }

    fn work(mut self, jobs: &Receiver<Job>) -> (Result<(), StoreError>, BTreeSet<String>) {
        let result = self.write_all(jobs);
        (result, self.refused)
    }

    fn write_all(&mut self, jobs: &Receiver<Job>) -> Result<(), StoreError> {
        let mut due: Option<Instant> = None;
        loop {
            let wait = due.map_or(Duration::from_secs(3600), |due| {
                due.saturating_duration_since(Instant::now())
            });
            match jobs.recv_timeout(wait) {
                Ok(job) => {
                    self.take(job);
                    due.get_or_insert_with(|| Instant::now() + PATIENCE);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.write_pending()?;
                    due = None;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.write_pending()?;
        self.store.touch(self.assignment.session, &self.assignment.relied_on)?;
        self.store.finish_session(self.assignment.session)?;
        if self.store.is_collection_worthwhile()? {
            self.store.collect_garbage()?;
        }
        Ok(())
    }

    fn take(&mut self, job: Job) {
        let (recorder, batch) = match job {
            Job::Batch { recorder, batch } => (recorder, batch),
            Job::Sent(bytes) => match Observations::decode(&bytes, &self.name) {
                Ok(observations) => (observations.recorder, observations.batch),
                Err(error) => {
                    self.refused.insert(error.to_string());
                    return;
                }
            },
            Job::Failed(test) => (NO_RECORDER.to_owned(), failure(test)),
        };
        let failed = batch.traces.iter().filter(|trace| !trace.outcome.is_passing());
        self.failed.extend(failed.map(|trace| trace.subject.clone()));
        let pending = self.pending.entry(recorder).or_insert_with(|| Batch {
            first_fact: batch.first_fact,
            first_span: batch.first_span,
            ..Batch::default()
        });
        pending.facts.extend(batch.facts);
        pending.spans.extend(batch.spans);
        pending.traces.extend(batch.traces);
    }

    fn write_pending(&mut self) -> Result<(), StoreError> {
        for (recorder, mut batch) in std::mem::take(&mut self.pending) {
            // Whoever failed once in this session (under `--dist each`, say) has not passed. Of
            // several traces of one subject the last knows most.
            let mut said = HashSet::new();
            let counts = |trace: &Trace| {
                let has_passed = trace.outcome.is_passing();
                (!has_passed || !self.failed.contains(&trace.subject))
                    && said.insert(trace.subject.clone())
            };
            let mut traces: Vec<Trace> = batch.traces.into_iter().rev().collect();
            traces.retain(counts);
            traces.reverse();
            batch.traces = traces;
            let retired = self.retired(&batch.traces);
            let Assignment { environment, session, .. } = self.assignment;
            let importer = self.importers.entry(recorder).or_default();
            let recorded = self.store.record(environment, session, importer, &batch, &retired)?;
            let subjects = batch.traces.into_iter().map(|trace| trace.subject);
            self.kept.extend(subjects.zip(recorded.traces));
        }
        Ok(())
    }
}

impl Writer {
    /// The traces that these make void: passing ones that a failure disproves, and what this very
    /// session recorded of the same subjects before it knew all that they observe.
    fn retired(&self, traces: &[Trace]) -> Vec<TraceId> {
        let mut retired = Vec::new();
        for trace in traces {
            retired.extend(self.kept.get(&trace.subject));
            if !trace.outcome.is_passing() {
                retired.extend(self.assignment.holding.get(&trace.subject).into_iter().flatten());
            }
        }
        retired
    }
}

fn failure(test: NodeId) -> Batch {
    let trace = Trace {
        subject: Subject::Test(test),
        outcome: Outcome::Failed,
        micros: 0,
        body: SpanBody::default(),
        collected: Vec::new(),
    };
    Batch { traces: vec![trace], ..Batch::default() }
}
