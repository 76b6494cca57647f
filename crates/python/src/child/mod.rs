//! Child processes: how a session has them observed, and what a child does.
//!
//! The session puts a directory for journals into the environment ([`VARIABLE`]). A Python child finds it
//! when its `site` module reads `testmonx.pth`, and starts the tracer and the audit hook with a journal to
//! write to. A forked child has both already, and changes over to a journal right after the fork. Nothing
//! of this may show in a child: what goes wrong is a note to the session, or silence.

mod clock;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use testmonx_engine::observer::Observer;
use testmonx_engine::{Journal, JournalError, Journals, Origin, Project, Recorder, Witness};

pub(crate) use clock::Clock;

use crate::refusal::Refusal;
use crate::{audit, installed_files, tracer};

/// The environment variable that names the directory for journals.
pub(crate) const VARIABLE: &str = "TESTMONX_CHILDREN";

/// What this process is.
static PART: Mutex<Option<Part>> = Mutex::new(None);

enum Part {
    Session(Box<Session>),
    Child(Child),
}

struct Session {
    dir: PathBuf,
    pid: u32,
    clock: Clock,
    notes: u64,
    project: Project,
    journals: Journals,
    recorder: Arc<Mutex<Recorder>>,
    fault: Option<String>,
}

struct Child {
    journal: Arc<Mutex<Journal>>,
    clock: Clock,
}

/// Has child processes observed from now on, for `recorder`.
pub(crate) fn start_session(
    py: Python<'_>,
    recorder: &Arc<Mutex<Recorder>>,
) -> Result<(), Refusal> {
    let project = lock(recorder).project().clone();
    let dir = make_dir(&project).map_err(|error| Refusal::Told(error.to_string()))?;
    let clock = Clock::create(&dir).map_err(|error| {
        let error = JournalError::Unwritable { path: dir.clone(), source: error };
        Refusal::Told(error.to_string())
    })?;
    set_variable(py, Some(&dir))?;
    when_forked(py)?;
    let journals = Journals::new(&dir);
    *part() = Some(Part::Session(Box::new(Session {
        dir,
        pid: std::process::id(),
        clock,
        notes: 0,
        project,
        journals,
        recorder: Arc::clone(recorder),
        fault: None,
    })));
    Ok(())
}

/// Charges what children have noted to the spans that are open, and begins another epoch for them.
pub(crate) fn collect() {
    if let Some(Part::Session(session)) = &mut *part() {
        let notes = session.clock.notes();
        if notes != session.notes {
            session.notes = notes;
            let mut recorder = lock(&session.recorder);
            recorder.take_children(&mut session.journals);
            session.fault = recorder.child_fault().map(str::to_owned);
        }
        session.clock.turn();
    }
}

/// Why what children do is not known, if that is so.
pub(crate) fn fault() -> Option<String> {
    match &*part() {
        Some(Part::Session(session)) => session.fault.clone(),
        _ => None,
    }
}

/// Ends this process's part, whatever it is.
pub(crate) fn stop(py: Python<'_>) {
    let ended = part().take();
    match ended {
        Some(Part::Session(session)) if session.pid == std::process::id() => {
            // The environment is the tests' to change; without the directory the variable says nothing.
            let _ = set_variable(py, None);
            // Children that are still there find nothing to write to, and are silent.
            let _ = fs::remove_dir_all(&session.dir);
        }
        Some(Part::Child(_)) => {
            audit::stop(py);
            tracer::stop(py);
        }
        _ => {}
    }
}

/// Observes this process for the session that it is a child of, if that session is still on.
#[pyfunction]
pub(crate) fn observe_child(py: Python<'_>, directory: PathBuf, is_spawned: bool) -> PyResult<()> {
    let Ok(project) = Journal::project(&directory) else { return Ok(()) };
    let Ok(clock) = Clock::open(&directory) else { return Ok(()) };
    let libraries = project.libraries().to_vec();
    let origin = if is_spawned { Origin::Spawned } else { Origin::Program };
    let journal = Arc::new(Mutex::new(journal(&directory, project, origin, clock)));
    match observe(py, &journal, clock, &libraries) {
        Ok(()) => *part() = Some(Part::Child(Child { journal, clock })),
        Err(Refusal::Told(why)) => lock(&journal).failed(why),
        Err(Refusal::Raised(interrupt)) => {
            lock(&journal).failed(interrupt.to_string());
            return Err(interrupt);
        }
    }
    Ok(())
}

fn observe(
    py: Python<'_>,
    journal: &Arc<Mutex<Journal>>,
    clock: Clock,
    libraries: &[PathBuf],
) -> Result<(), Refusal> {
    tracer::start_child(py, Arc::clone(journal) as Arc<Mutex<dyn Observer>>, clock)?;
    audit::start(py, Arc::clone(journal) as Arc<Mutex<dyn Witness>>, libraries)
        .and_then(|()| when_forked(py))
        .inspect_err(|_| tracer::stop(py))?;
    Ok(())
}

/// This process was just forked: what it observes goes into a journal of its own.
fn forked(py: Python<'_>) {
    let mut part = part();
    let child = match part.take() {
        Some(Part::Session(session)) => {
            let project = session.project.clone();
            let journal = journal(&session.dir, project, Origin::Forked, session.clock);
            let clock = session.clock;
            // The recorder is the session's, here only as a copy that nobody may use.
            std::mem::forget(session);
            Child { journal: Arc::new(Mutex::new(journal)), clock }
        }
        Some(Part::Child(child)) => {
            lock(&child.journal).forked();
            child
        }
        None => return,
    };
    installed_files::forget();
    audit::replace_witness(Arc::clone(&child.journal) as Arc<Mutex<dyn Witness>>);
    tracer::become_child(py, Arc::clone(&child.journal) as Arc<Mutex<dyn Observer>>, child.clock);
    *part = Some(Part::Child(child));
}

/// Has `forked` called in each child that is forked from now on. Cannot be taken back, so it is done
/// once, and does nothing while nothing is observed.
fn when_forked(py: Python<'_>) -> PyResult<()> {
    static IS_REGISTERED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
    if IS_REGISTERED.swap(true, std::sync::atomic::Ordering::AcqRel) {
        return Ok(());
    }
    let after = PyCFunction::new_closure(
        py,
        Some(c"testmonx_after_fork"),
        None,
        |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| forked(args.py()),
    )?;
    let options = PyDict::new(py);
    options.set_item("after_in_child", after)?;
    py.import("os")?.getattr("register_at_fork")?.call((), Some(&options))?;
    Ok(())
}

fn journal(dir: &Path, project: Project, origin: Origin, clock: Clock) -> Journal {
    let epoch = Box::new(move || clock.epoch());
    Journal::new(dir, project, origin, epoch, Box::new(move || clock.note()))
}

/// A directory that nobody else can write to.
fn make_dir(project: &Project) -> Result<PathBuf, JournalError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let name = format!(".testmonx-{}-{}", std::process::id(), since.as_nanos());
    let dir = std::env::temp_dir().join(name);
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&dir)
        .map_err(|source| JournalError::Unwritable { path: dir.clone(), source })?;
    Journal::prepare(&dir, project)?;
    Ok(dir)
}

fn set_variable(py: Python<'_>, dir: Option<&Path>) -> PyResult<()> {
    let environ = py.import("os")?.getattr("environ")?;
    match dir {
        Some(dir) => environ.set_item(VARIABLE, dir.to_string_lossy().as_ref()),
        None => environ.call_method1("pop", (VARIABLE, py.None())).map(drop),
    }
}

fn part() -> MutexGuard<'static, Option<Part>> {
    lock(&PART)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
