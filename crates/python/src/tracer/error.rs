//! Why the tracer could not start, and what made its record incomplete.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::PyErr;

/// Why [`start`](super::start) refused. Nothing is traced; the session should run everything.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// Another tracer of this process is on.
    #[error(
        "testmonx already traces this process (run the inner pytest in a subprocess: \
         `pytester.runpytest_subprocess`)"
    )]
    AlreadyRunning,
    /// Another tool uses one of the two tool ids.
    #[error(
        "`sys.monitoring` tool id {id} is taken by `{owner}` \
         (switch that tool off for this run, or have it use another id)"
    )]
    #[cfg_attr(not(Py_3_12), expect(dead_code, reason = "3.11 has no tool ids"))]
    ToolTaken {
        /// The tool id.
        id: u8,
        /// What `sys.monitoring.get_tool` says of it.
        owner: String,
    },
    /// The interpreter is one that the tracer cannot read.
    #[error(
        "the tracer does not support this interpreter: {reason} (use a CPython with the GIL, 3.11 to 3.13)"
    )]
    Unsupported {
        /// What was found.
        reason: &'static str,
    },
    /// The interpreter refused.
    #[error("the interpreter refused to be traced: `{0}` (please report this)")]
    Refused(#[from] PyErr),
}

/// What made the record incomplete: from then on, tests may have run code that was not seen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// The observer was locked when an event came.
    #[error("the observer was in use while Python code ran (please report this)")]
    ObserverBusy,
    /// The observer panicked; it is not called again.
    #[error("the observer panicked (please report this)")]
    ObserverPanicked,
    /// Another tool has taken the tracer's place.
    #[error("`{by}` replaced the tracer while it was on (switch that tool off for this run)")]
    Replaced {
        /// The other tool.
        by: String,
    },
    /// The interpreter refused a call that it should not refuse.
    #[error("the interpreter refused to be traced further: `{0}` (please report this)")]
    Refused(String),
}

static FAULT: Mutex<Option<Fault>> = Mutex::new(None);

impl Fault {
    /// Keeps the fault, unless there is an earlier one, which is the cause.
    pub(super) fn keep(self) {
        kept().get_or_insert(self);
    }

    /// The fault that was kept.
    pub(super) fn get() -> Option<Self> {
        kept().clone()
    }

    /// Forgets the fault: a new run begins.
    pub(super) fn clear() {
        *kept() = None;
    }
}

fn kept() -> MutexGuard<'static, Option<Fault>> {
    FAULT.lock().unwrap_or_else(PoisonError::into_inner)
}
