//! A session: one process's part in one run of pytest, as single process, controller or worker.
//!
//! | role | store | plan | recorder |
//! |---|---|---|---|
//! | single | reads and writes | made from the store | its own, into the store |
//! | controller | reads and writes | made from the store, sent to workers | none: the workers' observations go into the store |
//! | worker | none | the controller's | its own, sent to the controller |
//!
//! Trouble with records never reaches the tests: it becomes a warning, and the plan runs more.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use testmonx_core::RelPath;
use testmonx_core::trace::NodeId;
use testmonx_xdist::{CoordinationState, Observations, Plan};

use crate::environment::EnvironmentFacts;
use crate::keeper::Keeper;
use crate::mode::{Mode, SwitchError, Switches};
use crate::opening::{Ground, prepare};
use crate::packages::Installation;
use crate::plan::{Arrangement, arrange, left_out, make_plan};
use crate::recorder::{Recorder, SpanId};
use crate::run::Run;
use crate::survey::Survey;
use crate::texts;

/// How long a worker or a single process gathers runs before it hands them over.
const HAND_OVER_EVERY: Duration = Duration::from_secs(1);

/// pytest's exit status for "no tests ran".
const NO_TESTS_COLLECTED: i32 = 5;

/// Which part a process plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The only process.
    Single,
    /// xdist's controller, which runs no test itself.
    Controller,
    /// One of xdist's workers.
    Worker,
}

/// What pytest was asked for.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The rootdir, absolute.
    pub root: PathBuf,
    /// `TESTMON_DATAFILE`; empty for the default place.
    pub datafile: String,
    /// The options that say what to do.
    pub switches: Switches,
    /// What all tests depend on.
    pub environment: EnvironmentFacts,
    /// How the interpreter finds what is installed.
    pub installation: Installation,
    /// Which part this process plays.
    pub role: Role,
    /// For a worker: the controller's coordination state; `None` if there is none.
    pub coordination: Option<Vec<u8>>,
    /// For a worker: its id in xdist's words, e.g. `gw0`.
    pub worker: String,
}

/// One process's part in a run of pytest.
#[derive(Debug)]
pub struct Session {
    root: PathBuf,
    role: Role,
    mode: Mode,
    name: String,
    worker: String,
    header: String,
    plan: Plan,
    survey: Survey,
    coordination: Option<Vec<u8>>,
    recorder: Option<Arc<Mutex<Recorder>>>,
    keeper: Option<Keeper>,
    warnings: Vec<String>,
    /// Warnings of workers, with the number of workers that sent each.
    worker_warnings: BTreeMap<String, usize>,
    /// Whether no option makes pytest find fewer tests in a file than there are.
    collects_whole_files: bool,
    /// Whether files may be skipped: not one that a node ID names something in.
    skips_files: bool,
    collected: BTreeMap<RelPath, Vec<NodeId>>,
    failed_collections: HashSet<RelPath>,
    current: Option<(SpanId, Run)>,
    ran: BTreeSet<NodeId>,
    failed: BTreeSet<NodeId>,
    deselected: BTreeSet<NodeId>,
    last_hand_over: Instant,
}

impl Session {
    /// Starts a session; `None` if the options ask for nothing. `recorder` is what observes this
    /// process so far, if anything does.
    ///
    /// # Errors
    /// If the options cannot be satisfied.
    pub fn start(
        invocation: Invocation,
        recorder: Option<Arc<Mutex<Recorder>>>,
    ) -> Result<Option<Self>, SwitchError> {
        let Some((mode, note)) = invocation.switches.mode()? else {
            return Ok(None);
        };
        let mut session = match invocation.role {
            Role::Worker => Self::worker(&invocation, mode),
            Role::Single | Role::Controller => Self::leading(&invocation, mode, note.as_deref()),
        };
        if session.mode.records && session.role != Role::Controller {
            session.recorder = recorder;
        }
        Ok(Some(session))
    }

    fn new(invocation: &Invocation, mode: Mode) -> Self {
        let narrowed_by = &invocation.switches.narrowed_by;
        let narrows_files = |option: &String| option == "--lf" || option == "a node ID";
        Self {
            root: invocation.root.clone(),
            role: invocation.role,
            mode,
            name: String::new(),
            worker: invocation.worker.clone(),
            header: String::new(),
            plan: Plan::default(),
            survey: Survey::default(),
            coordination: None,
            recorder: None,
            keeper: None,
            warnings: Vec::new(),
            worker_warnings: BTreeMap::new(),
            collects_whole_files: !narrowed_by.iter().any(narrows_files),
            skips_files: !narrowed_by.iter().any(|option| option == "a node ID"),
            collected: BTreeMap::new(),
            failed_collections: HashSet::new(),
            current: None,
            ran: BTreeSet::new(),
            failed: BTreeSet::new(),
            deselected: BTreeSet::new(),
            last_hand_over: Instant::now(),
        }
    }

    /// A single process or a controller: whoever owns the store.
    fn leading(invocation: &Invocation, mode: Mode, note: Option<&str>) -> Self {
        let mut session = Self::new(invocation, mode);
        let Ground { name, survey, keeper, records, warnings } = prepare(invocation, mode);
        session.mode.records &= keeper.is_some();
        session.plan = make_plan(&survey.selection, mode, &survey.last_micros);
        session.header = texts::header(&records, &invocation.environment.name, note);
        session.name = name;
        session.survey = survey;
        session.keeper = keeper;
        session.warnings = warnings;
        if session.role == Role::Controller {
            session.coordination = session.encode_state();
        }
        session
    }

    fn encode_state(&mut self) -> Option<Vec<u8>> {
        let state = CoordinationState {
            session: self.name.clone(),
            root: self.root.display().to_string(),
            is_recording: self.mode.records,
            plan: self.plan.clone(),
        };
        state.encode().map_err(|error| self.warnings.push(error.to_string())).ok()
    }

    /// A worker. Without a state that it can follow it runs all that it is given, unrecorded.
    fn worker(invocation: &Invocation, mode: Mode) -> Self {
        let mut session = Self::new(invocation, mode);
        let root = invocation.root.display().to_string();
        let state =
            invocation.coordination.as_deref().map(|bytes| CoordinationState::decode(bytes, &root));
        match state {
            Some(Ok(state)) => {
                session.mode.records = state.is_recording;
                session.name = state.session;
                session.plan = state.plan;
            }
            Some(Err(error)) => {
                session.mode.records = false;
                session.warnings.push(error.to_string());
            }
            None => session.mode.records = false,
        }
        session
    }

    /// Which part this process plays.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether this process observes what its tests do.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.recorder.is_some()
    }

    /// Whether this session's tests are to be recorded, by this process or by its workers.
    #[must_use]
    pub fn records(&self) -> bool {
        self.mode.records && self.role != Role::Controller
    }

    /// The line for pytest's header.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// What a controller tells each worker; `None` if it has nothing to tell.
    #[must_use]
    pub fn coordination_state(&self) -> Option<&[u8]> {
        self.coordination.as_deref()
    }

    /// Whether the file at the absolute `place` need not be collected.
    #[must_use]
    pub fn skips_file(&self, place: &Path) -> bool {
        let is_skipped = |file| self.plan.skipped_files.contains(&file);
        self.skips_files && RelPath::from_absolute(&self.root, place).is_some_and(is_skipped)
    }

    /// Which of the collected items run, and in which order.
    #[must_use]
    pub fn arrange(&mut self, items: &[NodeId]) -> Arrangement {
        let arrangement = arrange(&self.plan, items);
        let deselected = arrangement.deselected.iter().map(|index| items[*index].clone());
        self.deselected.extend(deselected);
        arrangement
    }

    /// Opens the span of the collection of `file` (a node ID's file part).
    pub fn open_collection(&mut self, file: &str, is_doctest: bool) -> Option<SpanId> {
        let file = RelPath::new(file);
        let mut recorder = self.recorder()?;
        let span = recorder.open_collection(&file);
        if is_doctest {
            recorder.docstrings_read(&file);
        }
        Some(span)
    }

    /// Notes that the collection of `file` ended with an error: nothing is known of what it holds.
    pub fn collection_failed(&mut self, file: &str) {
        self.failed_collections.insert(RelPath::new(file));
    }

    /// Notes that `test` was found.
    pub fn collected(&mut self, test: NodeId) {
        self.collected.entry(test.file()).or_default().push(test);
    }

    /// Notes that everything that could be found was.
    pub fn collection_finished(&mut self) {
        let collected = std::mem::take(&mut self.collected);
        // All workers collect the same; one of them is enough to say so.
        let speaks = self.role != Role::Worker || self.worker == "gw0";
        if !self.collects_whole_files || !speaks {
            return;
        }
        let failed = std::mem::take(&mut self.failed_collections);
        if let Some(mut recorder) = self.recorder() {
            for (file, tests) in collected {
                if !failed.contains(&file) {
                    recorder.finish_collection(&file, tests);
                }
            }
        }
    }

    /// Opens the span of one set-up of a fixture.
    pub fn open_fixture(&mut self) -> Option<SpanId> {
        Some(self.recorder()?.open_fixture())
    }

    /// Opens the span of the teardown of the fixture whose set-up had the span `fixture`.
    pub fn open_teardown(&mut self, fixture: SpanId) {
        if let Some(mut recorder) = self.recorder() {
            recorder.open_teardown(fixture);
        }
    }

    /// Closes that span.
    pub fn close_teardown(&mut self, fixture: SpanId) {
        if let Some(mut recorder) = self.recorder() {
            recorder.close_teardown(fixture);
        }
    }

    /// Notes that the open span uses what other spans observed.
    pub fn use_spans(&mut self, spans: &[SpanId]) {
        if let Some(mut recorder) = self.recorder() {
            recorder.use_spans(spans);
        }
    }

    /// Notes the names of the fixtures that the running test requested.
    pub fn use_fixtures(&mut self, names: &[String]) {
        if let Some(mut recorder) = self.recorder() {
            recorder.use_fixtures(names);
        }
    }

    /// Closes a span.
    pub fn close_span(&mut self, span: SpanId) {
        if let Some(mut recorder) = self.recorder() {
            recorder.close(span);
        }
    }

    /// A run of `test` starts.
    pub fn open_test(&mut self, test: &NodeId) {
        let span = self.recorder().map(|mut recorder| recorder.open_test(test));
        if let Some(span) = span {
            self.current = Some((span, Run::default()));
        }
    }

    /// The docstrings of the file of `test`, a doctest, are what it runs.
    pub fn docstrings_read(&mut self, test: &NodeId) {
        if let Some(mut recorder) = self.recorder() {
            recorder.docstrings_read(&test.file());
        }
    }

    /// The run ended; it counts if it got to its end.
    pub fn close_test(&mut self) {
        if let Some((span, run)) = self.current.take() {
            if let Some(mut recorder) = self.recorder() {
                recorder.close(span);
                if let Some(outcome) = run.outcome() {
                    recorder.finish_test(span, outcome, run.micros());
                }
            }
            self.hand_over_when_due();
        }
    }

    /// The run was broken off: it says nothing.
    pub fn abandon_test(&mut self) {
        if let Some((span, _)) = self.current.take()
            && let Some(mut recorder) = self.recorder()
        {
            recorder.close(span);
        }
    }

    /// Takes a report of one phase of a test, in pytest's words; `seconds` is its duration.
    pub fn report(
        &mut self,
        test: NodeId,
        phase: &str,
        outcome: &str,
        was_xfail: bool,
        seconds: f64,
    ) {
        if let Some((_, run)) = &mut self.current {
            run.report(phase, outcome, was_xfail, seconds);
        }
        if outcome == "failed" {
            self.failed.insert(self.known_name(&test));
        }
        self.ran.insert(test);
    }

    /// xdist appends `@group` to the node IDs of grouped tests.
    fn known_name(&self, test: &NodeId) -> NodeId {
        match test.as_str().rsplit_once('@') {
            Some((name, _)) if !self.survey.selection.tests.contains_key(test) => {
                let name = NodeId::new(name);
                if self.survey.selection.tests.contains_key(&name) { name } else { test.clone() }
            }
            _ => test.clone(),
        }
    }

    /// The observations that a worker is to send now; `None` if it is not time yet.
    pub fn due_observations(&mut self) -> Option<Vec<u8>> {
        (self.last_hand_over.elapsed() >= HAND_OVER_EVERY).then(|| self.observations()).flatten()
    }

    /// All that a worker has not sent yet; `None` if there is nothing.
    pub fn observations(&mut self) -> Option<Vec<u8>> {
        self.last_hand_over = Instant::now();
        let batch = self.recorder()?.take_batch();
        if batch.is_empty() {
            return None;
        }
        let session = self.name.clone();
        let observations = Observations { session, recorder: self.worker.clone(), batch };
        observations.encode().map_err(|error| self.warnings.push(error.to_string())).ok()
    }

    /// Takes what a worker sent.
    pub fn take_observations(&mut self, bytes: &[u8]) {
        let Some(keeper) = &self.keeper else { return };
        match Observations::decode(bytes, &self.name) {
            Ok(observations) => keeper.record(&observations.recorder, observations.batch),
            Err(error) => self.warnings.push(error.to_string()),
        }
    }

    /// Takes the warnings of a worker.
    pub fn take_warnings(&mut self, sent: Vec<String>) {
        for text in sent {
            *self.worker_warnings.entry(text).or_default() += 1;
        }
    }

    fn hand_over_when_due(&mut self) {
        if self.role == Role::Single && self.last_hand_over.elapsed() >= HAND_OVER_EVERY {
            self.hand_over();
        }
    }

    /// Has all written that a single process observed and did not hand over yet.
    pub fn hand_over(&mut self) {
        self.last_hand_over = Instant::now();
        let Some(batch) = self.recorder().map(|mut recorder| recorder.take_batch()) else { return };
        if let (Some(keeper), false) = (&self.keeper, batch.is_empty()) {
            keeper.record(&self.worker, batch);
        }
    }

    /// Ends the session: all is written when it returns. `exit_status` is what pytest is about to
    /// exit with; returns whether it should be 0 instead, since nothing was affected.
    pub fn finish(&mut self, exit_status: i32) -> bool {
        if let Some(keeper) = self.keeper.take() {
            for test in &self.failed {
                keeper.note_failure(test.clone());
            }
            if let Err(error) = keeper.finish() {
                self.warnings.push(with_causes(&error));
            }
        }
        exit_status == NO_TESTS_COLLECTED && self.is_all_left_out()
    }

    fn is_all_left_out(&self) -> bool {
        !self.deselected.is_empty()
            || !self.plan.skipped_files.is_empty()
            || !self.plan.fresh_tests.is_empty()
    }

    /// The tests that were left out without being collected in this process.
    #[must_use]
    pub fn uncollected(&self) -> Vec<&NodeId> {
        let mut tests = left_out(&self.plan, &self.survey.selection);
        tests.retain(|test| !self.deselected.contains(*test));
        tests.into_iter().collect()
    }

    /// The line for the end of the run.
    #[must_use]
    pub fn summary(&self) -> String {
        let left_out = left_out(&self.plan, &self.survey.selection);
        let saved = left_out.iter().filter_map(|test| self.survey.last_micros.get(test)).sum();
        texts::summary(self.ran.len(), left_out.len(), saved, self.mode.records)
    }

    /// What went wrong with testmonx itself, each with its remedy.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let of_workers = self.worker_warnings.iter().map(|(text, workers)| {
            format!("{workers} {}: {text}", if *workers == 1 { "worker" } else { "workers" })
        });
        self.warnings.iter().cloned().chain(of_workers).collect()
    }

    /// Gives up recording: what is observed from here on would be incomplete.
    pub fn give_up(&mut self, why: &str) {
        self.recorder = None;
        self.current = None;
        self.mode.records &= self.role == Role::Controller;
        self.warnings.push(format!("nothing more is recorded, and what ran runs again: {why}"));
    }

    fn recorder(&self) -> Option<MutexGuard<'_, Recorder>> {
        let recorder = self.recorder.as_ref()?;
        Some(recorder.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An error with the chain of its causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
