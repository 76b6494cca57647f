//! What code asks and does of the world outside of Python: files that are opened, directories that
//! are listed, questions whether something is there, files that are made.
//!
//! ```text
//! PEP 578 audit events ──▶ events ─┐
//!                                  ├──▶ Sight ──▶ Witness (the recorder, or a child's journal)
//! os.stat and its like ──▶ questions ┘  callers: on whose behalf?
//! os.environ ──▶ environ ──▶ Witness
//! ```
//!
//! An audit hook cannot be taken out again (PEP 578), so there is one for the life of the process,
//! and it does nothing unless a recording is on. For questions and for look-ups of environment variables there is
//! no event: see [`questions`] and [`environ`].

mod callers;
mod commands;
mod environ;
mod events;
mod keepers;
mod paths;
mod questions;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use testmonx_engine::{Access, Sight, Witness};

use crate::tracer;

// SAFETY: as in CPython's `cpython/sysmodule.h`; pyo3-ffi has no declaration of it.
unsafe extern "C" {
    fn PySys_AddAuditHook(
        hook: extern "C" fn(*const c_char, *mut ffi::PyObject, *mut c_void) -> c_int,
        user_data: *mut c_void,
    ) -> c_int;
}

static IS_INSTALLED: AtomicBool = AtomicBool::new(false);
static IS_ON: AtomicBool = AtomicBool::new(false);
static WITNESS: RwLock<Option<Arc<Mutex<dyn Witness>>>> = RwLock::new(None);

/// Starts telling `witness`, other than what the `libraries` ask for their own purposes.
pub(crate) fn start(
    py: Python<'_>,
    witness: Arc<Mutex<dyn Witness>>,
    libraries: &[PathBuf],
) -> PyResult<()> {
    replace_witness(witness);
    if !IS_INSTALLED.swap(true, Ordering::AcqRel) {
        // SAFETY: the interpreter runs and its lock is held; `hook` lives as long as the process
        // and takes no user data.
        let status = unsafe { PySys_AddAuditHook(hook, std::ptr::null_mut()) };
        if status != 0 {
            return Err(PyRuntimeError::new_err("another audit hook refuses new ones"));
        }
    }
    callers::prepare(py, libraries)?;
    questions::install(py).and_then(|()| environ::install(py)).inspect_err(|_| {
        environ::uninstall(py);
        questions::uninstall(py);
    })?;
    IS_ON.store(true, Ordering::Release);
    Ok(())
}

/// Tells `witness` from now on, in place of the one before.
pub(crate) fn replace_witness(witness: Arc<Mutex<dyn Witness>>) {
    let mut slot = WITNESS.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = slot.replace(witness) {
        // In a forked child the one before may be what the parent still uses: dropping it could end
        // threads and files that the child does not have.
        std::mem::forget(before);
    }
}

/// Stops telling.
pub(crate) fn stop(py: Python<'_>) {
    IS_ON.store(false, Ordering::Release);
    environ::uninstall(py);
    questions::uninstall(py);
    *WITNESS.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Whether a recording is on.
fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

extern "C" fn hook(name: *const c_char, args: *mut ffi::PyObject, _data: *mut c_void) -> c_int {
    if !is_on() || name.is_null() || args.is_null() {
        return 0;
    }
    // SAFETY: CPython passes a NUL-terminated name that outlives the call.
    let Some(event) = events::classify(unsafe { CStr::from_ptr(name) }) else {
        return 0;
    };
    // SAFETY: audit events are raised with the interpreter's lock held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: `args` is a borrowed tuple that outlives the call.
    let args = unsafe { Bound::from_borrowed_ptr(py, args) };
    if let Ok(args) = args.cast::<PyTuple>() {
        // An event that cannot be understood must not fail the operation that raised it, nor may a
        // panic cross the interpreter's frames.
        let _ = catch_unwind(AssertUnwindSafe(|| events::handle(event, args)));
    }
    0
}

/// Tells the witness, if there is one.
fn tell(sight: Sight) {
    // SAFETY: only the hooks tell, which the interpreter calls with its lock held.
    let py = unsafe { Python::assume_attached() };
    let line = tracer::import_line(py);
    let is_read = matches!(sight, Sight::Opened { access: Access::Read | Access::Update, .. });
    let keepers = if is_read && is_wanted(&sight) { keepers::on_stack(py) } else { Vec::new() };
    with_witness(|witness| {
        witness.stands_at(line);
        witness.kept_by(keepers);
        witness.saw(sight);
    });
}

/// Whether the witness wants to hear of this.
fn is_wanted(sight: &Sight) -> bool {
    with_witness(|witness| witness.wants(sight)).unwrap_or(false)
}

fn with_witness<T>(action: impl FnOnce(&mut dyn Witness) -> T) -> Option<T> {
    let witness = WITNESS.read().unwrap_or_else(PoisonError::into_inner).clone()?;
    let mut witness = witness.lock().unwrap_or_else(PoisonError::into_inner);
    Some(action(&mut *witness))
}
