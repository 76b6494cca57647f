//! Which files of installed distributions are opened: modules that are imported, in whatever way, and
//! metadata. The project code that this happens in uses the distribution.
//!
//! The audit event `import` would not do: `importlib.import_module` does not raise it. Opening the
//! module's file raises `open` in every case.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use testmonx_engine::observer::{CodeId, Observer};
use testmonx_engine::{Recorder, Witness};

use crate::tracer;

static RECORDER: RwLock<Option<Arc<Mutex<Recorder>>>> = RwLock::new(None);

/// Starts telling `recorder` of files.
pub(crate) fn start(recorder: Arc<Mutex<Recorder>>) {
    *slot() = Some(recorder);
}

/// Stops telling.
pub(crate) fn stop() {
    *slot() = None;
}

/// Stops telling in a forked child, where the recorder is what the parent still uses: dropping it could
/// end threads and files that the child does not have.
pub(crate) fn forget() {
    std::mem::forget(slot().take());
}

fn slot() -> RwLockWriteGuard<'static, Option<Arc<Mutex<Recorder>>>> {
    RECORDER.write().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the arguments of the audit event `open`.
pub(crate) fn opened(args: &Bound<'_, PyTuple>) -> PyResult<()> {
    let Ok(path) = args.get_item(0)?.extract::<PathBuf>() else { return Ok(()) };
    let recorder = RECORDER.read().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(recorder) = recorder else { return Ok(()) };
    let place = lock(&recorder).installed_at(&path);
    if let Some(place) = place {
        let reader = reader(args.py(), &recorder);
        let line = tracer::import_line(args.py());
        let mut recorder = lock(&recorder);
        recorder.stands_at(line);
        recorder.installed_read(&place, reader);
    }
    Ok(())
}

/// The innermost project code on the stack.
fn reader(py: Python<'_>, recorder: &Mutex<Recorder>) -> Option<CodeId> {
    // SAFETY: the interpreter's lock is held; the frame is borrowed and may be null.
    let frame = unsafe { ffi::PyEval_GetFrame() }.cast::<ffi::PyObject>();
    // SAFETY: a borrowed frame or null, which `Bound` takes a reference to.
    let mut frame = unsafe { Bound::from_borrowed_ptr_or_opt(py, frame) };
    while let Some(at) = frame {
        let code = at.getattr("f_code").ok()?;
        let filename: String = code.getattr("co_filename").ok()?.extract().ok()?;
        if !filename.starts_with('<') {
            let qualname: String = code.getattr("co_qualname").ok()?.extract().ok()?;
            let first_line: u32 = code.getattr("co_firstlineno").ok()?.extract().unwrap_or(0);
            let mut recorder = lock(recorder);
            if let Some(source) = recorder.source(&filename) {
                return Some(recorder.code(source, &qualname, first_line));
            }
        }
        frame = at.getattr("f_back").ok().filter(|back| !back.is_none());
    }
    None
}

fn lock(recorder: &Mutex<Recorder>) -> MutexGuard<'_, Recorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}
