//! The tracer: which project code runs, and which imports it runs for.
//!
//! It answers one question for the [`Observer`]: which code objects of project files were entered since
//! it was asked last. Not how often, not in which order, not which lines: that is what makes it cheap
//! enough to be always on (see `docs/design` for figures), and what the engine needs, as a fact is
//! "this block ran".
//!
//! # How
//!
//! ```text
//! interpreter ──▶ hook ──▶ events ──▶ Run { marks, record, imports } ──▶ Observer
//!                 │ monitoring/   3.12+: sys.monitoring
//!                 │ eval_frame    3.11:  PEP 523
//! ```
//!
//! A code object that is seen for the first time is looked up by its file name, once, and marked with
//! its entry in the [`record`]; from then on an event is a look at the mark and a comparison. Notes
//! are handed over by [`switch`], which the session calls wherever the open spans change.
//!
//! # Imports
//!
//! The body of a project module opens a span of its own. What runs for it is noted with the line that
//! the body has reached, so that `TABLE = build()` is charged to that statement and not to
//! every user of the module. Imports nest; one that an exception ended is closed before
//! anything else is charged. The body itself is reported by `import_started` alone, not as code that ran.
//!
//! A call of a function that leaves something behind for later ones (a cache, a registry) is followed to its
//! end in the same way, so that what ran for it can be charged to those who find what it left.
//!
//! # What it does not see
//!
//! - code without a file of the project: `exec` of a string, the `__init__` of a dataclass, C code;
//! - code that runs inside of a trace function or another monitoring callback of the same thread:
//!   the interpreter holds back the events of those (3.12 and newer);
//! - other processes and subinterpreters. A forked child goes on recording into its own copy.
//!
//! # Rules
//!
//! Nothing here may change what the traced code does. All state is guarded by the GIL and borrowed
//! only for stretches that run no Python code; objects are let go of after the borrow, since that can
//! run finalizers. Whatever fails is kept as a [`Fault`] and makes the session run more tests.

mod code;
mod error;
#[cfg(not(Py_3_12))]
mod eval_frame;
mod events;
mod followed;
mod found;
mod frames;
mod gil;
pub(crate) mod libraries;
mod loose;
#[cfg(Py_3_12)]
mod monitoring;
mod names;
mod receivers;
mod record;
mod run;
mod stack;
pub(crate) mod testing;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use testmonx_engine::observer::Observer;

pub(crate) use error::{Fault, StartError};
#[cfg(not(Py_3_12))]
use eval_frame as backend;
#[cfg(Py_3_12)]
use monitoring as backend;

use backend::Hook;
use code::Marks;
use run::{RUN, Retired, Run};

use crate::child::Clock;

/// How many marks the runs of this process have used up.
static MARKS_USED: AtomicUsize = AtomicUsize::new(0);

/// Begins to trace the whole process, all threads, and to tell `observer`.
///
/// # Errors
/// If another tracer is on, another tool holds what the tracer needs, or the interpreter is not supported.
/// Nothing is traced then.
pub(crate) fn start(py: Python<'_>, observer: Arc<Mutex<dyn Observer>>) -> Result<(), StartError> {
    if cfg!(Py_GIL_DISABLED) {
        return Err(StartError::Unsupported { reason: "it runs without the GIL" });
    }
    if run::with(py, |_| ()).is_some() {
        return Err(StartError::AlreadyRunning);
    }
    Fault::clear();
    let marks = Marks::new(py, MARKS_USED.load(Ordering::Relaxed))?;
    receivers::keep_names(py);
    let hook = Hook::install(py)?;
    if let Some(mut run) = RUN.borrow(py) {
        *run = Some(Run::new(marks, hook, observer));
    }
    if let Err(error) = Hook::enable(py).and_then(|()| found::install(py)) {
        stop(py);
        return Err(error.into());
    }
    Ok(())
}

/// Begins to trace a process that is a child of a session with `clock`: tells `observer` at once.
///
/// # Errors
/// As for [`start`].
pub(crate) fn start_child(
    py: Python<'_>,
    observer: Arc<Mutex<dyn Observer>>,
    clock: Clock,
) -> Result<(), StartError> {
    start(py, Arc::clone(&observer))?;
    become_child(py, observer, clock);
    Ok(())
}

/// This process was forked from one that was traced: tells another `observer`, and at once.
pub(crate) fn become_child(py: Python<'_>, observer: Arc<Mutex<dyn Observer>>, clock: Clock) {
    let mut retired = Retired::default();
    run::with(py, |run| run.live(py, observer, clock, &mut retired));
}

/// Hands over what ran, ends the run, and gives the interpreter back what it took. Safe to call twice.
///
/// Imports that are open stay so for the observer: it hears no more.
pub(crate) fn stop(py: Python<'_>) {
    switch(py);
    let Some(run) = RUN.borrow(py).and_then(|mut run| run.take()) else { return };
    MARKS_USED.store(run.marks.used(run.record.len()), Ordering::Relaxed);
    for done in [run.hook.uninstall(py), found::uninstall(py)] {
        if let Err(error) = done {
            Fault::Refused(error.to_string()).keep();
        }
    }
    // The rest of the run is dropped here, no longer borrowed.
}

/// Hands over what ran so far, to the spans that are open now, and begins a new epoch. Calls that are
/// followed because they leave something behind are followed no further.
///
/// Costs 0.2 µs and what the observer takes, plus 0.4 µs and more for each code object that ran so often
/// that its events were disabled.
pub(crate) fn switch(py: Python<'_>) {
    let mut retired = Retired::default();
    run::with(py, |run| {
        run.settle(py, &mut retired);
        run.end_memos(py, &mut retired);
        run.hand_over(py, &mut retired);
        run.hook.check(py);
    });
}

/// The line that the body of the innermost open import has reached, 0 if none is open.
pub(crate) fn import_line(py: Python<'_>) -> u32 {
    run::with(py, |run| run.frames.line(py)).unwrap_or(0)
}

/// The first thing since the start that made the record incomplete, if anything did.
///
/// Once there is one, a session must save no further traces.
pub(crate) fn fault() -> Option<Fault> {
    Fault::get()
}
