//! The engine's session for the plugin.
//!
//! Every change of the open spans is told to the tracer first, so that what ran before it is charged
//! to the spans that were open. A panic in the engine is a bug, but must not fail a test: the session
//! gives up recording, says so at the end, and goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use testmonx_engine::{NodeId, Planned, Role, Session as Engine, SpanId};

use crate::invocation::{Environment, Installation, Place, Switches, invocation};
use crate::recording::Recording;
use crate::{UsageError, child, tracer};

/// This process's part in one run of pytest.
#[pyclass(module = "testmonx._native")]
pub(crate) struct Session {
    /// `None` if the options ask for nothing.
    engine: Option<Engine>,
    recording: Py<Recording>,
    /// A forked child inherits all of this and must touch nothing of it.
    pid: u32,
}

#[pymethods]
impl Session {
    /// Starts the session that the options ask for, with what `recording` observed so far.
    #[new]
    #[pyo3(signature = (recording, *, place, switches, environment, installation))]
    fn new(
        py: Python<'_>,
        recording: Py<Recording>,
        place: Place,
        switches: Switches,
        environment: Environment,
        installation: Installation,
    ) -> PyResult<Self> {
        let variables = recording.borrow(py).variables().clone();
        let invocation = invocation(place, switches, environment, installation, variables);
        let recorder = recording.borrow(py).recorder();
        let mut interrupt = None;
        // A worker may have to wait for its controller; Ctrl-C ends that.
        let mut sleep = |time| {
            std::thread::sleep(time);
            interrupt = Python::attach(|py| py.check_signals()).err();
            interrupt.is_some()
        };
        let engine = py
            .detach(|| Engine::start(&invocation, recorder, &mut sleep))
            .map_err(|error| UsageError::new_err(error.to_string()))?;
        if let Some(interrupt) = interrupt {
            return Err(interrupt);
        }
        let mut session = Self { engine, recording, pid: std::process::id() };
        session.check_recording(py);
        Ok(session)
    }

    /// Whether there is anything to do.
    #[getter]
    fn is_active(&self) -> bool {
        self.engine.is_some()
    }

    /// `single`, `controller` or `worker`.
    #[getter]
    fn role(&self) -> &'static str {
        match self.engine.as_ref().map(Engine::role) {
            Some(Role::Controller) => "controller",
            Some(Role::Worker) => "worker",
            Some(Role::Single) | None => "single",
        }
    }

    /// Whether this process observes what its tests do.
    #[getter]
    fn is_recording(&self) -> bool {
        self.engine.as_ref().is_some_and(Engine::is_recording)
    }

    /// The line for pytest's header.
    fn header(&self) -> String {
        self.engine.as_ref().map(|engine| engine.header().to_owned()).unwrap_or_default()
    }

    /// Publishes the state for these workers, each an id and whether it is started as usual.
    fn publish(&mut self, workers: Vec<(String, bool)>) {
        let planned = |(id, is_plain)| Planned { id, is_plain };
        let workers: Vec<Planned> = workers.into_iter().map(planned).collect();
        self.guarded(|engine| engine.publish(&workers));
    }

    /// What a worker is told: the state, and of which share of the files it says what was collected.
    fn worker_input<'py>(
        &mut self,
        py: Python<'py>,
        worker: &str,
    ) -> Option<(Bound<'py, PyBytes>, (u32, u32))> {
        let input = self.guarded(|engine| engine.worker_input(worker))?;
        Some((PyBytes::new(py, &input.state), (input.share.index, input.share.of)))
    }

    /// A worker has ended. The interpreter is not let go meanwhile: xdist takes reports in on threads
    /// of its own, and those would find this object in use.
    fn worker_ended(&mut self, worker: &str, has_crashed: bool) {
        self.guarded(|engine| engine.worker_ended(worker, has_crashed));
    }

    /// Whether the file at `path` need not be collected.
    fn skips_file(&mut self, path: PathBuf) -> bool {
        self.guarded(|engine| engine.skips_file(&path))
    }

    /// The indices of the items that run, in their order, and of those that are left out; `None` if all run as they
    /// are.
    fn arrange(
        slf: &Bound<'_, Self>,
        nodeids: &Bound<'_, PyAny>,
    ) -> PyResult<Option<(Vec<usize>, Vec<usize>)>> {
        if !slf.borrow().engine.as_ref().is_some_and(Engine::arranges) {
            return Ok(None);
        }
        let items = node_ids(nodeids)?;
        Ok(slf.borrow_mut().guarded(|engine| {
            let arrangement = engine.arrange(&items);
            Some((arrangement.run, arrangement.deselected))
        }))
    }

    /// Opens the span of a test file's collection; `None` if nothing is recorded.
    fn open_collection(&mut self, py: Python<'_>, file: &str, is_doctest: bool) -> Option<SpanId> {
        self.switched(py, |engine| engine.open_collection(file, is_doctest))
    }

    /// Notes that a test file's collection ended with an error.
    fn collection_failed(&mut self, file: &str) {
        self.guarded(|engine| engine.collection_failed(file));
    }

    /// Notes which tests were found.
    fn collected(slf: &Bound<'_, Self>, nodeids: &Bound<'_, PyAny>) -> PyResult<()> {
        if slf.borrow().engine.as_ref().is_some_and(Engine::tells_collected) {
            let tests = node_ids(nodeids)?;
            slf.borrow_mut().guarded(|engine| engine.collected(tests));
        }
        Ok(())
    }

    /// Notes that everything that could be found was; `path` is `sys.path` now.
    fn collection_finished(&mut self, py: Python<'_>, path: Vec<PathBuf>) {
        self.switched(py, |engine| engine.collection_finished(&path));
    }

    /// Opens the span of one set-up of a fixture; `None` if nothing is recorded.
    fn open_fixture(&mut self, py: Python<'_>) -> Option<SpanId> {
        self.switched(py, Engine::open_fixture)
    }

    /// The teardown of the fixture whose set-up had this span starts.
    fn open_teardown(&mut self, py: Python<'_>, fixture: SpanId) {
        self.switched(py, |engine| engine.open_teardown(fixture));
    }

    /// The teardown of that fixture ended.
    fn close_teardown(&mut self, py: Python<'_>, fixture: SpanId) {
        self.switched(py, |engine| engine.close_teardown(fixture));
    }

    /// Notes that the open span uses what these spans observed.
    fn use_spans(&mut self, spans: Vec<SpanId>) {
        self.guarded(|engine| engine.use_spans(&spans));
    }

    /// Notes the names of the fixtures that the running test requested.
    fn use_fixtures(&mut self, names: Vec<String>) {
        self.guarded(|engine| engine.use_fixtures(&names));
    }

    /// Closes a span that one of the `open_…` methods opened.
    fn close_span(&mut self, py: Python<'_>, span: Option<SpanId>) {
        if let Some(span) = span {
            self.switched(py, |engine| engine.close_span(span));
        }
    }

    /// A run of a test starts.
    fn open_test(&mut self, py: Python<'_>, nodeid: &str) {
        self.switched(py, |engine| engine.open_test(&NodeId::new(nodeid)));
    }

    /// The test is a doctest: its file's docstrings are what it runs.
    fn docstrings_read(&mut self, nodeid: &str) {
        self.guarded(|engine| engine.docstrings_read(&NodeId::new(nodeid)));
    }

    /// The run ended.
    fn close_test(&mut self, py: Python<'_>) {
        self.switched(py, |_| ());
        self.check_recording(py);
        self.guarded(Engine::close_test);
    }

    /// The run was broken off.
    fn abandon_test(&mut self, py: Python<'_>) {
        self.switched(py, Engine::abandon_test);
    }

    /// Takes the report of one phase of a test; `seconds` is its duration.
    fn report(&mut self, nodeid: &str, when: &str, outcome: &str, was_xfail: bool, seconds: f64) {
        self.guarded(|engine| {
            engine.report(NodeId::new(nodeid), when, outcome, was_xfail, seconds)
        });
    }

    /// The observations that are due to be sent, if any.
    fn due_observations<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.guarded(Engine::due_observations).map(|bytes| PyBytes::new(py, &bytes))
    }

    /// All observations that were not sent, if any.
    fn last_observations<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.switched(py, Engine::observations).map(|bytes| PyBytes::new(py, &bytes))
    }

    /// Takes what a worker sent, if it sent something.
    fn take_observations(&mut self, sent: Option<Vec<u8>>) {
        if let Some(bytes) = sent {
            self.guarded(|engine| engine.take_observations(bytes));
        }
    }

    /// Takes the warnings of a worker, and why it was not recorded, if it was not.
    fn take_warnings(&mut self, sent: Vec<String>, trouble: Option<String>) {
        self.guarded(|engine| engine.take_warnings(sent, trouble));
    }

    /// Why this worker's tests are not recorded, if they ought to be.
    fn trouble(&self) -> Option<String> {
        self.engine.as_ref()?.trouble().map(str::to_owned)
    }

    /// What `TESTMON_XDIST_DEBUG` is to show, since the last call.
    fn debug_lines(&self) -> Vec<String> {
        self.engine.as_ref().map(Engine::debug_lines).unwrap_or_default()
    }

    /// Ends the session; returns whether pytest's exit status should be 0 instead of `exit_status`.
    fn finish(&mut self, py: Python<'_>, exit_status: i32) -> bool {
        // The recorder must not be in use while other threads run: they would not be recorded.
        self.switched(py, |engine| {
            if engine.role() == Role::Single {
                engine.hand_over();
            }
        });
        py.detach(|| self.guarded(|engine| engine.finish(exit_status)))
    }

    /// The node IDs of tests that were left out without being collected.
    fn uncollected(&mut self) -> Vec<String> {
        self.guarded(|engine| {
            engine.uncollected().into_iter().map(|test| test.as_str().to_owned()).collect()
        })
    }

    /// What went wrong with testmonx itself.
    fn warnings(&mut self) -> Vec<String> {
        self.engine.as_ref().map(Engine::warnings).unwrap_or_default()
    }

    /// The line for the end of the run.
    fn summary(&mut self) -> String {
        self.guarded(|engine| engine.summary())
    }

    /// Gives the interpreter back what the recording took.
    fn close(&mut self, py: Python<'_>) {
        if self.pid == std::process::id() {
            py.detach(|| self.guarded(Engine::end_coordination));
            self.recording.borrow_mut(py).stop(py);
        }
    }
}

impl Session {
    /// Lets the tracer hand over what ran, then has the engine do `action`.
    fn switched<T: Default>(&mut self, py: Python<'_>, action: impl FnOnce(&mut Engine) -> T) -> T {
        tracer::switch(py);
        self.guarded(|_| child::collect());
        self.guarded(action)
    }

    /// Has the engine do `action`. In a forked child, and after a panic, nothing happens.
    fn guarded<T: Default>(&mut self, action: impl FnOnce(&mut Engine) -> T) -> T {
        let Some(engine) = self.engine.as_mut().filter(|_| self.pid == std::process::id()) else {
            return T::default();
        };
        catch_unwind(AssertUnwindSafe(|| action(engine))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied());
            engine.give_up(text.unwrap_or("a panic"));
            T::default()
        })
    }

    /// Stops observing where nothing is recorded; gives up where the record is incomplete.
    fn check_recording(&mut self, py: Python<'_>) {
        let fault = tracer::fault().map(|fault| fault.to_string()).or_else(child::fault);
        let Some(engine) = &mut self.engine else {
            self.recording.borrow_mut(py).stop(py);
            return;
        };
        let error = self.recording.borrow(py).error().map(str::to_owned);
        if let Some(why) = fault.or(error).filter(|_| engine.records()) {
            engine.give_up(&why);
        }
        if !engine.is_recording() {
            self.recording.borrow_mut(py).stop(py);
        }
    }
}

/// Takes node IDs out of an iterator, one after the other: there can be many, and it is Python code that makes
/// them, during which the session must not be borrowed.
fn node_ids(nodeids: &Bound<'_, PyAny>) -> PyResult<Vec<NodeId>> {
    let node_id = |id: Bound<'_, PyAny>| -> PyResult<NodeId> {
        Ok(NodeId::new(&id.cast::<PyString>()?.to_string_lossy()))
    };
    nodeids.try_iter()?.map(|id| node_id(id?)).collect()
}
